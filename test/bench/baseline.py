"""The baseline of `veilbook bench pipeline`: the same frame and weights by cv2, torch in eager mode and numpy.

    baseline.py MODEL_DIR ALPHA

Reads the frame, a JPEG in base64, from the first line and prints one JSON line when ready; then one for each line
`{"threads": N}` it reads: milliseconds of each stage.
Batch normalisation stands after its convolution, as in the published PyTorch code; the ONNX files have it folded in.
"""

from __future__ import annotations

import base64
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "parity"))

import cv2
import numpy as np
import reference
import torch
from onnx_torch import Node, TorchGraph

EPSILON = 1e-5


def unfold_batch_norm(graph: TorchGraph) -> None:
    """Take the bias of each convolution that an activation follows back into a batch norm of the same effect."""
    bare = {name for node in graph.nodes if node.op == "Transpose" for name in node.inputs}
    nodes = []
    for node in graph.nodes:
        nodes.append(node)
        if node.op != "Conv" or node.outputs[0] in bare or len(node.inputs) < 3:
            continue
        bias = graph.weights[node.inputs.pop()]
        output = node.outputs[0]
        node.outputs = [f"{output}/raw"]
        parameters = {
            "scale": torch.ones_like(bias),
            "bias": bias,
            "mean": torch.zeros_like(bias),
            "variance": torch.full_like(bias, 1 - EPSILON),
        }
        names = [f"{output}/{name}" for name in parameters]
        graph.weights.update(zip(names, parameters.values(), strict=True))
        nodes.append(Node("BatchNormalization", [*node.outputs, *names], [output], {"epsilon": EPSILON}))
    graph.nodes = nodes


class Baseline:
    def __init__(self, folder: Path, jpeg: bytes, alpha: float) -> None:
        self.detector = reference.Detector(folder)
        unfold_batch_norm(self.detector.head)
        unfold_batch_norm(self.detector.tail)
        self.coded = jpeg
        self.alpha = alpha
        self.threshold = json.loads((folder / "model.json").read_text())["postprocess"]["noisy_threshold"]
        self.frame = reference.decode_image(self.coded)
        activation = self.detector.head(reference.preprocess(self.frame))[0]
        self.deviation = activation.std(dim=(0, 2, 3))

    def noise(self, activation: torch.Tensor) -> torch.Tensor:
        return reference.noise(activation, self.alpha, self.deviation)

    def boxes(self, loc: torch.Tensor, conf: torch.Tensor) -> Any:
        return reference.postprocess(loc, conf, self.detector.anchors, self.frame.shape[1], self.frame.shape[0])

    def array_to_boxes(self) -> Any:
        (activation,) = self.detector.head(reference.preprocess(self.frame))
        return self.boxes(*self.detector.tail(self.noise(activation)))

    def round(self) -> dict[str, float]:
        spent: dict[str, float] = {}

        def timed(stage: str, work: Callable[[], Any]) -> Any:
            started = time.perf_counter()
            result = work()
            spent[stage] = (time.perf_counter() - started) * 1e3
            return result

        frame = timed("jpeg_decode", lambda: reference.decode_image(self.coded))
        tensor = timed("preprocess", lambda: reference.preprocess(frame))
        (activation,) = timed("head", lambda: self.detector.head(tensor))
        obfuscated = timed("noise", lambda: self.noise(activation))
        loc, conf = timed("tail", lambda: self.detector.tail(obfuscated))
        found = timed("boxes_nms", lambda: self.boxes(loc, conf))
        timed("draw_encode", lambda: reference.annotate(frame, found, self.threshold))
        timed("array_to_boxes", self.array_to_boxes)
        return spent


def use_threads(count: int) -> None:
    torch.set_num_threads(count)
    cv2.setNumThreads(count)


def main() -> None:
    use_threads(1)
    baseline = Baseline(Path(sys.argv[1]), base64.b64decode(sys.stdin.readline()), float(sys.argv[2]))
    faces = int((baseline.array_to_boxes()[:, 4] >= baseline.threshold).sum())
    versions = {"cv2": cv2.__version__, "torch": torch.__version__, "numpy": np.__version__}
    print(json.dumps({"versions": versions, "faces": faces}), flush=True)
    for line in sys.stdin:
        use_threads(json.loads(line)["threads"])
        print(json.dumps(baseline.round()), flush=True)


if __name__ == "__main__":
    main()
