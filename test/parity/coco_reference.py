"""Average precision by pycocotools: of each list of {detections, truth} on stdin, as one JSON list on stdout."""

import contextlib
import io
import json
import sys
from typing import Any

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval


def average_precision(images: list[dict[str, Any]], iou: float) -> float:
    """COCOeval as it is, at the recalls that truths can have in place of its 101, so that the mean is the area."""
    truth, found = COCO(), COCO()
    for coco, key in ((truth, "truth"), (found, "detections")):
        boxes = [(number, box) for number, image in enumerate(images, 1) for box in image[key]]
        coco.dataset = {
            "images": [{"id": number} for number in range(1, len(images) + 1)],
            "categories": [{"id": 1}],
            "annotations": [
                {
                    "id": ordinal,
                    "image_id": number,
                    "category_id": 1,
                    "iscrowd": 0,
                    "bbox": (bbox := [box["x1"], box["y1"], box["x2"] - box["x1"], box["y2"] - box["y1"]]),
                    "area": bbox[2] * bbox[3],
                    "score": box.get("score", 0),
                }
                for ordinal, (number, box) in enumerate(boxes, 1)
            ],
        }
        coco.createIndex()
    count = len(truth.dataset["annotations"])
    evaluation = COCOeval(truth, found, "bbox")
    evaluation.params.iouThrs = np.array([iou])
    evaluation.params.recThrs = np.arange(1, count + 1) / count
    evaluation.params.maxDets = [10_000]
    evaluation.params.areaRng = [[0, 1e10]]
    evaluation.params.areaRngLbl = ["all"]
    evaluation.evaluate()
    evaluation.accumulate()
    return float(np.mean(evaluation.eval["precision"]))


def main() -> None:
    with contextlib.redirect_stdout(io.StringIO()):
        values = [average_precision(images, iou=0.5) for images in json.load(sys.stdin)]
    print(json.dumps(values))


if __name__ == "__main__":
    main()
