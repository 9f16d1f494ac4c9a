"""`%veil learn`: its options, and a learning pass with a bar under the cell."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .arguments import refuse
from .job_line import ShowProgress, folder, job_parser, parse_job, run_job

if TYPE_CHECKING:
    from .learning import Learned
    from .settings import Settings

MODES = ("calibrated", "cloak")
HELP = """\
%veil learn --images DIR   learn an obfuscation from the photographs in a folder and below; takes tens of minutes
  --model NAME             a registered model or a model folder; default: %config Veil.model, else faceboxes
  --mode MODE              calibrated (ALPHA is measured) or cloak (ALPHA weighs noise against the task)
  --alphas LIST            strengths to learn, such as 0.2,0.4,0.8
  --out DIR                folder for the artefact; default obfuscation-<model>
  --looks K, --seed N      ALPHA holds for K looks at one source; seed of the learning
  --device DEVICE          auto, cpu, webgpu or cuda:N
  --install                put the finished artefact into the model folder
  -o NAME                  variable for what was learned
Interrupt stops the pass; the same line goes on where it stopped."""


OPTIONS = [
    *("--images", "--model", "--mode", "--alphas", "--out", "--looks", "--seed", "--device", "--install", "--output"),
    *("--help", "-o", "-h"),
]


_parser = job_parser("learn")
_parser.add_argument("--mode", choices=MODES, default="calibrated")
_parser.add_argument("--looks", type=int)
_parser.add_argument("--install", action="store_true")


def parse(line: str) -> argparse.Namespace | None:
    """The options after ``learn``; None when help was asked for. Raises VeilError ``bad_request`` in one line."""
    options = parse_job(_parser, line, "learned")
    if options is not None and options.looks is not None and options.looks < 1:
        raise refuse(f"--looks {options.looks} is not a number of looks", "Use 1 or more.")
    return options


def run(options: argparse.Namespace, namespace: Mapping[str, Any], settings: Settings) -> Learned:
    """Learn, with a bar, and show what came out. Raises VeilError, also for an interrupt."""
    from .learning import learn

    images = folder(options.images, namespace)

    def work(show: ShowProgress) -> Learned:
        return learn(
            images,
            options.model or settings.model,
            mode=options.mode,
            alphas=options.alphas,
            out=options.out,
            looks=options.looks,
            seed=options.seed,
            device=options.device,
            install=options.install,
            progress=show,
        )

    return run_job(settings, work, title="Learning", past="Learned", kept="what was learned so far")
