"""`%veil learn`: its options, and a learning pass with a bar under the cell."""

from __future__ import annotations

import argparse
import keyword
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from ._ipython import arg_split, display
from .arguments import refuse
from .errors import VeilError
from .names import resolve
from .progress import JobProgress, duration

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


class LineParser(argparse.ArgumentParser):
    """Wrong use is a VeilError of one line."""

    def error(self, message: str) -> NoReturn:
        raise refuse(message[:1].upper() + message[1:].rstrip("."), f"{self.prog} -h lists the options.")


_parser = LineParser(prog="%veil learn", add_help=False, allow_abbrev=False)
_parser.add_argument("-h", "--help", action="store_true")
_parser.add_argument("--images")
_parser.add_argument("--model")
_parser.add_argument("--mode", choices=MODES, default="calibrated")
_parser.add_argument("--alphas")
_parser.add_argument("--out")
_parser.add_argument("--looks", type=int)
_parser.add_argument("--seed", type=int)
_parser.add_argument("--device")
_parser.add_argument("--install", action="store_true")
_parser.add_argument("-o", "--output")


def parse(line: str) -> argparse.Namespace | None:
    """The options after ``learn``; None when help was asked for. Raises VeilError ``bad_request`` in one line."""
    try:
        options = _parser.parse_args(arg_split(line))
    except ValueError as problem:  # a quote that does not end
        raise refuse(str(problem), "Close the quote.") from None
    if options.help:
        return None
    if options.images is None:
        raise refuse("%veil learn names no photographs", "Give their folder: %veil learn --images photos/.")
    variable(options.output, "learned")
    if options.looks is not None and options.looks < 1:
        raise refuse(f"--looks {options.looks} is not a number of looks", "Use 1 or more.")
    if options.seed is not None and options.seed < 0:
        raise refuse("--seed is negative", "Use 0 or more.")
    options.alphas = None if options.alphas is None else strengths(options.alphas)
    return options


def run(options: argparse.Namespace, namespace: Mapping[str, Any], settings: Settings) -> Learned:
    """Learn, with a bar, and show what came out. Raises VeilError, also for an interrupt."""
    from .learning import learn

    progress = JobProgress(settings.shell, "Learning")
    try:
        learned = learn(
            folder(options.images, namespace),
            options.model or settings.model,
            mode=options.mode,
            alphas=options.alphas,
            out=options.out,
            looks=options.looks,
            seed=options.seed,
            device=options.device,
            install=options.install,
            progress=progress.show,
        )
    except KeyboardInterrupt:
        progress.finish(f"Stopped at {progress.percent}.")
        raise VeilError(
            "cancelled",
            f"Stopped at {progress.percent}; what was learned so far is kept, and no variable changed.",
            "The same line goes on where it stopped.",
        ) from None
    except VeilError:
        progress.finish(f"Ended at {progress.percent}.")
        raise
    progress.finish(f"Learned in {duration(learned.seconds)}.")
    display(learned)
    return learned


def folder(word: str, namespace: Mapping[str, Any]) -> str | os.PathLike[str]:
    """A path, or the variable that holds one."""
    found = resolve(word, namespace)
    if not isinstance(found, str | os.PathLike):
        raise refuse(f"{word} is no folder", "Give the folder of the photographs.")
    if not Path(found).expanduser().is_dir():
        raise refuse(f"{os.fspath(found)} is no folder", "Give the folder of the photographs.")
    return found


def variable(name: str | None, example: str) -> None:
    """Refuse a name that no variable has. Raises VeilError ``bad_request``."""
    if name is not None and (not name.isidentifier() or keyword.iskeyword(name)):
        raise refuse(f"-o {name} is not a variable's name", f"Name one, for example -o {example}.")


def strengths(text: str) -> list[float]:
    """Numbers between 0 and 1 with commas between. Raises VeilError ``bad_request``."""
    try:
        values = [float(part) for part in text.split(",")]
    except ValueError:
        values = []
    if not values or not all(0 < value < 1 for value in values):
        raise refuse(f"--alphas {text} are no numbers between 0 and 1", "Write for example --alphas 0.2,0.4,0.8.")
    return values
