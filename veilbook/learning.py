"""Learning an obfuscation from Python: a job of the sidecar, waited for, and what came out of it."""

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
class LearnedKnot:
    """One strength that was learned, with what was measured on held-out photographs."""

    #: What users ask for.
    alpha: float
    #: Share of what the strongest tested attacker recovers from clean activations that the noise takes away.
    measured_alpha: float
    #: Share of the photographs' variance that a linear attacker over the whole field recovers.
    linear_r2: float
    #: The same for a convolutional decoder trained on noisy activations.
    decoder_r2: float
    #: Agreement with the clean model's own answers, 0 to 1.
    agreement_ap: float
    #: What the server runs before or as the tail: filter, denoiser, tail.
    server: tuple[str, ...]

    @property
    def strongest_r2(self) -> float:
        """Share that the stronger of the attackers tried recovers."""
        return max(self.linear_r2, self.decoder_r2)


@dataclass(frozen=True, repr=False)
class Learned:
    """A learned obfuscation. Its plain text and its HTML are the same table."""

    #: The LearnReport document.
    document: dict[str, Any]
    #: The artefact's document, obfuscation.json.
    path: Path
    sha256: str
    #: ``calibrated`` or ``cloak``.
    mode: str
    knots: tuple[LearnedKnot, ...]
    seconds: float
    #: Lines a person must see.
    notices: tuple[str, ...]

    @classmethod
    def read(cls, document: dict[str, Any]) -> Learned:
        """From a LearnReport."""
        artefact = document["artefact"]
        knots = tuple(LearnedKnot(**{**knot, "server": tuple(knot["server"])}) for knot in document["knots"])
        path = Path(artefact["path"])
        notices = tuple(document["notices"])
        return cls(document, path, artefact["sha256"], artefact["mode"], knots, float(document["seconds"]), notices)

    def __repr__(self) -> str:
        rows = [_HEADER, *map(_cells, self.knots)]
        widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADER))]
        table = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
        return "\n".join([self.caption, *table, _MEANING, *self.notices])

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in _HEADER)
        body = "".join(
            "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in _cells(knot)) + "</tr>" for knot in self.knots
        )
        notes = "".join(f"<p>{escape(line)}</p>" for line in (_MEANING, *self.notices))
        caption = f"<caption>{escape(self.caption)}</caption>"
        html = f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{notes}"
        return {"text/plain": repr(self), "text/html": html}

    @property
    def caption(self) -> str:
        """One line: for which model, of how many photographs, where it is."""
        images = self.document["images"]
        used = images["fit"] + images["select"] + images["held_out"]
        model = self.document["model"]["name"]
        return f"Learned for {model} from {used} photographs in {duration(self.seconds)}: {self.path}"


_HEADER = ("ALPHA", "measured", "attacker recovers", "agreement", "server side")
_MEANING = (
    "Attacker: the stronger of those tried, a linear one over the whole field and a convolutional decoder; share of "
    "the variance of held-out photographs. Not encryption."
)


def _cells(knot: LearnedKnot) -> tuple[str, ...]:
    return (
        f"{knot.alpha:g}",
        f"{knot.measured_alpha:.3f}",
        f"{knot.strongest_r2:.1%}",
        f"{knot.agreement_ap:.1%}",
        " + ".join(knot.server),
    )


def learn(
    images: str | os.PathLike[str],
    model: str | os.PathLike[str] | None = None,
    *,
    mode: str = "calibrated",
    alphas: Sequence[float] | None = None,
    out: str | os.PathLike[str] | None = None,
    looks: int | None = None,
    seed: int | None = None,
    device: str | None = None,
    install: bool = False,
    progress: Listener | None = None,
    sidecar: Sidecar | None = None,
) -> Learned:
    """Learn an obfuscation of ``model`` from the photographs in ``images`` and below, and measure it. Takes minutes.

    ``out`` is the artefact's folder, ``obfuscation-<model>`` here unless given; a pass that was stopped goes on there.
    ``alphas`` are the strengths to learn, each between 0 and 1 (in mode ``cloak`` the weights of the noise);
    ``looks``: ALPHA must hold for so many looks at one source. ``install`` puts the artefact into the model folder.
    It runs in a process of its own beside the sidecar, at low priority; one pass at a time.

    Raises VeilError: ``bad_request`` (too few photographs, wrong options), ``busy``, ``model_*``,
    ``output_unwritable``, ``worker_died``, ``cancelled``. KeyboardInterrupt passes through and stops the pass; the
    same call goes on later.
    """
    client = sidecar or shared()
    request = _request(images, model, out, mode=mode, alphas=alphas, looks=looks, seed=seed, device=device)
    job = wait(client, "learn", {**request, **({"install": True} if install else {})}, progress)
    return _outcome(job)


def _request(
    images: str | os.PathLike[str],
    model: str | os.PathLike[str] | None,
    out: str | os.PathLike[str] | None,
    **options: object,
) -> dict[str, object]:
    """A LearnRequest: whole paths, for the sidecar lives in another directory; what is None stays out."""
    named = model_argument(None if model is None else os.fspath(model))
    folder = out if out is not None else f"obfuscation-{Path(named or 'faceboxes').name}"
    paths = {"images": whole(images), "out": whole(folder), "model": named}
    alphas = options.get("alphas")
    if alphas is not None:
        options["alphas"] = sorted({float(alpha) for alpha in alphas})  # type: ignore[attr-defined]
    return {name: value for name, value in {**paths, **options}.items() if value is not None}


def _outcome(job: dict[str, Any]) -> Learned:
    out = job["request"]["out"]
    if job["state"] == "done":
        return Learned.read(job["report"])
    if job["state"] == "failed":
        error = job["error"]
        raise VeilError(str(error["code"]), str(error["message"]), str(error["remedy"]))
    again = "Run it again: it goes on where it stopped."
    if job["state"] == "cancelled":
        raise VeilError("cancelled", f"The learning pass was stopped; what was learned so far is in {out}.", again)
    raise VeilError(
        "sidecar_unavailable", f"The sidecar ended during the pass; what was learned so far is in {out}.", again
    )
