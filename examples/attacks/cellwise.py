#!/usr/bin/env python3
"""An attack of one's own for `veilbook audit --attack examples/attacks/cellwise.py`.

Ridge regression from the channels of each cell and its eight neighbours to its 4 x 4 RGB means. It sees three cells
where the audit's linear attack sees the whole field, so it finds less: what it shows is the protocol (docs/audit.md).
Needs numpy.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
RIDGE = 1e-2


def read(path: Path) -> dict[str, Floats]:
    """The float32 tensors of a safetensors file."""
    raw = path.read_bytes()
    end = 8 + int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8:end])
    header.pop("__metadata__", None)
    return {
        name: np.frombuffer(
            raw, "<f4", count=int(np.prod(entry["shape"])), offset=end + entry["data_offsets"][0]
        ).reshape(entry["shape"])
        for name, entry in header.items()
        if entry["dtype"] == "F32"
    }


def write(path: Path, name: str, values: Floats) -> None:
    """One tensor as a safetensors file."""
    body = np.ascontiguousarray(values, "<f4").tobytes()
    header = json.dumps({name: {"dtype": "F32", "shape": list(values.shape), "data_offsets": [0, len(body)]}}).encode()
    header += b" " * (-len(header) % 8)
    path.write_bytes(len(header).to_bytes(8, "little") + header + body)


def features(z: Floats) -> Floats:
    """Rows of cells [N*H*W, 9C+1]: the channels of a cell and of its neighbours on the torus, and 1."""
    shifted = [np.roll(z, (down, right), (2, 3)) for down in (-1, 0, 1) for right in (-1, 0, 1)]
    rows = np.concatenate(shifted, axis=1).transpose(0, 2, 3, 1).reshape(-1, 9 * z.shape[1])
    return np.concatenate([rows, np.ones((len(rows), 1), np.float32)], axis=1)


def main(folder: Path) -> None:
    """Learn from train.safetensors, estimate what test.safetensors was made of."""
    train, test = read(folder / "train.safetensors"), read(folder / "test.safetensors")["z"]
    width = 9 * test.shape[1] + 1
    gram, cross = np.zeros((width, width)), np.zeros((width, train["target"].shape[1]))
    for z, target in zip(train["z"], train["target"], strict=True):
        rows = features(z[None])
        gram += rows.T @ rows
        cross += rows.T @ target.reshape(len(target), -1).T
    gram[np.diag_indices(width)] += RIDGE * np.trace(gram) / width
    weights = np.linalg.solve(gram, cross).astype(np.float32)
    height, breadth = test.shape[2:]
    estimates = [(features(z[None]) @ weights).T.reshape(-1, height, breadth) for z in test]
    write(folder / "estimate.safetensors", "estimate", np.clip(np.stack(estimates), 0, 1).astype(np.float32))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
