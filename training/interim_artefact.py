"""Make the interim obfuscation artefact of a model folder: white noise per channel, uncalibrated.

    .venv/bin/python training/interim_artefact.py --model models/faceboxes --images FOLDER [--count 256] [--source TEXT]

Reads every n-th JPEG of FOLDER in sorted order, so that a repeat gives the same statistics, runs the head on each, and
writes `obfuscation.json` and `obfuscation.bin` (float32, little-endian) beside the graphs:

- channel_mean, channel_deviation [C]: of the activation over images and cells; the noise's standard deviation is
  ALPHA times the deviation. A nearly dead channel gets FLOOR times the median deviation, so that none is left bare.
- activation_covariance [C,C], pixel_covariance [C,48], pixel_mean [48]: second-order statistics of a cell and of the
  4 x 4 RGB means (rows, columns, channel; 0..255) of its pixels in the resized frame, for the interim attacker.

It then enters the artefact in `model.json`.
"""

from __future__ import annotations

import argparse
import datetime
import hashlib
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from PIL import Image

ALPHA_MIN, ALPHA_MAX = 0.05, 0.95
FLOOR = 0.05
CLAMP_DEVIATIONS = 16.0
BLOCKS = 4
Array = NDArray[np.float64]


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def resize(pixels: NDArray[np.uint8], width: int, height: int) -> Array:
    """Bilinear, half-pixel centres, no antialiasing: [h, w, 3] uint8 -> [height, width, 3] grey levels 0..255."""

    def taps(size: int, count: int) -> tuple[NDArray[np.intp], NDArray[np.intp], Array]:
        position = np.clip((np.arange(count) + 0.5) * size / count - 0.5, 0, size - 1)
        first = np.floor(position).astype(np.intp)
        return first, np.minimum(first + 1, size - 1), position - first

    top, bottom, down = taps(pixels.shape[0], height)
    left, right, across = taps(pixels.shape[1], width)
    rows = pixels[top] * (1 - down)[:, None, None] + pixels[bottom] * down[:, None, None]
    mixed: Array = rows[:, left] * (1 - across)[None, :, None] + rows[:, right] * across[None, :, None]
    return np.rint(mixed)


def cells(
    paths: list[Path], manifest: dict[str, Any], session: onnxruntime.InferenceSession
) -> Iterator[tuple[Array, Array]]:
    """For each image the activation [H*W, C] and the pixels [H*W, 48] of its cells."""
    size = manifest["input"]
    order = [0, 1, 2] if size["channel_order"] == "rgb" else [2, 1, 0]
    for path in paths:
        with Image.open(path) as image:
            rgb = resize(np.asarray(image.convert("RGB")), size["width"], size["height"])
        tensor = (rgb[:, :, order] - np.array(size["mean"])).transpose(2, 0, 1)[None].astype(np.float32)
        activation = session.run(None, {session.get_inputs()[0].name: tensor})[0][0].astype(np.float64)
        channels, high, wide = activation.shape
        means = rgb.reshape(
            high, BLOCKS, size["height"] // high // BLOCKS, wide, BLOCKS, size["width"] // wide // BLOCKS, 3
        )
        means = means.mean(axis=(2, 5)).transpose(0, 2, 1, 3, 4)
        yield activation.reshape(channels, -1).T, means.reshape(high * wide, BLOCKS * BLOCKS * 3)


def statistics(samples: Iterator[tuple[Array, Array]]) -> dict[str, Array]:
    """First and second moments in float64 of activation and pixels together."""
    count = 0
    first = second = np.zeros(1)
    channels = 0
    for activation, pixels in samples:
        both = np.concatenate([activation, pixels], axis=1)
        channels = activation.shape[1]
        count += len(both)
        first = first + both.sum(axis=0)
        second = second + both.T @ both
    mean = first / count
    covariance = second / count - np.outer(mean, mean)
    deviation = np.sqrt(np.maximum(np.diag(covariance)[:channels], 0))
    return {
        "channel_mean": mean[:channels],
        "channel_deviation": np.maximum(deviation, FLOOR * np.median(deviation)),
        "activation_covariance": covariance[:channels, :channels],
        "pixel_covariance": covariance[:channels, channels:],
        "pixel_mean": mean[channels:],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--count", type=int, default=256)
    parser.add_argument("--source", default="photographs", help="what the images are, for the artefact's provenance")
    args = parser.parse_args()

    manifest = json.loads((args.model / "model.json").read_text())
    everything = sorted(args.images.rglob("*.jpg"))
    paths = everything[:: max(1, len(everything) // args.count)][: args.count]
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(args.model / manifest["head"]["file"], options, ["CPUExecutionProvider"])
    arrays = {name: a.astype("<f4") for name, a in statistics(cells(paths, manifest, session)).items()}

    data = b""
    slices = {}
    for name, array in arrays.items():
        slices[name] = {"offset": len(data), "shape": list(array.shape)}
        data += array.tobytes()
    (args.model / "obfuscation.bin").write_bytes(data)
    artefact = {
        "schema": 1,
        "kind": "channel-deviation",
        "calibrated": False,
        "head_sha256": digest(args.model / manifest["head"]["file"]),
        "tail_sha256": digest(args.model / manifest["tail"]["file"]),
        "activation_shape": manifest["head"]["activation"]["shape"],
        "alpha_min": ALPHA_MIN,
        "alpha_max": ALPHA_MAX,
        "grid_exponent": math.floor(math.log2(ALPHA_MIN * float(arrays["channel_deviation"].min()) / 64)),
        "clamp_deviations": CLAMP_DEVIATIONS,
        "data": {"file": "obfuscation.bin", "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)},
        "arrays": slices,
        "provenance": {
            "created": datetime.date.today().isoformat(),
            "images": len(paths),
            "image_source": args.source,
            "tool": "training/interim_artefact.py",
        },
    }
    (args.model / "obfuscation.json").write_text(json.dumps(artefact, indent=2) + "\n")
    manifest["obfuscation"] = {"file": "obfuscation.json", "sha256": digest(args.model / "obfuscation.json")}
    (args.model / "model.json").write_text(json.dumps(manifest, indent=2) + "\n")
    deviation = arrays["channel_deviation"]
    print(f"{len(paths)} images; channel deviation {deviation.min():.4f} … {deviation.max():.4f}")
    print(f"grid 2^{artefact['grid_exponent']}; {len(data)} bytes")


if __name__ == "__main__":
    main()
