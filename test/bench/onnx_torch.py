"""Run an ONNX graph by PyTorch in eager mode, with nothing but torch: the baseline needs no onnx package.

Only what split detectors of this project use is known; anything else is an error, never a guess.
Field numbers: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

_DTYPES = {1: np.float32, 6: np.int32, 7: np.int64}


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def _signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value


def _fields(data: bytes) -> Iterator[tuple[int, Any]]:
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        number, wire = key >> 3, key & 7
        if wire == 0:
            value, at = _varint(data, at)
            yield number, _signed(value)
        elif wire == 2:
            size, at = _varint(data, at)
            yield number, data[at : at + size]
            at += size
        elif wire == 5:
            yield number, struct.unpack_from("<f", data, at)[0]
            at += 4
        else:
            raise ValueError(f"wire type {wire} is not used by ONNX files of this kind")


def _integers(value: Any) -> list[int]:
    """A repeated int64: packed bytes, or a single value."""
    if isinstance(value, int):
        return [value]
    values, at = [], 0
    while at < len(value):
        number, at = _varint(value, at)
        values.append(_signed(number))
    return values


def _tensor(data: bytes) -> tuple[str, torch.Tensor]:
    dims: list[int] = []
    dtype, name, raw, listed = 1, "", b"", []
    for number, value in _fields(data):
        if number == 1:
            dims += _integers(value)
        elif number == 2:
            dtype = value
        elif number == 4:
            listed += list(np.frombuffer(value, np.float32)) if isinstance(value, bytes) else [value]
        elif number == 7:
            listed += _integers(value)
        elif number == 8:
            name = value.decode()
        elif number == 9:
            raw = value
    array = np.frombuffer(raw, _DTYPES[dtype]) if raw else np.array(listed, _DTYPES[dtype])
    return name, torch.from_numpy(array.reshape(dims).copy())


def _attribute(data: bytes) -> tuple[str, Any]:
    name, single, integers = "", None, []
    for number, value in _fields(data):
        if number == 1:
            name = value.decode()
        elif number in (2, 3):
            single = value
        elif number == 4:
            single = value.decode()
        elif number == 5:
            single = _tensor(value)[1]
        elif number == 8:
            integers += _integers(value)
    return name, integers if integers else single


class Graph:
    """One ONNX graph; call it with its inputs in order, and get its outputs in order."""

    def __init__(self, path: Path) -> None:
        body = next(value for number, value in _fields(path.read_bytes()) if number == 7)
        self.values: dict[str, torch.Tensor] = {}
        self.nodes: list[tuple[str, list[str], list[str], dict[str, Any]]] = []
        self.inputs: list[str] = []
        self.outputs: list[str] = []
        for number, value in _fields(body):
            if number == 1:
                self.nodes.append(self._node(value))
            elif number == 5:
                name, tensor = _tensor(value)
                self.values[name] = tensor
            elif number in (11, 12):
                port = next(text.decode() for field, text in _fields(value) if field == 1)
                (self.inputs if number == 11 else self.outputs).append(port)
        self.inputs = [name for name in self.inputs if name not in self.values]

    @staticmethod
    def _node(data: bytes) -> tuple[str, list[str], list[str], dict[str, Any]]:
        kind, inputs, outputs, attributes = "", [], [], {}
        for number, value in _fields(data):
            if number == 1:
                inputs.append(value.decode())
            elif number == 2:
                outputs.append(value.decode())
            elif number == 4:
                kind = value.decode()
            elif number == 5:
                name, content = _attribute(value)
                attributes[name] = content
        return kind, inputs, outputs, attributes

    @torch.no_grad()
    def __call__(self, *arguments: torch.Tensor) -> list[torch.Tensor]:
        values = {**self.values, **dict(zip(self.inputs, arguments, strict=True))}
        for kind, inputs, outputs, attributes in self.nodes:
            operands = [values[name] for name in inputs if name]
            values[outputs[0]] = _run(kind, operands, attributes)
        return [values[name] for name in self.outputs]


def _run(kind: str, x: list[torch.Tensor], attributes: dict[str, Any]) -> torch.Tensor:
    if kind == "Conv":
        top, left, bottom, right = attributes.get("pads", [0, 0, 0, 0])
        assert (top, left) == (bottom, right), "the baseline knows symmetric padding only"
        return F.conv2d(
            x[0],
            x[1],
            x[2] if len(x) > 2 else None,
            stride=attributes.get("strides", [1, 1]),
            padding=[top, left],
            dilation=attributes.get("dilations", [1, 1]),
            groups=attributes.get("group", 1),
        )
    if kind in ("MaxPool", "AveragePool"):
        top, left, bottom, right = attributes.get("pads", [0, 0, 0, 0])
        assert (top, left) == (bottom, right), "the baseline knows symmetric padding only"
        strides = attributes.get("strides", [1, 1])
        if kind == "MaxPool":
            return F.max_pool2d(x[0], attributes["kernel_shape"], strides, [top, left])
        counted = bool(attributes.get("count_include_pad", 0))
        return F.avg_pool2d(x[0], attributes["kernel_shape"], strides, [top, left], count_include_pad=counted)
    if kind == "BatchNormalization":
        return F.batch_norm(x[0], x[3], x[4], x[1], x[2], eps=attributes.get("epsilon", 1e-5))
    if kind == "Concat":
        return torch.cat(x, dim=attributes["axis"])
    if kind == "Softmax":
        return torch.softmax(x[0], dim=attributes.get("axis", -1))
    if kind == "Transpose":
        return x[0].permute(attributes["perm"])
    if kind == "Reshape":
        return x[0].reshape([x[0].shape[i] if n == 0 else int(n) for i, n in enumerate(x[1])])
    if kind == "Flatten":
        return x[0].flatten(attributes.get("axis", 1))
    if kind == "Constant":
        value = attributes["value"]
        assert isinstance(value, torch.Tensor)
        return value
    simple = {"Relu": F.relu, "Neg": torch.neg, "Add": torch.add, "Mul": torch.mul, "Identity": lambda t: t}
    if kind not in simple:
        raise ValueError(f"the baseline does not know the operator {kind}")
    return simple[kind](*x)
