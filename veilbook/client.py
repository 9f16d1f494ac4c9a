"""The kernel's end of the sidecar: requests that survive the death of a sidecar between two cells."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPException
from typing import Any

from . import launcher, tensors
from ._log import log_lines
from ._state import state_directory
from .errors import VeilError
from .inputs import Frame
from .shared_frames import SharedFrames
from .wire import Aborted, Lost, Pool, Reply, UnixConnection, error_of

#: The body of a request whose frame is in shared memory: one byte that arrives once the whole frame is there.
_FRAME_IS_THERE = b"\1"
#: The event stream says that it is alive every 15 s.
_SILENCE_SECONDS = 45.0


class Sidecar:
    """A lazy, thread-safe client: nothing is started or opened before the first request."""

    def __init__(self, state_dir: str | os.PathLike[str] | None = None) -> None:
        self._state_dir = state_dir
        self._lock = threading.Lock()
        self._pool: Pool | None = None
        self._memory: SharedFrames | None = None
        self.use_shared_memory(True)

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, object] | None = None,
        body: memoryview | bytes | None = None,
        content_type: str | None = None,
        accept: str = "application/json",
        extra: Mapping[str, str] | None = None,
        meanwhile: Callable[[], None] | None = None,
    ) -> Reply:
        """One request; a sidecar that has died is started again, once.

        Raises VeilError: the sidecar's own, ``cancelled`` after ``abort``, ``sidecar_unavailable`` when it dies again.
        KeyboardInterrupt passes through after the connection is closed, which cancels the request's work.
        """
        details = {
            "query": query,
            "body": body,
            "content_type": content_type,
            "accept": accept,
            "extra": extra,
            "meanwhile": meanwhile,
        }
        pool = self._connected()
        reply = self._attempt(pool, method, path, details)
        if reply is None:
            self._forget(pool)
            reply = self._attempt(self._connected(), method, path, details)
        if reply is None:
            raise VeilError(
                "sidecar_unavailable",
                "The sidecar died during this request, was started again and died again. "
                + launcher.last_words(state_directory(self._state_dir)),
                "Look at %veil log.",
            )
        if reply.status >= 400:
            raise error_of(reply)
        return reply

    def send_frame(self, path: str, frame: Frame, query: Mapping[str, object], accept: str = tensors.MIME) -> Reply:
        """A request about one frame; raw pixels go through shared memory where the sidecar can read it."""
        details: dict[str, Any] = {
            "query": {**frame.query, **query},
            "content_type": frame.content_type,
            "accept": accept,
        }
        if frame.size is not None and self._memory is not None:
            try:
                with self._memory.hold(memoryview(frame.data)) as place:
                    return self.request(
                        "POST",
                        path,
                        body=_FRAME_IS_THERE,
                        extra={"Veilbook-Frame": place.path},
                        meanwhile=place.fill,
                        **details,
                    )
            except VeilError as problem:
                if problem.code != "not_found":
                    raise
                self._memory = None  # it runs in another container
        return self.request("POST", path, body=frame.data, **details)

    def use_shared_memory(self, wanted: bool) -> None:
        """Whether raw frames may go through shared memory; without it they go through the socket."""
        self._memory = SharedFrames() if wanted and SharedFrames.available() else None

    def get(self, path: str, **query: object) -> Any:
        """The JSON answer of a GET."""
        return self.request("GET", path, query=query or None).json()

    @contextmanager
    def events(self) -> Iterator[Iterator[dict[str, Any]]]:
        """The sidecar's events from the moment the block is entered; they end when the sidecar does."""
        self.get("/v1/hello")  # one that has died is started again
        connection = self._connected().connection
        stream = UnixConnection(connection.socket, timeout=_SILENCE_SECONDS)
        try:
            try:
                stream.request("GET", "/v1/events", headers={"Authorization": f"Bearer {connection.token}"})
                lines = iter(stream.getresponse().readline, b"")
                next(lines, None)  # it says that it is open once it listens
            except (OSError, HTTPException) as problem:
                what = f"The sidecar's events cannot be heard ({problem or type(problem).__name__})."
                raise VeilError("sidecar_unavailable", what, "Look at %veil log, then run it again.") from None
            yield _events(lines)
        finally:
            stream.close()

    def running(self) -> bool:
        """Whether a sidecar answers now; starts none."""
        return launcher.attach(self._state_dir) is not None

    def abort(self) -> None:
        """Cancel every request of this kernel that is under way; the sidecar lives on."""
        pool = self._pool
        if pool is not None:
            pool.abort()

    def restart(self) -> None:
        """Stop the sidecar and start a new one."""
        self.close()
        launcher.restart(self._state_dir)

    def close(self) -> None:
        """Give up this kernel's lease; the next request opens a new one."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.abort()
            pool.close()
        if self._memory is not None:
            self._memory.close()

    def log(self, lines: int) -> list[str]:
        """The last lines of the log file, also of a sidecar that is gone."""
        return log_lines(state_directory(self._state_dir), lines)

    @staticmethod
    def _attempt(pool: Pool, method: str, path: str, details: dict[str, Any]) -> Reply | None:
        """The answer, or None when that sidecar is gone (a new one on the same socket refuses the old token)."""
        try:
            reply = pool.request(method, path, **details)
            return None if reply.status == 401 else reply
        except Lost:
            return None
        except Aborted:
            raise VeilError("cancelled", "The request was cancelled.", "Run it again.") from None

    def _connected(self) -> Pool:
        with self._lock:
            if self._pool is None:
                self._pool = Pool(launcher.ensure_running(self._state_dir))
            return self._pool

    def _forget(self, pool: Pool) -> None:
        with self._lock:
            if self._pool is pool:
                self._pool = None
        pool.close()


def _events(lines: Iterator[bytes]) -> Iterator[dict[str, Any]]:
    try:
        for line in lines:
            if line.startswith(b"data:"):
                yield json.loads(line[len(b"data:") :])
    except (OSError, HTTPException):
        return


_shared: Sidecar | None = None


def shared() -> Sidecar:
    """The one client of this process."""
    global _shared
    if _shared is None:
        _shared = Sidecar()
    return _shared
