"""Auditing an obfuscation from Python: a job of the sidecar, waited for, and what attackers got."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from .client import Sidecar, shared
from .errors import VeilError
from .jobs import Listener, wait, whole
from .progress import duration
from .runs import model_argument


@dataclass(frozen=True)
class AuditedAlpha:
    """What attackers got out of one strength."""

    #: As users ask for it.
    alpha: float
    #: The strongest attack for one look: its name, and what it started from (raw, whitened or denoised).
    strongest: str
    started_from: str
    #: Share of the variance of the attacked photographs that it recovers, and its 95 % interval.
    r2: float
    interval: tuple[float, float]
    #: The share of what the strongest attack recovers from clean activations that it no longer recovers.
    alpha_certified: float


@dataclass(frozen=True, repr=False)
class Audit:
    """An audit. Its plain text and its HTML are the same table; the HTML shows the worst pictures too."""

    #: The AuditReport document.
    document: dict[str, Any]
    #: ``valid``, ``void`` (a control failed: the figures say nothing), or ``unsound`` (what leaves is not what is
    #: declared).
    verdict: str
    alphas: tuple[AuditedAlpha, ...]
    #: R2 of the strongest attack on clean activations; None where none was run.
    clean_r2: float | None
    seconds: float
    #: Curves as SVG: leakage over ALPHA, and over looks (None where those were not tried).
    figures: dict[str, str | None]
    #: The report as a page, where one was asked for.
    path: Path | None

    @classmethod
    def read(cls, outcome: dict[str, Any], path: str | None = None) -> Audit:
        """From an AuditOutcome."""
        document = outcome["report"]
        alphas = tuple(
            AuditedAlpha(
                entry["alpha"],
                entry["strongest"]["name"],
                entry["strongest"]["input"],
                entry["strongest"]["r2"],
                (entry["strongest"]["ci"][0], entry["strongest"]["ci"][1]),
                entry["alpha_certified"],
            )
            for entry in document["alphas"]
        )
        clean = [result["r2"] for result in document["clean"] if result["metrics"] is not None and result["looks"] == 1]
        return cls(
            document,
            document["verdict"],
            alphas,
            max(clean, default=None),
            float(document["seconds"]),
            outcome["figures"],
            None if path is None else Path(path),
        )

    def __repr__(self) -> str:
        rows = [_HEADER, *map(_cells, self.alphas)]
        widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADER))]
        table = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
        return "\n".join([*self._warnings, self.caption, *table, _MEANING, *self._where])

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        warnings = "".join(
            f'<p style="border: 3px solid #b3261e; padding: 0.5em"><strong>⚠ {escape(line)}</strong></p>'
            for line in self._warnings
        )
        head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in _HEADER)
        body = "".join(
            "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in _cells(entry)) + "</tr>" for entry in self.alphas
        )
        caption = f"<caption>{escape(self.caption)}</caption>"
        table = f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        notes = "".join(f"<p>{escape(line)}</p>" for line in (_MEANING, *self._where))
        return {"text/plain": repr(self), "text/html": warnings + table + notes + self._sheet}

    @property
    def caption(self) -> str:
        """One line: which model, how many photographs, how long."""
        model, images = self.document["model"]["name"], self.document["images"]["attacked"]
        clean = "" if self.clean_r2 is None else f"; clean: {self.clean_r2:.1%}"
        effort = self.document["effort"]
        return f"Audit of {model} on {images} photographs in {duration(self.seconds)}: {self.verdict}, {effort}{clean}"

    @property
    def _warnings(self) -> tuple[str, ...]:
        if self.verdict == "valid":
            return ()
        void = self.verdict == "void"
        failed = [check for check in self.document["controls" if void else "conformance"] if not check["passed"]]
        words = (
            "VOID: a control failed, and no figure below says anything."
            if void
            else "UNSOUND: what leaves is not what the artefact declares. Do not use it."
        )
        return (words, *(f"{check['title']}: {check['detail']}" for check in failed))

    @property
    def _where(self) -> tuple[str, ...]:
        return () if self.path is None else (f"The report: {self.path}",)

    @property
    def _sheet(self) -> str:
        """The photographs most was recovered of, beside what was recovered."""
        pairs = []
        for pair in self.document["sheet"]:
            name, attack = escape(pair["image"], quote=True), escape(pair["attack"], quote=True)
            pictures = "".join(
                f'<img src="data:image/png;base64,{escape(pair[side], quote=True)}" alt="{words}" width="160">'
                for side, words in (("original", f"Original {name}"), ("recovered", f"What {attack} recovered of it"))
            )
            caption = f"ALPHA {pair['alpha']:g}, {attack}: {pair['r2']:.1%} of {name}"
            pairs.append(f"<figure>{pictures}<figcaption>{caption}</figcaption></figure>")
        return "".join(pairs)


_HEADER = ("ALPHA", "attacker recovers", "95% interval", "attack", "started from", "certified ALPHA")
_MEANING = (
    "Attacker: the strongest of those tried; share of the variance of photographs it had not seen. Measured against "
    "the attacks listed; not encryption."
)


def _cells(entry: AuditedAlpha) -> tuple[str, ...]:
    low, high = entry.interval
    return (
        f"{entry.alpha:g}",
        f"{entry.r2:.1%}",
        f"{low:.1%} to {high:.1%}",
        entry.strongest,
        entry.started_from,
        f"{entry.alpha_certified:.3f}",
    )


def audit(
    images: str | os.PathLike[str],
    model: str | os.PathLike[str] | None = None,
    *,
    alphas: Sequence[float] | None = None,
    full: bool = False,
    seed: int = 0,
    device: str | None = None,
    out: str | os.PathLike[str] | None = None,
    report: str | os.PathLike[str] | None = None,
    progress: Listener | None = None,
    sidecar: Sidecar | None = None,
) -> Audit:
    """Attack what ``model`` sends as somebody would who knows model, artefact and ALPHA, and report what they get.

    ``images`` are photographs, best none of those it was learned from. ``alphas`` are the strengths to attack, the
    artefact's unless given. Minutes; with ``full`` attackers are trained for each strength, up to three quarters of an
    hour. ``out`` is the folder that a stopped audit goes on from, ``audit-<model>`` here unless given; ``report`` is a
    file for the report as a page. It runs in a process of its own beside the sidecar, at low priority, and not while a
    learning pass runs.

    Raises VeilError: ``bad_request``, ``bad_alpha``, ``busy``, ``model_*``, ``artefact_*``, ``output_unwritable``,
    ``worker_died``, ``cancelled``. KeyboardInterrupt passes through and stops the audit; the same call goes on later.
    """
    client = sidecar or shared()
    named = model_argument(None if model is None else os.fspath(model))
    folder = out if out is not None else f"audit-{Path(named or 'faceboxes').name}"
    page = None if report is None else whole(report)
    request: dict[str, object | None] = {
        "images": whole(images),
        "out": whole(folder),
        "model": named,
        "effort": "full" if full else "quick",
        "seed": seed,
        "device": device,
        "report": page,
        "alphas": None if alphas is None else sorted({float(alpha) for alpha in alphas}),
    }
    job = wait(client, "audit", request, progress)
    if job["state"] == "done":
        # The pictures in its report do not travel with events.
        current = client.get("/v1/audit")["job"]
        if current is not None and current["job"] == job["job"] and current["report"] is not None:
            return Audit.read(current["report"], page)
        raise VeilError("not_found", "Another audit has taken the place of this one.", "Run it again.")
    if job["state"] == "failed":
        error = job["error"]
        raise VeilError(str(error["code"]), str(error["message"]), str(error["remedy"]))
    again = "Run it again: it goes on where it stopped."
    if job["state"] == "cancelled":
        raise VeilError("cancelled", f"The audit was stopped; what was finished so far is in {folder}.", again)
    raise VeilError("sidecar_unavailable", f"The sidecar ended; what was finished so far is in {folder}.", again)
