"""The baseline of `veilbook bench pipeline`: the same frame and graphs by cv2, torch in eager mode and numpy,
written as the published FaceBoxes code does it.

    baseline.py MODEL_DIR FRAME.jpg ALPHA

Prints one JSON line when ready, then one for each line `{"threads": N}` it reads: milliseconds of each stage.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from onnx_torch import Graph

Array = np.ndarray


def lay_priors(manifest: dict[str, Any]) -> torch.Tensor:
    side = np.array([manifest["input"]["width"], manifest["input"]["height"]], np.float32)
    rows = []
    for level in manifest["priors"]:
        step = level["step"]
        for y in range(int(np.ceil(side[1] / step))):
            for x in range(int(np.ceil(side[0] / step))):
                for anchor in level["anchors"]:
                    density, size = anchor["density"], anchor["size"]
                    offsets = [0.5] if density == 1 else [i / density for i in range(density)]
                    rows += [
                        ((x + dx) * step / side[0], (y + dy) * step / side[1], size / side[0], size / side[1])
                        for dy in offsets
                        for dx in offsets
                    ]
    return torch.tensor(rows, dtype=torch.float32)


def nms(boxes: Array, scores: Array, limit: float) -> list[int]:
    """py_cpu_nms of the published code: boxes [n,4] with inclusive corners."""
    x1, y1, x2, y2 = boxes.T
    areas = (x2 - x1 + 1) * (y2 - y1 + 1)
    order = scores.argsort()[::-1]
    keep = []
    while order.size > 0:
        best = order[0]
        keep.append(int(best))
        xx1 = np.maximum(x1[best], x1[order[1:]])
        yy1 = np.maximum(y1[best], y1[order[1:]])
        xx2 = np.minimum(x2[best], x2[order[1:]])
        yy2 = np.minimum(y2[best], y2[order[1:]])
        inter = np.maximum(0.0, xx2 - xx1 + 1) * np.maximum(0.0, yy2 - yy1 + 1)
        overlap = inter / (areas[best] + areas[order[1:]] - inter)
        order = order[np.where(overlap <= limit)[0] + 1]
    return keep


class Baseline:
    def __init__(self, folder: Path, jpeg: Path, alpha: float) -> None:
        self.manifest = json.loads((folder / "model.json").read_text())
        self.head = Graph(folder / self.manifest["head"]["file"])
        self.tail = Graph(folder / self.manifest["tail"]["file"])
        self.coded = np.frombuffer(jpeg.read_bytes(), np.uint8)
        self.mean = np.array(self.manifest["input"]["mean"], np.float32)
        self.priors = lay_priors(self.manifest)
        self.frame = self.decode()[:, :, ::-1].copy()
        with torch.no_grad():
            deviation = self.head(self.preprocess(self.frame))[0].std(dim=(0, 2, 3))
        self.deviation = (alpha * deviation).reshape(1, -1, 1, 1)

    def decode(self) -> Array:
        return cv2.imdecode(self.coded, cv2.IMREAD_COLOR)

    def preprocess(self, rgb: Array) -> torch.Tensor:
        size = (self.manifest["input"]["width"], self.manifest["input"]["height"])
        image = np.float32(cv2.cvtColor(cv2.resize(rgb, size, interpolation=cv2.INTER_LINEAR), cv2.COLOR_RGB2BGR))
        image -= self.mean
        return torch.from_numpy(image.transpose(2, 0, 1)).unsqueeze(0)

    def noise(self, activation: torch.Tensor) -> torch.Tensor:
        return activation + torch.randn(activation.shape) * self.deviation

    def boxes(self, loc: torch.Tensor, conf: torch.Tensor, rgb: Array) -> Array:
        """[n,5]: x1, y1, x2, y2 in pixels of the frame, score."""
        settings = self.manifest["postprocess"]
        centre, size = settings["variances"]
        loc = loc[0]
        decoded = torch.cat(
            (
                self.priors[:, :2] + loc[:, :2] * centre * self.priors[:, 2:],
                self.priors[:, 2:] * torch.exp(loc[:, 2:] * size),
            ),
            1,
        )
        decoded[:, :2] -= decoded[:, 2:] / 2
        decoded[:, 2:] += decoded[:, :2]
        height, width = rgb.shape[:2]
        boxes = (decoded * torch.Tensor([width, height, width, height])).numpy()
        scores = conf[0].numpy()[:, settings["face_index"]]
        chosen = np.where(scores > settings["score_cut"])[0]
        boxes, scores = boxes[chosen], scores[chosen]
        order = scores.argsort()[::-1][: settings["top_k"]]
        boxes, scores = boxes[order], scores[order]
        found = np.hstack((boxes, scores[:, np.newaxis])).astype(np.float32, copy=False)
        return found[nms(found[:, :4], found[:, 4], settings["nms_iou"])][: settings["keep_top_k"]]

    def draw_encode(self, bgr: Array, found: Array) -> Array:
        for x1, y1, x2, y2, score in found:
            if score >= self.manifest["postprocess"]["noisy_threshold"]:
                cv2.rectangle(bgr, (int(x1), int(y1)), (int(x2), int(y2)), (0, 0, 255), 4)
        return cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, 80])[1]

    @torch.no_grad()
    def array_to_boxes(self) -> Array:
        activation = self.head(self.preprocess(self.frame))[0]
        loc, conf = self.tail(self.noise(activation))
        return self.boxes(loc, conf, self.frame)

    @torch.no_grad()
    def round(self) -> dict[str, float]:
        spent: dict[str, float] = {}

        def timed(stage: str, work: Callable[[], Any]) -> Any:
            started = time.perf_counter()
            result = work()
            spent[stage] = (time.perf_counter() - started) * 1e3
            return result

        bgr = timed("jpeg_decode", self.decode)
        tensor = timed("preprocess", lambda: self.preprocess(self.frame))
        activation = timed("head", lambda: self.head(tensor))[0]
        obfuscated = timed("noise", lambda: self.noise(activation))
        loc, conf = timed("tail", lambda: self.tail(obfuscated))
        found = timed("boxes_nms", lambda: self.boxes(loc, conf, self.frame))
        timed("draw_encode", lambda: self.draw_encode(bgr, found))
        timed("array_to_boxes", self.array_to_boxes)
        return spent


def main() -> None:
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    baseline = Baseline(Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3]))
    threshold = baseline.manifest["postprocess"]["noisy_threshold"]
    faces = int((baseline.array_to_boxes()[:, 4] >= threshold).sum())
    versions = {"cv2": cv2.__version__, "torch": torch.__version__, "numpy": np.__version__}
    print(json.dumps({"versions": versions, "faces": faces}), flush=True)
    for line in sys.stdin:
        threads = json.loads(line)["threads"]
        torch.set_num_threads(threads)
        cv2.setNumThreads(threads)
        print(json.dumps(baseline.round()), flush=True)


main()
