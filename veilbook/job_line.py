"""What `%veil learn`, `audit`, `evaluate` and `sweep` have in common: reading lines, showing and stopping a job."""

from __future__ import annotations

import argparse
import keyword
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, Protocol, TypeVar

from ._ipython import arg_split, display
from .arguments import refuse
from .errors import VeilError
from .names import resolve
from .progress import JobProgress, duration

if TYPE_CHECKING:
    from .settings import Settings


class _Timed(Protocol):
    @property
    def seconds(self) -> float: ...


Outcome = TypeVar("Outcome", bound=_Timed)
ShowProgress = Callable[[dict[str, Any]], None]
_PHOTOGRAPHS = "Give the folder of the photographs."


class LineParser(argparse.ArgumentParser):
    """Wrong use is a VeilError of one line."""

    def error(self, message: str) -> NoReturn:
        raise refuse(message[:1].upper() + message[1:].rstrip("."), f"{self.prog} -h lists the options.")


def job_parser(command: str) -> LineParser:
    """With the options that every job has."""
    parser = LineParser(prog=f"%veil {command}", add_help=False, allow_abbrev=False)
    parser.add_argument("-h", "--help", action="store_true")
    for option in ("--images", "--model", "--out", "--device"):
        parser.add_argument(option)
    parser.add_argument("--alphas")
    parser.add_argument("--seed", type=int)
    parser.add_argument("-o", "--output")
    return parser


def parse_job(parser: LineParser, line: str, example: str) -> argparse.Namespace | None:
    """The options of a job, ``alphas`` as numbers; None when help was asked for.

    ``example`` is a name for the variable of ``-o``. Raises VeilError ``bad_request`` in one line.
    """
    options = read_options(parser, line, example)
    if options is None:
        return None
    if options.images is None:
        raise refuse(f"{parser.prog} names no photographs", f"Give their folder: {parser.prog} --images photos/.")
    if options.seed is not None and options.seed < 0:
        raise refuse("--seed is negative", "Use 0 or more.")
    options.alphas = None if options.alphas is None else strengths(options.alphas)
    return options


def read_options(parser: LineParser, line: str, example: str) -> argparse.Namespace | None:
    """The options of a parser that knows ``--help`` and ``--output``; None when help was asked for.

    Raises VeilError ``bad_request`` in one line.
    """
    try:
        options = parser.parse_args(arg_split(line))
    except ValueError as problem:  # a quote that does not end
        raise refuse(str(problem), "Close the quote.") from None
    if options.help:
        return None
    name = options.output
    if name is not None and (not name.isidentifier() or keyword.iskeyword(name)):
        raise refuse(f"-o {name} is not a variable's name", f"Name one, for example -o {example}.")
    return options


def run_job(
    settings: Settings, work: Callable[[ShowProgress], Outcome], *, title: str, past: str, kept: str
) -> Outcome:
    """Run a job with a bar under the cell, and show what came out.

    ``title`` names the bar, ``past`` what was done ("Learned"), ``kept`` what an interrupted job keeps ("what was
    learned so far"). Raises VeilError, also for an interrupt: ``cancelled``, in one line.
    """
    progress = JobProgress(settings.shell, title)
    try:
        outcome = work(progress.show)
    except KeyboardInterrupt:
        progress.finish(f"Stopped at {progress.percent}.")
        raise VeilError(
            "cancelled",
            f"Stopped at {progress.percent}; {kept} is kept, and no variable changed.",
            "The same line goes on where it stopped.",
        ) from None
    except VeilError:
        progress.finish(f"Ended at {progress.percent}.")
        raise
    progress.finish(f"{past} in {duration(outcome.seconds)}.")
    display(outcome)
    return outcome


def folder(word: str, namespace: Mapping[str, Any], remedy: str = _PHOTOGRAPHS) -> str | os.PathLike[str]:
    """A path, or the variable that holds one. Raises VeilError ``bad_request`` with this remedy for anything else."""
    found = resolve(word, namespace)
    if not isinstance(found, str | os.PathLike):
        raise refuse(f"{word} is no folder", remedy)
    if not Path(found).expanduser().is_dir():
        raise refuse(f"{os.fspath(found)} is no folder", remedy)
    return found


def strengths(text: str) -> list[float]:
    """Numbers between 0 and 1 with commas between. Raises VeilError ``bad_request``."""
    try:
        values = [float(part) for part in text.split(",")]
    except ValueError:
        values = []
    if not values or not all(0 < value < 1 for value in values):
        raise refuse(f"--alphas {text} are no numbers between 0 and 1", "Write for example --alphas 0.2,0.4,0.8.")
    return values
