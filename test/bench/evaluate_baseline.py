"""The baseline of `npm run bench:evaluate`: a loop over photographs by cv2, torch in eager mode and numpy.

    evaluate_baseline.py MODEL_DIR THREADS

Reads paths of photographs, a JSON list, from the first line and prints one JSON line when ready; then, for each line it
reads, runs all photographs one after another and prints a JSON line: seconds, and the detections of each.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "parity"))

import cv2
import reference
import torch
from baseline import unfold_batch_norm, use_threads


def main() -> None:
    use_threads(int(sys.argv[2]))
    detector = reference.Detector(Path(sys.argv[1]))
    # As in the published PyTorch code, which has batch norm as separate layers.
    unfold_batch_norm(detector.head)
    unfold_batch_norm(detector.tail)
    paths = json.loads(sys.stdin.readline())
    detector.detect(cv2.imread(paths[0]))
    versions = {"cv2": cv2.__version__, "torch": torch.__version__}
    print(json.dumps({"versions": versions}), flush=True)
    for _ in sys.stdin:
        started = time.perf_counter()
        found = [detector.detect(cv2.imread(path)) for path in paths]
        seconds = time.perf_counter() - started
        print(json.dumps({"seconds": seconds, "detections": [dets.tolist() for dets in found]}), flush=True)


if __name__ == "__main__":
    main()
