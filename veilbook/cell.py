"""The body of a `%%veil` cell: stage declarations, one a line, checked before anything runs.

head: local
noise: 0.8
tail: local, or triton://host:port/model
threshold: 0.35
"""

from __future__ import annotations

import difflib
import math
import re
from dataclasses import dataclass

from .errors import VeilError

STAGES = ("head", "noise", "tail", "threshold")


@dataclass(frozen=True)
class Stages:
    """What a cell declares; None where it says nothing."""

    alpha: float | None = None
    threshold: float | None = None
    tail: str | None = None


def parse(body: str, mode: str) -> Stages:
    """Read the declarations of a cell whose first line is the magic itself, so the body starts at line 2.

    Empty lines and `#` comments are skipped. Raises VeilError ``bad_request`` with the number of the line.
    """
    seen: dict[str, int] = {}
    alpha: float | None = None
    threshold: float | None = None
    tail: str | None = None
    for number, raw in enumerate(body.splitlines(), start=2):
        line = raw.split("#", 1)[0].strip()
        if not line:
            continue
        stage, colon, value = (part.strip() for part in line.partition(":"))
        if not colon or stage not in STAGES:
            raise _not_a_stage(number, stage if colon else line, bool(colon))
        if stage in seen:
            raise _refuse(number, f"{stage}: is declared twice, first on line {seen[stage]}", "Keep one of them.")
        seen[stage] = number
        if stage == "tail" and "://" in value:
            tail = _server(number, value)
        elif stage in ("head", "tail"):
            _require_local(number, stage, value)
        elif stage == "noise":
            if mode == "clean":
                raise _refuse(number, "a clean run has no noise", "Use %%veil noisy, or remove the line.")
            alpha = _number(number, stage, value, "noise: 0.8", upper=None)
        else:
            threshold = _number(number, stage, value, "threshold: 0.35", upper=1.0)
    return Stages(alpha, threshold, tail)


def _require_local(number: int, stage: str, value: str) -> None:
    if value == "local":
        return
    remedy = "Write tail: local, or tail: triton://host:port/model." if stage == "tail" else f"Write {stage}: local."
    raise _refuse(number, f"{stage}: {value or 'nothing'} is not a place", remedy)


def _server(number: int, value: str) -> str:
    if not re.match(r"tritons?(\+grpc)?://[^\s/]", value):
        raise _refuse(number, f"tail: {value} names no server", "Write tail: triton://host:port/model.")
    return value


def _number(number: int, stage: str, value: str, example: str, upper: float | None) -> float:
    try:
        result = float(value)
    except ValueError:
        result = math.nan
    if not math.isfinite(result) or result < 0 or (upper is not None and result > upper):
        bounds = "a number from 0 to 1" if upper is not None else "a number above 0"
        raise _refuse(number, f"{stage}: {value or 'nothing'} is not {bounds}", f"Write for example {example}.")
    return result


def _not_a_stage(number: int, word: str, has_colon: bool) -> VeilError:
    close = difflib.get_close_matches(word, STAGES, n=1)
    if close:
        return _refuse(number, f"{word!r} is not a stage", f"Did you mean {close[0]}:?")
    remedy = "A cell declares head:, noise:, tail: or threshold:"
    shown = word if len(word) <= 40 else word[:37] + "..."
    if not has_colon:
        remedy += "; put Python into a cell of its own"
    return _refuse(number, f"{shown!r} is not a stage", remedy + ".")


def _refuse(number: int, what: str, remedy: str) -> VeilError:
    return VeilError("bad_request", f"Line {number} of the cell: {what}. Nothing was run.", remedy)
