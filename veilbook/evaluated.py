"""What an evaluation or a sweep gives, as objects that a notebook shows as tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from .progress import duration

#: Bad records that are shown; ``bad_records`` has the first 100.
_SHOWN = 10
_MEANING = (
    "Recovered: share of the variance of the artefact's held-out images that its strongest attacker recovers from one "
    "tensor; - where that was not measured. Measured against the attacks listed; not encryption: treat tensors as "
    "personal data, keep TLS and access control."
)
_OVERLAP = (
    "AP: average precision at an overlap of one half; average: mean over the folds; pooled: over all images together."
)


@dataclass(frozen=True)
class Fold:
    """One fold of a data set."""

    fold: str
    #: Average precision at an overlap of one half; None where there is no face to be found.
    ap: float | None
    #: Images that were run, faces on them that count, and records that could not be used.
    images: int
    faces: int
    bad: int


@dataclass(frozen=True, repr=False)
class _Measured:
    """What evaluations and sweeps have in common. Plain text and HTML are the same table."""

    #: The EvaluationDocument or SweepDocument.
    document: dict[str, Any]
    #: Lines a person must see.
    notices: tuple[str, ...]

    @property
    def images(self) -> int:
        """That were run."""
        return int(self.document["images"])

    @property
    def faces(self) -> int:
        """On them that count."""
        return int(self.document["faces"])

    @property
    def bad(self) -> int:
        """Records that could not be used; none of them is among the images."""
        return int(self.document["bad"])

    @property
    def bad_records(self) -> tuple[tuple[str, str], ...]:
        """Place and message of the first 100."""
        return tuple((record["place"], record["message"]) for record in self.document["bad_records"])

    @property
    def seconds(self) -> float:
        """Spent on images, over all runs that went on from each other."""
        return float(self.document["seconds"])

    def to_dict(self) -> dict[str, Any]:
        """What the command line prints with ``--json``."""
        return self.document

    @property
    def caption(self) -> str:
        """One line: which data set, how much of it, how long."""
        left_out = f"; {self.bad} {'record' if self.bad == 1 else 'records'} left out" if self.bad else ""
        rate, device = self.document["images_per_s"], self.document["device"]
        what = f"{self.document['dataset']}{self._how}: {self.images} images with {self.faces} faces"
        return f"{what} in {duration(self.seconds)}, {rate:.1f} a second on {device}{left_out}"

    def __repr__(self) -> str:
        header, rows = self._table
        widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]
        table = [
            "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in [header, *rows]
        ]
        return "\n".join([self.caption, *table, *self._notes, *self._left_out])

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        header, rows = self._table
        head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in header)
        body = "".join(
            f'<tr><th scope="row">{escape(row[0])}</th>'
            + "".join(f"<td>{escape(cell)}</td>" for cell in row[1:])
            + "</tr>"
            for row in rows
        )
        caption = f"<caption>{escape(self.caption)}</caption>"
        notes = "".join(f"<p>{escape(line)}</p>" for line in self._notes)
        bad = "<br>".join(escape(line) for line in self._left_out)
        table = f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        return {"text/plain": repr(self), "text/html": table + notes + (bad and f"<p>{bad}</p>")}

    @property
    def _left_out(self) -> list[str]:
        shown = [f"Left out: {place}: {message}" for place, message in self.bad_records[:_SHOWN]]
        more = self.bad - len(shown)
        return [*shown, *([f"and {more} more, the first {len(self.bad_records)} in .bad_records"] if more else [])]

    @property
    def _how(self) -> str:
        return ""

    @property
    def _table(self) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        raise NotImplementedError

    @property
    def _notes(self) -> tuple[str, ...]:
        return (_OVERLAP, *self.notices)


@dataclass(frozen=True, repr=False)
class Evaluation(_Measured):
    """A data set at one strength, or clean."""

    folds: tuple[Fold, ...]
    #: Mean over the folds that have an average precision; None where none has.
    average_ap: float | None
    #: Over all images together.
    pooled_ap: float | None
    #: None for a clean run.
    alpha: float | None
    #: FDDB's own scores, of ellipses: false_positives, discrete, continuous; empty where faces have none.
    roc: tuple[dict[str, float], ...]

    @classmethod
    def read(cls, outcome: dict[str, Any]) -> Evaluation:
        """From an EvaluationOutcome of ``evaluate``."""
        document = outcome["document"]
        return cls(
            document,
            tuple(outcome["notices"]),
            _folds(document["folds"]),
            document["average_ap"],
            document["pooled_ap"],
            document["alpha"],
            tuple(document["roc"] or ()),
        )

    @property
    def _how(self) -> str:
        return ", clean" if self.alpha is None else f", noisy at ALPHA {self.alpha:g}"

    @property
    def _table(self) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        rows: list[tuple[str, ...]] = [
            (fold.fold, _precision(fold.ap), str(fold.images), str(fold.faces), str(fold.bad)) for fold in self.folds
        ]
        counts = (str(self.images), str(self.faces), str(self.bad))
        ends = [("average", _precision(self.average_ap), *counts), ("pooled", _precision(self.pooled_ap), *counts)]
        return ("fold", "AP", "images", "faces", "left out"), [*rows, *ends]

    @property
    def _notes(self) -> tuple[str, ...]:
        at = ", ".join(f"{score['false_positives']:g}" for score in self.roc)
        scores = (
            f"FDDB's {kind} score at {at} false positives: {', '.join(f'{score[kind]:.4f}' for score in self.roc)}"
            for kind in ("discrete", "continuous")
        )
        return (*super()._notes, *(scores if self.roc else ()))


@dataclass(frozen=True)
class SweptAlpha:
    """One strength of a sweep."""

    #: None for clean.
    alpha: float | None
    average_ap: float | None
    pooled_ap: float | None
    #: average_ap / average_ap without noise.
    retained: float | None
    #: What the strongest attacker of the artefact recovers; None between knots and where ALPHA was not calibrated.
    leakage: float | None
    folds: tuple[Fold, ...]


@dataclass(frozen=True, repr=False)
class Sweep(_Measured):
    """A data set at several strengths."""

    clean: SweptAlpha
    #: Ascending in alpha.
    rows: tuple[SweptAlpha, ...]
    #: Accuracy and leakage over ALPHA, SVG.
    figure: str

    @classmethod
    def read(cls, outcome: dict[str, Any]) -> Sweep:
        """From an EvaluationOutcome of ``sweep``."""
        document = outcome["document"]
        whole = {"alpha": None, "retained": None if document["clean"]["average_ap"] is None else 1.0}
        clean, *rows = (_swept(row) for row in [{**whole, **document["clean"]}, *document["rows"]])
        return cls(document, tuple(outcome["notices"]), clean, tuple(rows), outcome["figure"])

    @property
    def _table(self) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        rows: list[tuple[str, ...]] = [
            (
                "clean" if row.alpha is None else f"{row.alpha:g}",
                _precision(row.average_ap),
                _precision(row.pooled_ap),
                _share(row.retained),
                _share(row.leakage),
            )
            for row in (self.clean, *self.rows)
        ]
        return ("ALPHA", "average AP", "pooled AP", "retained", "recovered"), rows

    @property
    def _notes(self) -> tuple[str, ...]:
        return (_OVERLAP, "Retained: average AP / average AP without noise.", _MEANING, *self.notices)


def _folds(documents: Sequence[dict[str, Any]]) -> tuple[Fold, ...]:
    return tuple(Fold(**fold) for fold in documents)


def _swept(row: dict[str, Any]) -> SweptAlpha:
    return SweptAlpha(
        row["alpha"], row["average_ap"], row["pooled_ap"], row["retained"], row["leakage"], _folds(row["folds"])
    )


def _precision(ap: float | None) -> str:
    return "-" if ap is None else f"{ap:.4f}"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"
