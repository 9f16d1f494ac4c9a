"""How far runs of frames and jobs are: one display that is updated, or plain lines where nobody watches."""

from __future__ import annotations

import time
from html import escape
from typing import Any

from ._ipython import display_data

_UPDATE_SECONDS = 0.2
_LINE_SECONDS = 5.0


class Progress:
    """Counts frames. Says nothing for a single one."""

    def __init__(self, shell: Any, total: int) -> None:
        self._total = total
        self._done = 0
        self._start = self._last = time.monotonic()
        self._live = total > 1 and watched(shell)
        self._handle: Any = None
        if self._live:
            self._handle = display_data(_plain(f"0 of {total} frames"), updatable=True)

    @property
    def done(self) -> int:
        return self._done

    def step(self) -> None:
        """One more frame is finished."""
        self._done += 1
        now = time.monotonic()
        if self._total > 1 and self._done < self._total and now - self._last >= self._pause:
            self._last = now
            self._tell(f"{self._done} of {self._total} frames · {self._rate(now)}")

    def finish(self) -> None:
        """The last words, also after a failure."""
        if self._total > 1:
            now = time.monotonic()
            self._tell(f"{self._done} of {self._total} frames in {now - self._start:.1f} s · {self._rate(now)}")

    @property
    def _pause(self) -> float:
        return _UPDATE_SECONDS if self._live else _LINE_SECONDS

    def _rate(self, now: float) -> str:
        return f"{self._done / max(now - self._start, 1e-6):.1f} frames/s"

    def _tell(self, text: str) -> None:
        if self._handle is None:
            print(text)
        else:
            self._handle.update(_plain(text), raw=True)


_STAGES = {
    "activations": "activations of the photographs",
    "spectra": "their spectra",
    "sensitivity": "what the tail is sensitive to",
    "shape": "shape of the noise",
    "refine": "refining the noise",
    "decoder": "training an attacker",
    "calibrate": "calibrating ALPHA",
    "server": "the server's side",
    "measure": "measuring",
    "prepare": "preparing",
    "clean": "attacking clean activations",
    "conformance": "checking what leaves",
}


class JobProgress:
    """A bar with stage and ALPHA, or images, and time left; where nobody watches, a line for each stage."""

    def __init__(self, shell: Any, name: str) -> None:
        self._name = name
        self._stage = ""
        self._told = -_LINE_SECONDS
        self._share = 0.0
        self._handle: Any = None
        if watched(shell):
            self._handle = display_data(_bar(name, 0.0, "starting"), updatable=True)

    def show(self, progress: dict[str, Any]) -> None:
        """A LearnProgress, AuditProgress or EvaluationJobProgress; the sidecar sends at most four a second."""
        self._share = min(1.0, max(0.0, progress["done"]))
        counting = "images" in progress
        stage = _counted(progress) if counting else _STAGES.get(progress["stage"], progress["stage"])
        if self._handle is not None:
            alpha = progress.get("knot", progress.get("alpha"))
            at = "" if alpha is None else f", ALPHA {alpha:g}"
            left = progress["seconds_left"]
            self._handle.update(
                _bar(self._name, self._share, f"{stage}{at}{'' if left is None else f' · {duration(left)} left'}"),
                raw=True,
            )
        elif stage != self._stage and not (counting and time.monotonic() - self._told < _LINE_SECONDS):
            self._told = time.monotonic()
            print(f"{self._share:4.0%} {stage}")
        self._stage = stage

    def finish(self, words: str) -> None:
        """The last words, in place of the bar."""
        if self._handle is not None:
            self._handle.update(_plain(words), raw=True)
        else:
            print(words)

    @property
    def percent(self) -> str:
        return f"{self._share:.0%}"


def _counted(progress: dict[str, Any]) -> str:
    rate = progress["images_per_s"]  # 0 until the second image
    return f"{progress['images']} of {progress['of']} images{f', {rate:.1f} a second' if rate > 0 else ''}"


def _bar(name: str, share: float, words: str) -> dict[str, str]:
    text = f"{share:4.0%} {words}"
    bar = f'<progress value="{share:.3f}" max="1" aria-label="{name}"></progress>'
    return {"text/plain": text, "text/html": f"{bar} {escape(text)}"}


def duration(seconds: float) -> str:
    """Seconds for a person: 40 s, 4 min, 1 h 20 min."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def watched(shell: Any) -> bool:
    """Whether a notebook with a person before it shows this output.

    Front ends allow a kernel to ask for input; nbclient, nbconvert and papermill do not, plain IPython has no kernel.
    """
    return bool(getattr(getattr(shell, "kernel", None), "_allow_stdin", False))


def _plain(text: str) -> dict[str, str]:
    return {"text/plain": text}
