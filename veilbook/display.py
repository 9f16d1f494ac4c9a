"""A run's output under its cell: captions, at most a few frames inline, the rest on disk and linked."""

from __future__ import annotations

import re
import statistics
from collections.abc import Generator
from contextlib import closing
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from ._ipython import display, display_data
from .client import shared
from .errors import VeilError
from .progress import Progress
from .results import FrameResults
from .runs import Options, run, run_all

if TYPE_CHECKING:
    from .inputs import Source
    from .results import FrameResult
    from .settings import Settings

#: Where frames go that are not shown inline, in the notebook's directory.
FOLDER = Path("veilbook-frames")
_LINKS_SHOWN = 20


class Session:
    """One execution of a `%%veil` cell."""

    def __init__(self, settings: Settings, options: Options, *, compare: bool, repeat: int, skip_bad: bool) -> None:
        self._settings = settings
        self._options = options
        self._compare = compare
        self._repeat = repeat
        self._skip_bad = skip_bad
        self._sidecar = shared()

    def show(self, sources: list[Source]) -> FrameResult | FrameResults:
        """Run and show; one result for one frame, a list for several. Raises VeilError, also for an interrupt."""
        total = len(sources) * self._repeat
        progress = Progress(self._settings.shell, total)
        rounds: list[float] = []
        try:
            for attempt in range(1, self._repeat + 1):
                results = self._round(sources, progress, last=attempt == self._repeat)
                rounds.append(sum(result.timings["total"] for result in results) / max(len(results), 1))
        except KeyboardInterrupt:
            raise VeilError(
                "cancelled",
                f"Interrupted after {progress.done} of {total} frames; the sidecar goes on and no variable changed.",
                "Run the cell again.",
            ) from None
        finally:
            progress.finish()
        if not results:
            raise VeilError("bad_image", "Every image was left out.", "Give one that can be read.")
        if self._repeat > 1:
            print(_times(rounds))
        return results[0] if len(sources) == 1 else results

    def _round(self, sources: list[Source], progress: Progress, *, last: bool) -> FrameResults:
        results = FrameResults()
        links: list[tuple[Path, str]] = []
        with closing(self._outcomes(sources)) as outcomes:
            for at, (source, outcome) in enumerate(outcomes):
                progress.step()
                if isinstance(outcome, VeilError):
                    if not self._skip_bad:
                        raise _where(outcome, at, len(sources))
                    if last:
                        print(f"Left out: {outcome}")
                    continue
                results.append(outcome)
                if last:
                    outcome.rich = self._settings.rich
                    outcome.compare = self._other_way(source) if self._compare else None
                    if at < self._settings.max_inline:
                        self._inline(outcome)
                    else:
                        links.append((_write(outcome, at), f"{source.name}: {outcome.caption}"))
        if links:
            display_data(_linked(links))
        return results

    def _outcomes(self, sources: list[Source]) -> Generator[tuple[Source, FrameResult | VeilError], None, None]:
        """Only what is shown inline needs the pictures of the interactive view."""
        shown, rest = sources[: self._settings.max_inline], sources[self._settings.max_inline :]
        plain = replace(self._options, pictures=("annotated",))
        first = run_all(self._sidecar, shown, self._options)
        second = run_all(self._sidecar, rest, plain)
        with closing(first), closing(second):
            yield from chain(first, second)

    def _other_way(self, source: Source) -> FrameResult:
        mode = "clean" if self._options.mode == "noisy" else "noisy"
        alpha = self._settings.alpha if mode == "noisy" else None
        other = replace(
            self._options, mode=mode, alpha=alpha, threshold=None, insecure_seed=None, pictures=(), activation=False
        )
        return run(self._sidecar, source.load(), other)

    def _inline(self, result: FrameResult) -> None:
        # As text of its own, for where only the picture of an output is shown; a terminal shows the text already.
        if hasattr(self._settings.shell, "kernel"):
            print(f"{result.document['image']}: {result.caption}")
            if not result.rich:
                print(*result.notices, sep="\n")
        display(result)


def _write(result: FrameResult, at: int) -> Path:
    """Write the annotated frame to FOLDER and let go of it."""
    picture = result.pictures.pop("annotated")
    stem = re.sub(r"[^\w.-]+", "_", Path(result.document["image"]).stem)[-60:]
    path = FOLDER / f"{at + 1:04d}-{result.mode}-{stem}{picture.suffix}"
    try:
        FOLDER.mkdir(exist_ok=True)
        path.write_bytes(picture.data)
    except OSError as problem:
        raise VeilError(
            "internal",
            f"{path} cannot be written ({problem.strerror}). The frames before it were run and shown.",
            "Make room or change the directory, or raise %config Veil.max_inline.",
        ) from None
    result.path = path.absolute()
    return path


def _linked(links: list[tuple[Path, str]]) -> dict[str, str]:
    shown, more = links[:_LINKS_SHOWN], len(links) - _LINKS_SHOWN
    tail = [f"and {more} more in {FOLDER}"] if more > 0 else []
    return {
        "text/plain": "\n".join([*(f"{path}  {caption}" for path, caption in shown), *tail]),
        "text/markdown": "\n".join(
            [
                *(f"- [{path}]({path.as_posix()}) {_escaped(caption)}" for path, caption in shown),
                *(f"- {t}" for t in tail),
            ]
        ),
    }


def _escaped(text: str) -> str:
    return re.sub(r"([\\`*_\[\]<>#|])", r"\\\1", text)


def _where(problem: VeilError, at: int, total: int) -> VeilError:
    if total == 1:
        return problem
    place = f"This was frame {at + 1} of {total}; the result of the others was dropped."
    return VeilError(problem.code, f"{problem.message} {place}", problem.remedy or "Pass --skip-bad to leave it out.")


def _times(rounds: list[float]) -> str:
    return (
        f"{len(rounds)} runs: mean {statistics.fmean(rounds):.2f} ms, median {statistics.median(rounds):.2f}, "
        f"min {min(rounds):.2f}, max {max(rounds):.2f} a frame ({', '.join(f'{value:.2f}' for value in rounds)})"
    )
