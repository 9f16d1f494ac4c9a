"""DetectionResult documents for tests that need no sidecar."""

from __future__ import annotations

from typing import Any

from veilbook.results import Picture

SHA = "ab" * 32


def document(**changes: Any) -> dict[str, Any]:
    """What the sidecar answers for a noisy run that found one face at 0.9 and a doubtful one at 0.1."""
    return {
        "run": "4f0c",
        "image": "photo",
        "mode": "noisy",
        "alpha": 0.2,
        "width": 640,
        "height": 480,
        "threshold": 0.25,
        "detections": [
            {"x1": 10.0, "y1": 20.0, "x2": 110.0, "y2": 140.0, "score": 0.9},
            {"x1": 300.0, "y1": 20.0, "x2": 320.0, "y2": 50.0, "score": 0.1},
        ],
        "timings_ms": {"head": 8.0, "noise": 0.4, "tail": 5.0, "total": 23.4},
        "device": "cpu",
        "notices": ["The artefact is uncalibrated."],
        "private": True,
        "model": {"name": "faceboxes", "head_sha256": SHA, "tail_sha256": SHA},
        "artefact": {"sha256": SHA, "kind": "stationary-gaussian", "calibrated": False, "meaning": "a scale"},
        "versions": {"veilbook": "0.1.0"},
        **changes,
    }


def picture() -> Picture:
    return Picture("image/jpeg", 640, 480, b"\xff\xd8\xff not really a photograph")
