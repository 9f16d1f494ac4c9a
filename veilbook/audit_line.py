"""`%veil audit`: its options, and an audit with a bar under the cell, then its table, curves and worst pictures."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ._ipython import arg_split, display, display_data
from .arguments import refuse
from .errors import VeilError
from .learn_line import LineParser, folder, strengths, variable
from .progress import JobProgress, duration

if TYPE_CHECKING:
    from .auditing import Audit
    from .settings import Settings

HELP = """\
%veil audit --images DIR   attack what leaves, as somebody would who knows model, artefact and ALPHA; takes minutes
  --model NAME             a registered model or a model folder; default: %config Veil.model, else faceboxes
  --alphas LIST            strengths to attack, such as 0.2,0.8; default: the artefact's
  --full                   train attackers for each strength; up to three quarters of an hour
  --report FILE            write the report as a page, HTML
  --out DIR                folder that a stopped audit goes on from; default audit-<model>
  --seed N, --device DEV   seed of the audit; auto, cpu, webgpu or cuda:N
  -o NAME                  variable for what came out
Interrupt stops it; the same line goes on where it stopped. Photographs stay on this machine."""

OPTIONS = [
    *("--images", "--model", "--alphas", "--full", "--report", "--out", "--seed", "--device", "--output"),
    *("--help", "-o", "-h"),
]

_parser = LineParser(prog="%veil audit", add_help=False, allow_abbrev=False)
_parser.add_argument("-h", "--help", action="store_true")
_parser.add_argument("--images")
_parser.add_argument("--model")
_parser.add_argument("--alphas")
_parser.add_argument("--full", action="store_true")
_parser.add_argument("--report")
_parser.add_argument("--out")
_parser.add_argument("--seed", type=int, default=0)
_parser.add_argument("--device")
_parser.add_argument("-o", "--output")


def parse(line: str) -> argparse.Namespace | None:
    """The options after ``audit``; None when help was asked for. Raises VeilError ``bad_request`` in one line."""
    try:
        options = _parser.parse_args(arg_split(line))
    except ValueError as problem:  # a quote that does not end
        raise refuse(str(problem), "Close the quote.") from None
    if options.help:
        return None
    if options.images is None:
        raise refuse("%veil audit names no photographs", "Give their folder: %veil audit --images photos/.")
    variable(options.output, "audit")
    if options.seed < 0:
        raise refuse("--seed is negative", "Use 0 or more.")
    options.alphas = None if options.alphas is None else strengths(options.alphas)
    return options


def run(options: argparse.Namespace, namespace: Mapping[str, Any], settings: Settings) -> Audit:
    """Audit, with a bar, and show what came out. Raises VeilError, also for an interrupt."""
    from .auditing import audit

    progress = JobProgress(settings.shell, "Audit")
    try:
        found = audit(
            folder(options.images, namespace),
            options.model or settings.model,
            alphas=options.alphas,
            full=options.full,
            seed=options.seed,
            device=options.device,
            out=options.out,
            report=options.report,
            progress=progress.show,
        )
    except KeyboardInterrupt:
        progress.finish(f"Stopped at {progress.percent}.")
        raise VeilError(
            "cancelled",
            f"Stopped at {progress.percent}; what was finished so far is kept, and no variable changed.",
            "The same line goes on where it stopped.",
        ) from None
    except VeilError:
        progress.finish(f"Ended at {progress.percent}.")
        raise
    progress.finish(f"Audited in {duration(found.seconds)}.")
    display(found)
    for words, figure in (("over ALPHA", found.figures["alphas"]), ("over looks", found.figures["looks"])):
        if figure is not None:
            display_data({"image/svg+xml": figure, "text/plain": f"What attacks recover {words}: a chart"})
    return found
