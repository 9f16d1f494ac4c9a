"""The detector as one would write it with OpenCV and PyTorch: the reference for parity and the baseline for speed.

/usr/bin/python3 test/parity/reference.py detect MODEL_DIR IMAGE...   detections of each image as JSON
/usr/bin/python3 test/parity/reference.py resize OUT IMAGE...         cv2.resize of each to 1024 x 1024, RGB bytes
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parent))
from onnx_torch import TorchGraph

SIDE = 1024
MEAN = np.array([104, 117, 123], np.float32)
VARIANCES = (0.1, 0.2)
SCORE_CUT, NMS_IOU, TOP_K, KEEP_TOP_K = 0.05, 0.3, 5000, 750
LEVELS = ((32, ((32, 4), (64, 2), (128, 1))), (64, ((256, 1),)), (128, ((512, 1),)))
Floats = NDArray[np.float32]


def decode_image(data: bytes) -> NDArray[np.uint8]:
    """JPEG bytes to BGR pixels [H,W,3]."""
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)


def preprocess(frame: NDArray[np.uint8]) -> torch.Tensor:
    """BGR pixels [H,W,3] to the network's input [1,3,1024,1024]."""
    image = cv2.resize(frame, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR).astype(np.float32)
    image -= MEAN
    return torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1))[None])


def priors() -> torch.Tensor:
    """Anchors [P,4]: centre x, y, width, height in units of the input."""
    anchors = []
    for step, kinds in LEVELS:
        for row in range(SIDE // step):
            for column in range(SIDE // step):
                for size, density in kinds:
                    places = [k / density for k in range(density)] if density > 1 else [0.5]
                    for dy in places:
                        for dx in places:
                            anchors.append(((column + dx) * step, (row + dy) * step, size, size))
    return torch.tensor(anchors, dtype=torch.float32) / SIDE


def noise(activation: torch.Tensor, alpha: float, deviation: torch.Tensor) -> torch.Tensor:
    """White noise per channel, torch's generator: for timing; torch.randn is no secure generator."""
    return activation + torch.randn(activation.shape) * (alpha * deviation)[None, :, None, None]


def nms(dets: Floats, limit: float) -> list[int]:
    """Greedy suppression of rows x1, y1, x2, y2, score, the usual numpy way."""
    x1, y1, x2, y2, scores = dets.T
    areas = (x2 - x1) * (y2 - y1)
    order = scores.argsort()[::-1]
    keep = []
    while order.size > 0:
        i = order[0]
        keep.append(int(i))
        width = np.maximum(0.0, np.minimum(x2[i], x2[order[1:]]) - np.maximum(x1[i], x1[order[1:]]))
        height = np.maximum(0.0, np.minimum(y2[i], y2[order[1:]]) - np.maximum(y1[i], y1[order[1:]]))
        shared = width * height
        overlap = shared / (areas[i] + areas[order[1:]] - shared)
        order = order[np.where(overlap <= limit)[0] + 1]
    return keep


def postprocess(loc: torch.Tensor, conf: torch.Tensor, anchors: torch.Tensor, width: int, height: int) -> Floats:
    """Outputs of the tail to rows x1, y1, x2, y2, score in pixels of the frame, best first; boxes are not clipped."""
    offsets = loc[0]
    boxes = torch.cat(
        (
            anchors[:, :2] + offsets[:, :2] * VARIANCES[0] * anchors[:, 2:],
            anchors[:, 2:] * torch.exp(offsets[:, 2:] * VARIANCES[1]),
        ),
        1,
    )
    boxes[:, :2] -= boxes[:, 2:] / 2
    boxes[:, 2:] += boxes[:, :2]
    corners = (boxes * torch.tensor([width, height, width, height])).numpy()
    scores = conf[0, :, 1].numpy()
    chosen = np.where(scores >= SCORE_CUT)[0]
    corners, scores = corners[chosen], scores[chosen]
    order = scores.argsort()[::-1][:TOP_K]
    dets = np.hstack((corners[order], scores[order, None])).astype(np.float32, copy=False)
    return dets[nms(dets, NMS_IOU)][:KEEP_TOP_K]


def annotate(frame: NDArray[np.uint8], dets: Floats, threshold: float) -> bytes:
    """The frame with red rectangles as JPEG of quality 80."""
    drawn = frame.copy()
    for x1, y1, x2, y2 in dets[dets[:, 4] >= threshold, :4].astype(int).tolist():
        cv2.rectangle(drawn, (x1, y1), (x2, y2), (0, 0, 255), 4)
    return bytes(cv2.imencode(".jpg", drawn, [cv2.IMWRITE_JPEG_QUALITY, 80])[1])


class Detector:
    """Head and tail of a model folder, on `torch.get_num_threads()` threads."""

    def __init__(self, folder: Path) -> None:
        self.head = TorchGraph(folder / "head.onnx")
        self.tail = TorchGraph(folder / "tail.onnx")
        self.anchors = priors()

    def detect(self, frame: NDArray[np.uint8]) -> Floats:
        (activation,) = self.head(preprocess(frame))
        loc, conf = self.tail(activation)
        return postprocess(loc, conf, self.anchors, frame.shape[1], frame.shape[0])


def main() -> None:
    what, target, *images = sys.argv[1:]
    if what == "resize":
        with Path(target).open("wb") as out:
            for image in images:
                resized = cv2.resize(
                    decode_image(Path(image).read_bytes()), (SIDE, SIDE), interpolation=cv2.INTER_LINEAR
                )
                out.write(np.ascontiguousarray(resized[:, :, ::-1]).tobytes())
        return
    detector = Detector(Path(target))
    answers: list[dict[str, Any]] = []
    for image in images:
        frame = decode_image(Path(image).read_bytes())
        answers.append(
            {"width": frame.shape[1], "height": frame.shape[0], "detections": detector.detect(frame).tolist()}
        )
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
