"""The magic's line: its options, as `%veil?` prints them, and what they amount to."""

from __future__ import annotations

import argparse
import difflib
import keyword
import re
from collections.abc import Callable
from typing import TypeVar

from IPython.core.error import UsageError

from ._ipython import arg_split, argument
from .cell import Stages
from .errors import VeilError
from .runs import Options, shown_pictures
from .settings import Settings

RUNS = ("clean", "noisy")
LEARN, AUDIT, EVALUATE, SWEEP = "learn", "audit", "evaluate", "sweep"
JOBS = (LEARN, AUDIT, EVALUATE, SWEEP)
SNAPSHOTS = ("snapshot", "snapshots")
SERVICES = ("status", "devices", "log", "restart")
DEVICES = ("auto", "cpu", "webgpu", "cuda:0")

_Magic = TypeVar("_Magic", bound=Callable[..., object])

_ARGUMENTS = [
    argument(
        "command",
        nargs="?",
        help="clean or noisy; learn, audit, evaluate or sweep; snapshot or snapshots; status, devices, log or restart",
    ),
    argument("images", nargs="*", help="paths, patterns such as photos/*.jpg, or variables"),
    argument("-i", "--input", action="append", metavar="NAME", help="variable, dotted name or path of the image(s)"),
    argument("-o", "--output", metavar="NAME", help="variable for the result; keeps its old value on failure"),
    argument("--alpha", type=float, help="noise strength (noisy only)"),
    argument("--device", help="auto, cpu, webgpu or cuda:N"),
    argument("--model", help="name of a registered model, or a model folder"),
    argument("--threshold", type=float, help="score from which a box is drawn, 0 to 1"),
    argument("--repeat", type=int, default=1, metavar="N", help="run N times and print the times; shows the last"),
    argument("--compare", action="store_true", help="run the frame the other way too, for the view's switch"),
    argument("--format", choices=["jpeg", "png"], help="how pictures are coded"),
    argument("--bgr", action="store_true", help="arrays are BGR, as OpenCV reads them"),
    argument("--activation", action="store_true", help="keep result.activation for several frames too"),
    argument("--skip-bad", action="store_true", help="leave images out that cannot be read"),
    argument("--dry-run", action="store_true", help="check everything, say what would run, run nothing"),
    argument("--tail", metavar="URL", help="where the tail runs: triton://host:port/model; the default is here"),
    argument(
        "--allow-clean-egress", action="store_true", help="clean with a tail elsewhere: send what shows the picture"
    ),
    argument("--insecure-seed", type=int, metavar="N", help="repeatable noise for tests: marked not private"),
]
OPTIONS = [
    *("--alpha", "--device", "--model", "--threshold", "--repeat", "--compare", "--format", "--bgr", "--activation"),
    *(
        "--skip-bad",
        "--dry-run",
        "--tail",
        "--allow-clean-egress",
        "--insecure-seed",
        "--input",
        "--output",
        "-i",
        "-o",
    ),
]


def veil_arguments(magic: _Magic) -> _Magic:
    """Decorate a magic with every option; order matters to IPython, so they are applied last to first."""
    for decorate in reversed(_ARGUMENTS):
        magic = decorate(magic)
    return magic


def parse(magic: Callable[..., object], line: str) -> argparse.Namespace:
    """The options of a line. Raises VeilError ``bad_request`` in one line where argparse would print its usage."""
    try:
        # Intermixed: `noisy --alpha 0.2 photo.jpg` names the photo after an option.
        parser: argparse.ArgumentParser = magic.parser  # type: ignore[attr-defined]
        options = parser.parse_intermixed_args(arg_split(line))
    except (UsageError, ValueError) as problem:
        raise refuse(_readable(str(problem)), _nearest(line) or "%veil? lists the options.") from None
    if options.output is not None and (not options.output.isidentifier() or keyword.iskeyword(options.output)):
        raise refuse(f"-o {options.output} is not a variable's name", "Name one, for example -o result.")
    if options.repeat < 1:
        raise refuse(f"--repeat {options.repeat} is not a number of runs", "Use 1 or more.")
    if options.insecure_seed is not None and options.insecure_seed < 0:
        raise refuse("--insecure-seed is negative", "Use 0 or more.")
    return options


def options_of(line: argparse.Namespace, stages: Stages, settings: Settings, *, rich: bool) -> Options:
    """What to run: the line, then the cell's stages, then `%config Veil`. Two that disagree are refused."""
    mode = line.command
    alpha = _agree("alpha", "--alpha", line.alpha, "noise:", stages.alpha)
    threshold = _agree("threshold", "--threshold", line.threshold, "threshold:", stages.threshold)
    if mode == "clean":
        if alpha is not None:
            raise refuse("A clean run has no noise, so --alpha means nothing", "Use %%veil noisy, or leave it out.")
        if line.insecure_seed is not None:
            raise refuse("A clean run has no noise to seed", "Use %%veil noisy, or leave --insecure-seed out.")
    elif alpha is None:
        alpha = settings.alpha
    if threshold is None:
        threshold = settings.threshold
    if threshold is not None and not 0 <= threshold <= 1:
        raise refuse(f"--threshold {threshold:g} is outside 0 to 1", "Use a value inside.")
    device = line.device or settings.device
    if device is not None and not re.fullmatch(r"auto|cpu|webgpu|cuda:\d{1,2}", device):
        raise refuse(f"{device!r} is not a device", "Use auto, cpu, webgpu or cuda:N; %veil devices lists yours.")
    return Options(
        mode=mode,
        alpha=alpha,
        threshold=threshold,
        device=device,
        model=line.model or settings.model,
        picture_format=line.format or settings.format,
        insecure_seed=line.insecure_seed,
        tail=_tail(line.tail, stages.tail),
        allow_clean_egress=line.allow_clean_egress,
        pictures=shown_pictures(mode) if rich else ("annotated",),
    )


def _agree(what: str, flag: str, flagged: float | None, stage: str, declared: float | None) -> float | None:
    if flagged is not None and declared is not None and flagged != declared:
        raise refuse(f"{flag} {flagged:g} and {stage} {declared:g} disagree about {what}", "Keep one of them.")
    return declared if flagged is None else flagged


def _tail(flagged: str | None, declared: str | None) -> str | None:
    if flagged is not None and declared is not None and flagged != declared:
        raise refuse(f"--tail {flagged} and tail: {declared} disagree about where the tail runs", "Keep one of them.")
    return declared if flagged is None else flagged


def _readable(problem: str) -> str:
    return problem[:1].upper() + problem[1:].rstrip(".")


def _nearest(line: str) -> str | None:
    """The option that a misspelt one most looks like."""
    for word in line.split():
        if word.startswith("--") and word.split("=")[0] not in OPTIONS:
            close = difflib.get_close_matches(word.split("=")[0], OPTIONS, n=1)
            if close:
                return f"Did you mean {close[0]}?"
    return None


def refuse(what: str, remedy: str) -> VeilError:
    return VeilError("bad_request", f"{what}. Nothing was run.", remedy)
