"""Completion on `%veil` lines and in `%%veil` cells: commands, options, choices, image-like variables, stages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from IPython.core.completer import CompletionContext, SimpleCompletion

from ._ipython import context_matcher
from .arguments import AUDIT, DEVICES, EVALUATE, JOBS, LEARN, OPTIONS, RUNS, SERVICES, SNAPSHOTS, SWEEP
from .audit_line import OPTIONS as AUDIT_OPTIONS
from .cell import STAGES
from .evaluate_line import FORMATS
from .evaluate_line import OPTIONS as EVALUATE_OPTIONS
from .learn_line import MODES
from .learn_line import OPTIONS as LEARN_OPTIONS
from .sweep_line import OPTIONS as SWEEP_OPTIONS

if TYPE_CHECKING:
    from collections.abc import Callable

    from IPython.core.interactiveshell import InteractiveShell

_CHOICES = {"--device": DEVICES, "--format": ("jpeg", "png"), "--model": ("faceboxes",), "--mode": MODES}
_JOB_OPTIONS = {LEARN: LEARN_OPTIONS, AUDIT: AUDIT_OPTIONS, EVALUATE: EVALUATE_OPTIONS, SWEEP: SWEEP_OPTIONS}


def veil_matcher(shell: InteractiveShell) -> Callable[[CompletionContext], dict[str, Any]]:
    """A matcher (IPython's API v2) for this shell's namespace."""

    @context_matcher(identifier="veilbook")
    def matcher(context: CompletionContext) -> dict[str, Any]:
        words, exclusive = _candidates(context, shell.user_ns)
        fitting = [SimpleCompletion(text=word, type="veil") for word in words if word.startswith(context.token)]
        return {"completions": fitting, "suppress": exclusive and bool(fitting)}

    matcher.veilbook = True  # type: ignore[attr-defined]
    return matcher


def _candidates(context: CompletionContext, namespace: dict[str, Any]) -> tuple[list[str], bool]:
    """Words that fit at the cursor, and whether Python's own completions would only be in the way."""
    before = context.text_until_cursor
    in_cell = re.match(r"\s*%%veil\b", context.full_text) is not None
    if in_cell and context.cursor_line > 0:
        return ([f"{stage}:" for stage in STAGES], True) if ":" not in before else (["local"], True)
    line = re.match(r"\s*%%?veil\s+(.*)$", before)
    if line is None:
        return [], False
    done = line[1][: len(line[1]) - len(context.token)].split()
    if context.token.startswith("-"):
        return list(_JOB_OPTIONS.get(" ".join(done[:1]), OPTIONS)), True
    last = done[-1] if done else ""
    if last == "--format" and done[0] in (EVALUATE, SWEEP):
        return list(FORMATS), True
    if last in _CHOICES:
        return list(_CHOICES[last]), True
    if not done:
        return [*RUNS, *JOBS, *SNAPSHOTS, *SERVICES], True
    # Paths stay possible: IPython's own matcher offers them.
    return sorted(name for name, value in namespace.items() if not name.startswith("_") and _image_like(value)), False


def _image_like(value: object) -> bool:
    if isinstance(value, (list, tuple)):
        return bool(value) and _image_like(value[0])
    kinds = {(kind.__module__.partition(".")[0], kind.__name__) for kind in type(value).__mro__}
    if ("PIL", "Image") in kinds or ("pathlib", "PurePath") in kinds:
        return True
    shape = getattr(value, "shape", None)
    return hasattr(value, "__array__") and isinstance(shape, tuple) and len(shape) in (3, 4) and shape[-1] == 3
