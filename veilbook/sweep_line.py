"""`%veil sweep`: its options, and a sweep with a bar under the cell, then its table and its curves."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ._ipython import display_data
from .evaluate_line import DATASET, dataset_parser, parse_dataset
from .job_line import ShowProgress, folder, run_job, strengths

if TYPE_CHECKING:
    from .evaluated import Sweep
    from .settings import Settings

HELP = """\
%veil sweep --dataset DIR      average precision at several ALPHAs, and what attackers recover, in one pass
  --alphas LIST                strengths, such as 0.2,0.8; default: of TR-4928's those of the artefact
  --format F, --category NAME  of the data set: fddb, wider, coco or voc; the one that counts, where labels have names
  --model NAME                 a registered model or a model folder; default: %config Veil.model, else faceboxes
  --device DEV, --workers N    auto, cpu, webgpu or cuda:N; images at work at once
  --out DIR                    keep the tallies there
  -o NAME                      variable for what came out: .clean, .rows, .figure, .to_dict()
A record that cannot be used is told, counted and left out.
Interrupt stops it; the same line goes on where it stopped."""

OPTIONS = [
    *("--dataset", "--alphas", "--format", "--category", "--model", "--device", "--workers", "--out"),
    *("--output", "--help", "-o", "-h"),
]

_parser = dataset_parser("sweep")
_parser.add_argument("--alphas")


def parse(line: str) -> argparse.Namespace | None:
    """The options after ``sweep``; None when help was asked for. Raises VeilError ``bad_request`` in one line."""
    options = parse_dataset(_parser, line, "swept")
    if options is not None and options.alphas is not None:
        options.alphas = strengths(options.alphas)
    return options


def run(options: argparse.Namespace, namespace: Mapping[str, Any], settings: Settings) -> Sweep:
    """Sweep, with a bar, and show what came out. Raises VeilError, also for an interrupt."""
    from .evaluating import sweep

    dataset = folder(options.dataset, namespace, DATASET)

    def work(show: ShowProgress) -> Sweep:
        return sweep(
            dataset,
            options.model or settings.model,
            alphas=options.alphas,
            format=options.format,
            category=options.category,
            device=options.device or settings.device,
            workers=options.workers,
            out=options.out,
            progress=show,
        )

    swept = run_job(settings, work, title="Sweep", past="Swept", kept="what was counted so far")
    display_data({"image/svg+xml": swept.figure, "text/plain": "Accuracy and leakage over ALPHA: a chart"})
    return swept
