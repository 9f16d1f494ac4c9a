"""The user's sidecar over its UNIX socket, without blocking the Jupyter server. Asking never starts one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from .._state import PROTOCOL, Connection, read_connection
from ..errors import VeilError

JsonObject = dict[str, Any]

#: A panel asks by itself, and nobody may be there to see it: what is only looked at does not keep the sidecar.
LOOK = {"Veilbook-Look": "1"}

CONNECT_SECONDS = 3.0
HELLO_SECONDS = 3.0
#: The event stream says that it is alive every 15 s.
SILENCE_SECONDS = 45.0


class SidecarError(VeilError):
    """An error that the sidecar itself reported, with the HTTP status it gave it."""

    def __init__(self, code: str, message: str, remedy: str, status: int) -> None:
        super().__init__(code, message, remedy)
        self.status = status


async def attach(directory: Path) -> Connection | None:
    """The sidecar that runs for this state directory, once it has answered as the instance its connection file names.

    None when nothing runs, or when what runs speaks another protocol: starting replaces it.
    Raises VeilError ``sidecar_unavailable`` when something listens but does not answer.
    """
    connection = read_connection(directory)
    if connection is None or connection.protocol != PROTOCOL:
        return None
    try:
        hello = await ask(connection, "GET", "/v1/hello", seconds=HELLO_SECONDS)
    except Unreachable:
        return None
    return connection if hello["instance"] == connection.instance else None


class Unreachable(VeilError):
    """Nobody listens on the socket, or the connection broke off: the process is gone or going."""


async def ask(
    connection: Connection, method: str, path: str, *, seconds: float = 10.0, body: JsonObject | None = None
) -> Any:
    """One request; returns the parsed answer, None when it is empty. A GET is a look, everything else uses the sidecar.

    Raises SidecarError with what the sidecar reported, Unreachable when it is gone, and VeilError
    ``sidecar_unavailable`` when it did not answer within ``seconds``.
    """
    what = f"{method} {path.partition('?')[0]}"
    headers = LOOK if method == "GET" else None
    try:
        async with _client(connection, seconds) as client:
            response = await asyncio.wait_for(client.request(method, path, json=body, headers=headers), seconds)
    except (httpx.TimeoutException, asyncio.TimeoutError):
        raise VeilError(
            "sidecar_unavailable",
            f"The sidecar (pid {connection.pid}) did not answer {what} within {seconds:g} s.",
            "Restart it from the panel, or run `%veil restart` in a cell.",
        ) from None
    except httpx.HTTPError as cause:
        raise _unreachable(connection, what) from cause
    if response.is_success:
        return response.json() if response.content else None
    raise _reported(response)


@asynccontextmanager
async def event_stream(connection: Connection, after: int) -> AsyncIterator[AsyncIterator[tuple[int, JsonObject]]]:
    """The sidecar's events with their numbers, until it ends the stream: first those that it remembers after ``after``.

    Raises Unreachable when the stream breaks off.
    """
    headers = {"Last-Event-ID": str(after)}
    try:
        async with (
            _client(connection, SILENCE_SECONDS) as client,
            client.stream("GET", "/v1/events", headers=headers) as response,
        ):
            if not response.is_success:
                await response.aread()
                raise _reported(response)
            yield _events(response)
    except httpx.HTTPError as cause:
        raise _unreachable(connection, "GET /v1/events") from cause


async def _events(response: httpx.Response) -> AsyncIterator[tuple[int, JsonObject]]:
    number = 0
    async for line in response.aiter_lines():
        if line.startswith("id:"):
            number = int(line.removeprefix("id:"))
        elif line.startswith("data:"):
            yield number, json.loads(line.removeprefix("data:"))


@asynccontextmanager
async def _client(connection: Connection, seconds: float) -> AsyncIterator[httpx.AsyncClient]:
    # One client for one request: a connection kept open would count as somebody who uses the sidecar.
    async with httpx.AsyncClient(
        transport=httpx.AsyncHTTPTransport(uds=connection.socket, verify=False, trust_env=False),
        base_url="http://sidecar",
        headers={"Authorization": f"Bearer {connection.token}"},
        timeout=httpx.Timeout(seconds, connect=CONNECT_SECONDS),
        trust_env=False,
    ) as client:
        yield client


def _unreachable(connection: Connection, what: str) -> Unreachable:
    return Unreachable(
        "sidecar_unavailable",
        f"The sidecar (pid {connection.pid}) is gone; {what} was not answered.",
        "Start it from the panel; the next cell starts it too.",
    )


def _reported(response: httpx.Response) -> SidecarError:
    try:
        error = response.json()["error"]
        return SidecarError(error["code"], error["message"], error["remedy"], response.status_code)
    except (ValueError, KeyError, TypeError):
        return SidecarError(
            "internal", f"The sidecar answered with status {response.status_code}.", "See its log.", 502
        )
