/**
 * `model.py` beside a `model.onnx`, for a Triton whose only backend is the python one. Ports, batch and device are those
 * of config.pbtxt. What ONNX Runtime says of a failure goes to the server's log, not to the client: it may hold data.
 */
export const PYTHON_MODEL = `"""Run model.onnx of this version with ONNX Runtime, for Triton's python backend."""

import json
import os

import numpy as np
import onnxruntime
import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    def initialize(self, args):
        config = json.loads(args["model_config"])
        self.input = config["input"][0]["name"]
        self.outputs = [port["name"] for port in config["output"]]
        self.is_batched = config["max_batch_size"] > 0
        path = os.path.join(args["model_repository"], args["model_version"], "model.onnx")
        options = onnxruntime.SessionOptions()
        # Threads that wait must not burn the core that another instance needs.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self.session = onnxruntime.InferenceSession(path, options, providers=providers(args))

    def execute(self, requests):
        tensors = [pb_utils.get_input_tensor_by_name(request, self.input).as_numpy() for request in requests]
        try:
            answers = self.run(tensors)
        except Exception as error:
            pb_utils.Logger.log_error(str(error))
            return [pb_utils.InferenceResponse(error=pb_utils.TritonError("the model failed to run")) for _ in requests]
        return [respond(request, answer) for request, answer in zip(requests, answers)]

    def run(self, tensors):
        """Answers of all requests, in one run where there is a batch axis."""
        if not self.is_batched:
            return [self.answer(tensor) for tensor in tensors]
        ends = np.cumsum([len(tensor) for tensor in tensors])[:-1]
        whole = self.answer(tensors[0] if len(tensors) == 1 else np.concatenate(tensors))
        parts = {name: np.split(values, ends) for name, values in whole.items()}
        return [{name: split[i] for name, split in parts.items()} for i in range(len(tensors))]

    def answer(self, tensor):
        return dict(zip(self.outputs, self.session.run(self.outputs, {self.input: tensor})))


def providers(args):
    cpu = ["CPUExecutionProvider"]
    if args["model_instance_kind"] != "GPU":
        return cpu
    if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        pb_utils.Logger.log_warn("this onnxruntime has no CUDA: " + args["model_name"] + " runs on the CPU")
        return cpu
    return [("CUDAExecutionProvider", {"device_id": args["model_instance_device_id"]})] + cpu


def respond(request, answer):
    wanted = request.requested_output_names()
    return pb_utils.InferenceResponse([pb_utils.Tensor(name, values) for name, values in answer.items() if name in wanted])
`;
