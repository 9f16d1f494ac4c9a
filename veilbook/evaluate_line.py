"""`%veil evaluate`: its options, and an evaluation with a bar under the cell, then its folds."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .arguments import refuse
from .job_line import LineParser, ShowProgress, folder, read_options, run_job

if TYPE_CHECKING:
    from .evaluated import Evaluation
    from .settings import Settings

FORMATS = ("fddb", "wider", "coco", "voc")
HELP = """\
%veil evaluate --dataset DIR   average precision on photographs with boxes: FDDB, WIDER FACE, COCO or Pascal VOC
  --format F, --category NAME  of the data set: fddb, wider, coco or voc; the one that counts, where labels have names
  --model NAME                 a registered model or a model folder; default: %config Veil.model, else faceboxes
  --noisy, --alpha A           through the obfuscation, at this strength; default: %config Veil.alpha
  --device DEV, --workers N    auto, cpu, webgpu or cuda:N; images at work at once
  --out DIR                    keep the tallies there
  -o NAME                      variable for what came out: .folds, .average_ap, .pooled_ap, .to_dict()
A record that cannot be used is told, counted and left out.
Interrupt stops it; the same line goes on where it stopped."""

OPTIONS = [
    *("--dataset", "--format", "--category", "--model", "--noisy", "--alpha", "--device", "--workers", "--out"),
    *("--output", "--help", "-o", "-h"),
]
DATASET = "Give the folder of the data set."


def dataset_parser(command: str) -> LineParser:
    """With the options that evaluations and sweeps have in common."""
    parser = LineParser(prog=f"%veil {command}", add_help=False, allow_abbrev=False)
    parser.add_argument("-h", "--help", action="store_true")
    for option in ("--dataset", "--category", "--model", "--device", "--out"):
        parser.add_argument(option)
    parser.add_argument("--format", choices=FORMATS)
    parser.add_argument("--workers", type=int)
    parser.add_argument("-o", "--output")
    return parser


def parse_dataset(parser: LineParser, line: str, example: str) -> argparse.Namespace | None:
    """The options; None when help was asked for. Raises VeilError ``bad_request`` in one line."""
    options = read_options(parser, line, example)
    if options is None:
        return None
    if options.dataset is None:
        raise refuse(f"{parser.prog} names no data set", f"Give its folder: {parser.prog} --dataset faces/.")
    if options.workers is not None and options.workers < 1:
        raise refuse(f"--workers {options.workers} is not a number of images", "Use 1 or more.")
    return options


_parser = dataset_parser("evaluate")
_parser.add_argument("--noisy", action="store_true")
_parser.add_argument("--alpha", type=float)


def parse(line: str) -> argparse.Namespace | None:
    """The options after ``evaluate``; None when help was asked for. Raises VeilError ``bad_request`` in one line."""
    options = parse_dataset(_parser, line, "evaluated")
    if options is not None and options.alpha is not None and not options.noisy:
        raise refuse("--alpha belongs to --noisy, this is a clean run", "Add --noisy, or leave --alpha out.")
    return options


def run(options: argparse.Namespace, namespace: Mapping[str, Any], settings: Settings) -> Evaluation:
    """Evaluate, with a bar, and show what came out. Raises VeilError, also for an interrupt."""
    from .evaluating import evaluate

    dataset = folder(options.dataset, namespace, DATASET)
    alpha = options.alpha if options.alpha is not None else settings.alpha if options.noisy else None
    if options.noisy and alpha is None:
        raise refuse("--noisy says no strength", "Give one, such as --alpha 0.8, or set %config Veil.alpha.")

    def work(show: ShowProgress) -> Evaluation:
        return evaluate(
            dataset,
            options.model or settings.model,
            alpha=alpha,
            format=options.format,
            category=options.category,
            device=options.device or settings.device,
            workers=options.workers,
            out=options.out,
            progress=show,
        )

    return run_job(settings, work, title="Evaluation", past="Evaluated", kept="what was counted so far")
