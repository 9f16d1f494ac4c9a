"""What the browser may know and do: the sidecar's state, log, defaults and learning; start, restart and stop."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Literal
from urllib.parse import urlencode

from .. import launcher
from .._log import log_lines
from .._state import Connection, read_connection, state_directory
from ..errors import VeilError
from . import sidecar
from .sidecar import JsonObject

State = Literal["running", "stopped", "failed"]

#: A little more than the launcher itself waits for a running one to finish and a new one to answer.
BEGIN_SECONDS = 90.0
FAILURE_LOG_LINES = 5
#: What a crash left is finished before the first answer about a workspace.
WORKSPACE_SECONDS = 60.0
#: A cluster that is out of order is asked again for a while.
JOBS_SECONDS = 60.0
#: A model server may take its time, and so does looking through a long ledger.
LOOK_SECONDS = 60.0


class Panel:
    """The sidecar of one state directory, as the panel and the status bar show it.

    A sidecar that this server saw alive and that died without taking its connection file along has failed. It stays
    failed, with the last lines of its log, until one runs again or somebody says stop: a person who looks later must
    still learn why.
    """

    def __init__(self, announce: Callable[[State], None], state_dir: Path | None = None) -> None:
        """``announce`` is called when the state, or the process behind it, has become another one."""
        self.directory = state_directory(state_dir)
        self._announce = announce
        self._changing = asyncio.Lock()
        self._seen: str | None = None
        self._failure: JsonObject | None = None
        self._last: tuple[State, str | None] = ("stopped", None)

    async def status(self) -> JsonObject:
        """A ``PanelStatus`` of src/protocol/panel.ts. Never starts a process."""
        try:
            connection = await sidecar.attach(self.directory)
            if connection is not None:
                return self._running(connection, await sidecar.ask(connection, "GET", "/v1/status"))
        except sidecar.Unreachable:
            pass
        except VeilError as error:
            return self._settle("failed", None, self._describe(error))
        if self._failure is None and self._died():
            self._failure = self._describe(
                VeilError(
                    "sidecar_unavailable",
                    "The sidecar ended without being asked to; what it was running is lost.",
                    "Start it again here; the next cell starts it too.",
                )
            )
        if self._failure is not None:
            return self._settle("failed", self._seen, self._failure)
        return self._settle("stopped", None, {"state": "stopped"})

    async def start(self) -> JsonObject:
        """Start a sidecar, or find the one that runs already."""
        async with self._changing:
            return await self._begin(launcher.ensure_running)

    async def restart(self) -> JsonObject:
        """End the sidecar, wait for that, and start a new one."""
        async with self._changing:
            self._seen = None
            return await self._begin(launcher.restart)

    async def stop(self) -> JsonObject:
        """End the sidecar. Afterwards nothing counts as failed."""
        async with self._changing:
            self._seen = None
            self._failure = None
            await asyncio.to_thread(launcher.stop, self.directory)
        return await self.status()

    async def set_defaults(self, defaults: JsonObject) -> JsonObject:
        """Set what runs use that name no ALPHA or device. Raises VeilError; then nothing was changed."""
        connection = await self._needed("The defaults were not changed.")
        answer: JsonObject = await sidecar.ask(connection, "PUT", "/v1/defaults", body=defaults)
        return answer

    async def learn(self, request: JsonObject, root: Path) -> JsonObject:
        """Start a learning pass, with folders below ``root`` where they are no whole paths. Raises VeilError."""
        connection = await self._needed("No learning pass was started.")
        model = Path(str(request.get("model", "faceboxes"))).name
        folders = {"images": request.get("images", ""), "out": request.get("out", f"obfuscation-{model}")}
        whole = {name: os.path.abspath(root / Path(str(folder)).expanduser()) for name, folder in folders.items()}
        answer: JsonObject = await sidecar.ask(connection, "POST", "/v1/learn", body={**request, **whole})
        return answer

    async def stop_learning(self) -> JsonObject:
        """Ask the learning pass to stop. Raises VeilError, also when none runs."""
        connection = await self._needed("No learning pass runs.")
        answer: JsonObject = await sidecar.ask(connection, "DELETE", "/v1/learn")
        return answer

    async def workspace(self, root: Path) -> JsonObject:
        """The ``PanelWorkspace`` of ``root``. Starts nothing; raises VeilError, also while no sidecar runs."""
        connection = await self._needed("Snapshots were not listed.")
        seconds = WORKSPACE_SECONDS
        view: JsonObject = await sidecar.ask(connection, "GET", _workspace("", root), seconds=seconds)
        listed: JsonObject = await sidecar.ask(connection, "GET", _workspace("/snapshots", root), seconds=seconds)
        return {**view, **listed}

    async def ask_workspace(self, route: str, root: Path, **query: str) -> JsonObject:
        """One question about the workspace ``root``. Starts nothing; raises VeilError, also while no sidecar runs."""
        connection = await self._needed("Nothing was looked up.")
        answer: JsonObject = await sidecar.ask(
            connection, "GET", _workspace(route, root, **query), seconds=WORKSPACE_SECONDS
        )
        return answer

    async def change_workspace(self, verb: str, path: str, root: Path, body: JsonObject | None = None) -> JsonObject:
        """One request about the workspace ``root``; a sidecar is started where none runs. Raises VeilError."""
        connection = await self._started()
        answer: JsonObject = await sidecar.ask(
            connection, verb, _workspace(path, root), seconds=WORKSPACE_SECONDS, body=body
        )
        return answer

    async def jobs(self, path: str = "") -> JsonObject:
        """One question about Jobs on Kubernetes. Starts nothing; raises VeilError, also while no sidecar runs."""
        connection = await self._needed("Jobs were not looked up.")
        answer: JsonObject = await sidecar.ask(connection, "GET", f"/v1/jobs{path}", seconds=JOBS_SECONDS)
        return answer

    async def change_jobs(self, verb: str, path: str = "", body: JsonObject | None = None) -> JsonObject:
        """Make or remove a Job; a sidecar is started where none runs. Raises VeilError."""
        connection = await self._started()
        answer: JsonObject = await sidecar.ask(connection, verb, f"/v1/jobs{path}", seconds=JOBS_SECONDS, body=body)
        return answer

    async def servers(self, path: str = "") -> JsonObject:
        """One question about model servers. Starts nothing; raises VeilError, also while no sidecar runs."""
        return await self._look(f"/v1/servers{path}")

    async def ledger(self, path: str = "") -> JsonObject:
        """One question about what left. Starts nothing; raises VeilError, also while no sidecar runs."""
        return await self._look(f"/v1/ledger{path}")

    async def _look(self, path: str) -> JsonObject:
        connection = await self._needed("Nothing was looked up.")
        answer: JsonObject = await sidecar.ask(connection, "GET", path, seconds=LOOK_SECONDS)
        return answer

    async def _started(self) -> Connection:
        if await sidecar.attach(self.directory) is None:
            started = await self.start()
            if started["state"] == "failed":
                error = started["error"]
                raise VeilError("sidecar_unavailable", f"{error['message']} Nothing was done.", error["remedy"])
        return await self._needed("Nothing was done.")

    async def _needed(self, undone: str) -> Connection:
        connection = await sidecar.attach(self.directory)
        if connection is None:
            raise VeilError("sidecar_unavailable", f"No sidecar runs. {undone}", "Start it, then try again.")
        return connection

    async def log(self, lines: int) -> JsonObject:
        """The last lines of the log, oldest first, as a person reads them; also when nothing runs."""
        return {"lines": await asyncio.to_thread(log_lines, self.directory, lines)}

    async def _begin(self, begin: Callable[[Path], Connection]) -> JsonObject:
        self._failure = None
        try:
            await asyncio.wait_for(asyncio.to_thread(begin, self.directory), BEGIN_SECONDS)
        except asyncio.TimeoutError:
            error = VeilError(
                "sidecar_unavailable", f"The sidecar did not start within {BEGIN_SECONDS:g} s.", "See its log."
            )
        except VeilError as reported:
            error = reported
        else:
            return await self.status()
        self._failure = self._describe(error)
        return self._settle("failed", None, self._failure)

    def _died(self) -> bool:
        """Whether the sidecar seen last left its connection file behind. One that stops on purpose removes it first."""
        return self._seen is not None and self._named() == self._seen

    def _named(self) -> str | None:
        connection = read_connection(self.directory)
        return connection.instance if connection else None

    def _running(self, connection: Connection, status: JsonObject) -> JsonObject:
        self._seen = connection.instance
        self._failure = None
        return self._settle("running", connection.instance, {"state": "running", "status": status})

    def _describe(self, error: VeilError) -> JsonObject:
        return {
            "state": "failed",
            "error": {"code": error.code, "message": error.message, "remedy": error.remedy},
            "log": log_lines(self.directory, FAILURE_LOG_LINES),
        }

    def _settle(self, state: State, instance: str | None, status: JsonObject) -> JsonObject:
        before, self._last = self._last, (state, instance)
        if before != self._last:
            self._announce(state)
        return status


def _workspace(route: str, root: Path, **query: str) -> str:
    return f"/v1/workspace{route}?{urlencode({'dir': os.path.abspath(root), **query})}"
