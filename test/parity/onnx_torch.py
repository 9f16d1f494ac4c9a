"""Run an ONNX graph of a detector with PyTorch, one eager operation per node.

Reads the file with a small protobuf walk, because neither onnx nor onnxruntime is meant to take part: this is the other
side of a comparison. An operator that is not listed is refused by name.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

DTYPES = {1: np.dtype("<f4"), 6: np.dtype("<i4"), 7: np.dtype("<i8")}


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return (value - (1 << 64) if value >> 63 else value), at


def _fields(data: bytes) -> Iterator[tuple[int, Any]]:
    """Number and value of each field of a message: an int, or bytes."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        kind = key & 7
        if kind == 0:
            value: Any
            value, at = _varint(data, at)
        else:
            length = {1: 8, 5: 4}.get(kind)
            if length is None:
                length, at = _varint(data, at)
            value, at = data[at : at + length], at + length
        yield key >> 3, value


def _tensor(data: bytes) -> tuple[str, torch.Tensor]:
    name, raw, dtype = "", b"", 0
    shape: list[int] = []
    for number, value in _fields(data):
        if number == 1:
            shape += [value] if isinstance(value, int) else [v for _, v in _packed(value)]
        elif number == 2:
            dtype = value
        elif number == 8:
            name = value.decode()
        elif number == 9:
            raw = value
    return name, torch.from_numpy(np.frombuffer(raw, DTYPES[dtype]).reshape(shape).copy())


def _packed(data: bytes) -> Iterator[tuple[None, int]]:
    at = 0
    while at < len(data):
        value, at = _varint(data, at)
        yield None, value


def _attribute(data: bytes) -> tuple[str, Any]:
    name, value = "", None
    numbers: list[int] = []
    for number, item in _fields(data):
        if number == 1:
            name = item.decode()
        elif number == 2:
            value = struct.unpack("<f", item)[0]
        elif number == 3:
            value = item
        elif number == 4:
            value = item.decode()
        elif number == 5:
            value = _tensor(item)[1]
        elif number == 8:
            numbers += [item] if isinstance(item, int) else [v for _, v in _packed(item)]
    return name, numbers if value is None else value


@dataclass
class Node:
    op: str = ""
    inputs: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    attributes: dict[str, Any] = field(default_factory=dict)


def _node(data: bytes) -> Node:
    node = Node()
    for number, value in _fields(data):
        if number == 1:
            node.inputs.append(value.decode())
        elif number == 2:
            node.outputs.append(value.decode())
        elif number == 4:
            node.op = value.decode()
        elif number == 5:
            name, item = _attribute(value)
            node.attributes[name] = item
    return node


def _symmetric(pads: list[int]) -> list[int]:
    """ONNX pads [top, left, bottom, right] as torch takes them; torch pads both sides alike."""
    if pads[:2] != pads[2:]:
        raise NotImplementedError(f"pads {pads}")
    return pads[:2]


def _conv(a: dict[str, Any], x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None = None) -> torch.Tensor:
    pads = _symmetric(a.get("pads", [0] * 4))
    return F.conv2d(x, weight, bias, a.get("strides", [1, 1]), pads, a.get("dilations", [1, 1]), a.get("group", 1))


def _max_pool(a: dict[str, Any], x: torch.Tensor) -> torch.Tensor:
    pads = _symmetric(a.get("pads", [0] * 4))
    return F.max_pool2d(x, a["kernel_shape"], a.get("strides"), pads, ceil_mode=bool(a.get("ceil_mode", 0)))


def _average_pool(a: dict[str, Any], x: torch.Tensor) -> torch.Tensor:
    count = bool(a.get("count_include_pad", 0))
    pads = _symmetric(a.get("pads", [0] * 4))
    return F.avg_pool2d(x, a["kernel_shape"], a.get("strides"), pads, bool(a.get("ceil_mode", 0)), count)


def _reshape(a: dict[str, Any], x: torch.Tensor, shape: torch.Tensor) -> torch.Tensor:
    return x.reshape([x.shape[i] if n == 0 else n for i, n in enumerate(shape.tolist())])


def _pad(a: dict[str, Any], x: torch.Tensor, pads: torch.Tensor, value: torch.Tensor | None = None) -> torch.Tensor:
    amounts = pads.tolist()
    pairs = [amounts[axis + side * x.ndim] for axis in reversed(range(x.ndim)) for side in (0, 1)]
    return F.pad(x, pairs, a.get("mode", "constant"), 0.0 if value is None else float(value))


def _unsqueeze(a: dict[str, Any], x: torch.Tensor, axes: torch.Tensor | None = None) -> torch.Tensor:
    for axis in a["axes"] if axes is None else axes.tolist():
        x = x.unsqueeze(axis)
    return x


def _gather(a: dict[str, Any], x: torch.Tensor, indices: torch.Tensor) -> torch.Tensor:
    axis = a.get("axis", 0)
    picked = x.index_select(axis, indices.reshape(-1))
    return picked.reshape(x.shape[:axis] + indices.shape + x.shape[axis + 1 :])


def _batch_norm(a: dict[str, Any], x: torch.Tensor, *p: torch.Tensor) -> torch.Tensor:
    scale, bias, mean, variance = p
    return F.batch_norm(x, mean, variance, scale, bias, eps=a.get("epsilon", 1e-5))


OPERATORS: dict[str, Callable[..., torch.Tensor]] = {
    "AveragePool": _average_pool,
    "BatchNormalization": _batch_norm,
    "Concat": lambda a, *xs: torch.cat(xs, a["axis"]),
    "Constant": lambda a: a["value"],
    "Conv": _conv,
    "Gather": _gather,
    "MaxPool": _max_pool,
    "Neg": lambda a, x: -x,
    "Pad": _pad,
    "Relu": lambda a, x: F.relu(x),
    "Reshape": _reshape,
    "Shape": lambda a, x: torch.tensor(x.shape),
    "Softmax": lambda a, x: F.softmax(x, a.get("axis", -1)),
    "Transpose": lambda a, x: x.permute(a["perm"]).contiguous(),
    "Unsqueeze": _unsqueeze,
}


class TorchGraph:
    """A graph of one input; calling it gives its outputs in the graph's order."""

    def __init__(self, path: Path) -> None:
        self.nodes: list[Node] = []
        self.weights: dict[str, torch.Tensor] = {}
        self.outputs: list[str] = []
        names: list[str] = []
        graph = next(value for number, value in _fields(path.read_bytes()) if number == 7)
        for number, value in _fields(graph):
            if number == 1:
                self.nodes.append(_node(value))
            elif number == 5:
                name, tensor = _tensor(value)
                self.weights[name] = tensor
            elif number == 11:
                names.append(next(v for n, v in _fields(value) if n == 1).decode())
            elif number == 12:
                self.outputs.append(next(v for n, v in _fields(value) if n == 1).decode())
        (self.input,) = (name for name in names if name not in self.weights)
        unknown = {node.op for node in self.nodes} - OPERATORS.keys()
        if unknown:
            raise NotImplementedError(f"{path}: operators {', '.join(sorted(unknown))}")

    @torch.no_grad()
    def __call__(self, x: torch.Tensor) -> list[torch.Tensor]:
        values = {**self.weights, "": None, self.input: x}
        for node in self.nodes:
            values[node.outputs[0]] = OPERATORS[node.op](node.attributes, *(values[name] for name in node.inputs))
        return [values[name] for name in self.outputs]
