"""Evaluating a detector on a data set from Python: a job of the sidecar, waited for."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from .client import Sidecar, shared
from .errors import VeilError
from .evaluated import Evaluation, Sweep
from .jobs import Listener, wait, whole
from .runs import model_argument


def evaluate(
    dataset: str | os.PathLike[str],
    model: str | os.PathLike[str] | None = None,
    *,
    alpha: float | None = None,
    format: str | None = None,
    category: str | None = None,
    device: str | None = None,
    workers: int | None = None,
    out: str | os.PathLike[str] | None = None,
    progress: Listener | None = None,
    sidecar: Sidecar | None = None,
) -> Evaluation:
    """Average precision of ``model`` on a data set: clean, or with ``alpha`` through its obfuscation.

    ``dataset`` is a folder of photographs with boxes; ``format`` is fddb, wider, coco or voc, and what the folder looks
    like unless given; ``category`` is the one that counts where labels have names. ``workers`` images are at work at
    once. A record that cannot be used is left out, and told in ``bad_records``. What was counted is kept until all of
    it has been put together, in ``out`` for good. It runs in a process of its own beside the sidecar, at low priority,
    and not while another job runs.

    Raises VeilError: ``not_found``, ``bad_request``, ``bad_alpha``, ``busy``, ``model_*``, ``artefact_*``,
    ``output_unwritable``, ``worker_died``, ``cancelled``. KeyboardInterrupt passes through and stops the evaluation;
    the same call goes on later.
    """
    request: dict[str, object | None] = {"kind": "evaluate", "alpha": None if alpha is None else float(alpha)}
    request |= _common(dataset, model, format, category, device, workers, out)
    return Evaluation.read(_outcome(sidecar or shared(), request, progress))


def sweep(
    dataset: str | os.PathLike[str],
    model: str | os.PathLike[str] | None = None,
    *,
    alphas: Sequence[float] | None = None,
    format: str | None = None,
    category: str | None = None,
    device: str | None = None,
    workers: int | None = None,
    out: str | os.PathLike[str] | None = None,
    progress: Listener | None = None,
    sidecar: Sidecar | None = None,
) -> Sweep:
    """Average precision at several strengths in one pass over a data set, and what attackers recover beside it.

    ``alphas`` are those of TR-4928 that the artefact covers unless given. All else is as in ``evaluate``.
    """
    listed = None if alphas is None else sorted({float(alpha) for alpha in alphas})
    request: dict[str, object | None] = {"kind": "sweep", "alphas": listed}
    request |= _common(dataset, model, format, category, device, workers, out)
    return Sweep.read(_outcome(sidecar or shared(), request, progress))


def _common(
    dataset: str | os.PathLike[str],
    model: str | os.PathLike[str] | None,
    layout: str | None,
    category: str | None,
    device: str | None,
    workers: int | None,
    out: str | os.PathLike[str] | None,
) -> dict[str, object | None]:
    return {
        "dataset": whole(dataset),
        "model": model_argument(None if model is None else os.fspath(model)),
        "format": layout,
        "category": category,
        "device": device,
        "workers": workers,
        "out": None if out is None else whole(out),
    }


def _outcome(client: Sidecar, request: dict[str, object | None], progress: Listener | None) -> dict[str, Any]:
    """An EvaluationOutcome. Raises VeilError when there is none."""
    job = wait(client, "evaluate", request, progress)
    if job["state"] == "done":
        # What came out does not travel with events.
        current = client.get("/v1/evaluate")["job"]
        if current is not None and current["job"] == job["job"] and current["report"] is not None:
            outcome: dict[str, Any] = current["report"]
            return outcome
        raise VeilError("not_found", "Another evaluation has taken the place of this one.", "Run it again.")
    if job["state"] == "failed":
        error = job["error"]
        raise VeilError(str(error["code"]), str(error["message"]), str(error["remedy"]))
    again = "Run it again: it goes on where it stopped."
    if job["state"] == "cancelled":
        raise VeilError("cancelled", "The evaluation was stopped; what was counted so far is kept.", again)
    raise VeilError("sidecar_unavailable", "The sidecar ended; what was counted so far is kept.", again)
