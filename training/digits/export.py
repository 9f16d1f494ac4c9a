"""Write head.onnx, tail.onnx and model.json of the digits classifier, and the held-out digits as one small picture."""

import hashlib
import json
import os

import cv2
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

COLUMNS = 20


def write_folder(out, head, tail, digits, labels):
    weights = {
        f"{name}.{key}": value.detach().numpy()
        for name, part in (("head", head), ("tail", tail))
        for key, value in part.state_dict().items()
    }
    weights["head.conv1.weight"] = weights["head.conv1.weight"] / 64
    graphs = {
        "head.onnx": graph(
            "head",
            weights,
            ("image", [3, 64, 64]),
            ("activation", [16, 16, 16]),
            [
                conv("head.conv1", "image", "c1", 5),
                helper.make_node("Relu", ["c1"], ["r1"]),
                conv("head.conv2", "r1", "c2", 3),
                helper.make_node("Relu", ["c2"], ["activation"]),
            ],
        ),
        "tail.onnx": graph(
            "tail",
            weights,
            ("activation", [16, 16, 16]),
            ("scores", [10]),
            [
                conv("tail.conv1", "activation", "c3", 3),
                helper.make_node("Relu", ["c3"], ["r3"]),
                conv("tail.conv2", "r3", "c4", 3),
                helper.make_node("Relu", ["c4"], ["r4"]),
                helper.make_node("AveragePool", ["r4"], ["pooled"], kernel_shape=[2, 2], strides=[2, 2]),
                helper.make_node("Flatten", ["pooled"], ["features"], axis=1),
                helper.make_node(
                    "Gemm", ["features", "tail.classes.weight", "tail.classes.bias"], ["logits"], transB=1
                ),
                helper.make_node("Softmax", ["logits"], ["scores"], axis=-1),
            ],
        ),
    }
    for file, model in graphs.items():
        onnx.save(model, os.path.join(out, file))
    with open(os.path.join(out, "model.json"), "w") as file:
        file.write(json.dumps(describe(out), indent=2) + "\n")
    write_sheet(out, digits, labels)


def conv(name, source, target, side):
    return helper.make_node(
        "Conv",
        [source, f"{name}.weight", f"{name}.bias"],
        [target],
        kernel_shape=[side, side],
        strides=[2, 2],
        pads=[side // 2] * 4,
    )


def graph(name, weights, source, target, nodes):
    read = {entry for node in nodes for entry in node.input}
    initialisers = [
        numpy_helper.from_array(np.ascontiguousarray(value, np.float32), key)
        for key, value in weights.items()
        if key in read
    ]
    whole = helper.make_graph(nodes, f"digits {name}", [value_info(*source)], [value_info(*target)], initialisers)
    opset = helper.make_opsetid("", 17)
    model = helper.make_model(whole, producer_name="veilbook", opset_imports=[opset], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return model


def value_info(name, shape):
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", *shape])


def describe(out):
    def port(name, *shape):
        return {"name": name, "shape": list(shape), "dtype": "float32"}

    def part(file):
        with open(os.path.join(out, file), "rb") as opened:
            return {"file": file, "sha256": hashlib.sha256(opened.read()).hexdigest()}

    activation = port("activation", 16, 16, 16)
    return {
        "schema": 1,
        "name": "digits",
        "task": "image-classification",
        "description": "Handwritten digits, a classifier for tests",
        "input": {"width": 64, "height": 64, "channel_order": "rgb", "mean": [128, 128, 128], "resize": "bilinear"},
        "head": {**part("head.onnx"), "input": port("image", 3, 64, 64), "activation": activation},
        "tail": {**part("tail.onnx"), "activation": activation, "scores": port("scores", 10)},
        "labels": ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"],
    }


def write_sheet(out, digits, labels):
    """Digits side by side, 8 x 8 each, grey in steps of 15 from 0 to 240, and what they are."""
    rows = len(digits) // COLUMNS
    sheet = digits[: rows * COLUMNS].reshape(rows, COLUMNS, 8, 8).transpose(0, 2, 1, 3).reshape(rows * 8, COLUMNS * 8)
    grey = np.round(sheet * 240).astype(np.uint8)
    cv2.imwrite(os.path.join(out, "digits.png"), grey, [cv2.IMWRITE_PNG_COMPRESSION, 9])
    about = {"columns": COLUMNS, "side": 8, "white": 240, "labels": "".join(map(str, labels))}
    with open(os.path.join(out, "digits.json"), "w") as file:
        file.write(json.dumps(about, indent=2) + "\n")
