"""How far a run of several frames is: one display that is updated, or plain lines where nobody watches."""

from __future__ import annotations

import time
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


def watched(shell: Any) -> bool:
    """Whether a notebook with a person before it shows this output.

    Front ends allow a kernel to ask for input; nbclient, nbconvert and papermill do not, plain IPython has no kernel.
    """
    return bool(getattr(getattr(shell, "kernel", None), "_allow_stdin", False))


def _plain(text: str) -> dict[str, str]:
    return {"text/plain": text}
