"""Hands the sidecar's events on as Jupyter Events, for as long as somebody uses this Jupyter server."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable

from .._state import Connection
from ..errors import VeilError
from . import sidecar
from .panel import Panel
from .sidecar import JsonObject

#: A sidecar that a kernel started is noticed after this time: one look at its connection file.
WATCH_SECONDS = 1.0
#: A sidecar that does not answer is asked again after these times, at once when its connection file changes: one that
#: has just been started on a busy machine answers late.
RETRY_SECONDS = (1.0, 2.0, 5.0, 30.0)
IN_USE_SECONDS = 30.0
BACKOFF_SECONDS = (0.2, 1.0, 5.0, 30.0)
CANCEL_SECONDS = 0.5


class EventRelay:
    """One background task that listens to whichever sidecar runs.

    Its open connection is a client in the sidecar's idle lease: a JupyterLab in use keeps the sidecar. When ``in_use``
    says that nobody uses this server any more, the connection is closed and the lease runs out as usual. What happened
    before it was open, or while it was not, is handed on as soon as it is.
    """

    def __init__(
        self, panel: Panel, emit: Callable[[JsonObject], None], in_use: Callable[[], bool], log: logging.Logger
    ) -> None:
        self._panel = panel
        self._emit = emit
        self._in_use = in_use
        self._log = log
        self._task: asyncio.Task[None] | None = None
        #: The sidecar that was heard last, and the number of its last event.
        self._heard: tuple[str, int] = ("", 0)

    def start(self) -> None:
        """Begin to listen, on the running event loop."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """End the task and its connection.

        Cancelled until it has ended: before Python 3.12 ``asyncio.wait_for`` loses a cancellation that comes in the
        moment in which its answer does (bpo-42130), and the Jupyter server would wait for ever.
        """
        while self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.wait({self._task}, timeout=CANCEL_SECONDS)

    async def _run(self) -> None:
        failures = 0
        while True:
            connection = await self._next()
            began = time.monotonic()
            try:
                await self._listen(connection)
            except VeilError as error:
                self._log.debug("Veilbook: the sidecar's events ended: %s", error)
            except Exception:
                self._log.exception("Veilbook: handing on the sidecar's events failed; trying again.")
            await self._panel.status()
            lasted = time.monotonic() - began
            failures = 0 if lasted > BACKOFF_SECONDS[-1] else min(failures + 1, len(BACKOFF_SECONDS) - 1)
            await asyncio.sleep(BACKOFF_SECONDS[failures])

    async def _next(self) -> Connection:
        """Wait until a sidecar runs and somebody is there to hear of it."""
        tried: tuple[int, int] | None = None
        tried_at = 0.0
        times = 0
        while True:
            stamp = self._stamp()
            overdue = (
                stamp is not None and time.monotonic() - tried_at > RETRY_SECONDS[min(times, len(RETRY_SECONDS)) - 1]
            )
            if (stamp != tried or overdue) and self._in_use():
                times = times + 1 if stamp == tried else 1
                tried, tried_at = stamp, time.monotonic()
                with contextlib.suppress(VeilError):
                    connection = await sidecar.attach(self._panel.directory)
                    if connection is not None:
                        return connection
                await self._panel.status()
            await asyncio.sleep(WATCH_SECONDS)

    def _stamp(self) -> tuple[int, int] | None:
        try:
            found = (self._panel.directory / "sidecar.json").stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns

    async def _listen(self, connection: Connection) -> None:
        instance, number = self._heard
        if instance != connection.instance:
            self._heard = (connection.instance, number := 0)
        async with sidecar.event_stream(connection, number) as events:
            await self._panel.status()
            handing_on = asyncio.ensure_future(self._hand_on(connection.instance, events))
            unused = asyncio.ensure_future(self._until_unused())
            try:
                await asyncio.wait({handing_on, unused}, return_when=asyncio.FIRST_COMPLETED)
                if handing_on.done():
                    handing_on.result()
            finally:
                for task in (handing_on, unused):
                    task.cancel()
                await asyncio.gather(handing_on, unused, return_exceptions=True)

    async def _hand_on(self, instance: str, events: AsyncIterator[tuple[int, JsonObject]]) -> None:
        async for number, event in events:
            self._heard = (instance, number)
            self._emit(event)

    async def _until_unused(self) -> None:
        while self._in_use():
            await asyncio.sleep(IN_USE_SECONDS)
