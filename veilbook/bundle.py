"""How a result looks: its caption, and the mime bundle that a saved notebook shows without a kernel or a server."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .results import FrameResult, Picture

FRAME_MIME = "application/vnd.veilbook.frame.v1+json"


def caption(document: dict[str, Any]) -> str:
    """One line: faces or the best class, mode or ALPHA with what it means, time and device.

    ``1 face · ALPHA 0.2 (uncalibrated noise scale) · 23 ms on cpu``
    """
    parts = [_found(document), _strength(document)]
    if document["mode"] == "noisy" and not document["private"]:
        parts.append("not private (repeatable noise)")
    parts.extend(_looks(document))
    total = document["timings_ms"]["total"]
    parts.append(f"{total:.0f} ms on {document['device']}" if total >= 1 else f"{total:.1f} ms on {document['device']}")
    return " · ".join(parts)


def _found(document: dict[str, Any]) -> str:
    if document.get("classes"):
        best = document["classes"][0]
        return f"{best['label']} {best['score']:.2f}"
    faces = sum(d["score"] >= document["threshold"] for d in document["detections"])
    return f"{faces} face" if faces == 1 else f"{faces} faces"


def _strength(document: dict[str, Any]) -> str:
    if document["mode"] == "clean":
        return "clean"
    artefact = document["artefact"]
    alpha = f"ALPHA {document['alpha']:g}"
    return alpha if artefact and artefact["calibrated"] else f"{alpha} (uncalibrated noise scale)"


def _looks(document: dict[str, Any]) -> list[str]:
    looks = document.get("looks")
    if not looks or looks["count"] == 1:
        return []
    together = looks["alpha_k"]
    left = "" if together is None else f" (ALPHA {together:.2f} for all)"
    return [f"seen {looks['count']} times{left}"]


def mimebundle(result: FrameResult) -> tuple[dict[str, Any], dict[str, Any]]:
    """Data and metadata for IPython: ours first, a picture for everybody else, the caption for terminals."""
    data: dict[str, Any] = {"text/plain": "\n".join([result.caption, *result.notices])}
    metadata: dict[str, Any] = {}
    annotated = result.pictures.get("annotated")
    if annotated is not None:
        data[annotated.mime] = base64.b64encode(annotated.data).decode("ascii")
        metadata[annotated.mime] = {"width": annotated.width, "height": annotated.height}
    if result.rich and "frame" in result.pictures:
        data[FRAME_MIME] = frame_bundle(result)
        metadata[FRAME_MIME] = {"veilbook": result.provenance}
    return data, metadata


def frame_bundle(result: FrameResult) -> dict[str, Any]:
    """The document of FRAME_MIME (FrameBundle of the protocol)."""
    other = result.compare
    seen = result.pictures.get("reconstruction")
    return {
        "schema": 1,
        "caption": result.caption,
        "result": result.document,
        "compare": None if other is None else other.document,
        "frame": _picture(result.pictures["frame"]),
        "reconstruction": None if seen is None else {"picture": _picture(seen), "attacker": seen.attacker},
    }


def _picture(picture: Picture) -> dict[str, Any]:
    return {
        "mime": picture.mime,
        "base64": base64.b64encode(picture.data).decode("ascii"),
        "width": picture.width,
        "height": picture.height,
    }
