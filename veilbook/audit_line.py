"""`%veil audit`: its options, and an audit with a bar under the cell, then its table, curves and worst pictures."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ._ipython import display_data
from .job_line import ShowProgress, folder, job_parser, parse_job, run_job

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

_parser = job_parser("audit")
_parser.add_argument("--full", action="store_true")
_parser.add_argument("--report")


def parse(line: str) -> argparse.Namespace | None:
    """The options after ``audit``; None when help was asked for. Raises VeilError ``bad_request`` in one line."""
    return parse_job(_parser, line, "audit")


def run(options: argparse.Namespace, namespace: Mapping[str, Any], settings: Settings) -> Audit:
    """Audit, with a bar, and show what came out. Raises VeilError, also for an interrupt."""
    from .auditing import audit

    images = folder(options.images, namespace)

    def work(show: ShowProgress) -> Audit:
        return audit(
            images,
            options.model or settings.model,
            alphas=options.alphas,
            full=options.full,
            seed=options.seed or 0,
            device=options.device,
            out=options.out,
            report=options.report,
            progress=show,
        )

    found = run_job(settings, work, title="Audit", past="Audited", kept="what was finished so far")
    for words, figure in (("over ALPHA", found.figures["alphas"]), ("over looks", found.figures["looks"])):
        if figure is not None:
            display_data({"image/svg+xml": figure, "text/plain": f"What attacks recover {words}: a chart"})
    return found
