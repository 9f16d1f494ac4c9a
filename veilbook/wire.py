"""HTTP/1.1 over a UNIX socket: one connection, and a pool of them that is this kernel's lease on the sidecar."""

from __future__ import annotations

import http.client
import json
import os
import socket
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from ._state import Connection
from .errors import VeilError

#: A whole 1080p frame (6.2 MB) leaves in few system calls.
_SEND_BUFFER = 4 * 1024 * 1024
_IDLE_CONNECTIONS = 8


class Lost(Exception):
    """The sidecar went away during an exchange; nothing of its answer was used."""


class Aborted(Exception):
    """Another thread of this process ended the exchange."""


@dataclass(frozen=True)
class Reply:
    """A complete answer of the sidecar."""

    status: int
    content_type: str
    body: bytes
    #: The machine's monotonic clock (``time.monotonic_ns``) when the sidecar had the whole frame; else None.
    received_ns: int | None = None

    def json(self) -> Any:
        return json.loads(self.body)


class UnixConnection(http.client.HTTPConnection):
    """``http.client`` over a UNIX socket."""

    def __init__(self, path: str, timeout: float | None = None) -> None:
        super().__init__("veilbook", timeout=timeout)
        self._path = path
        self.aborted = False

    def connect(self) -> None:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
            sock.settimeout(self.timeout)
            sock.connect(self._path)
        except BaseException:
            sock.close()
            raise
        self.sock = sock
        if self.aborted:
            self.abort()

    def abort(self) -> None:
        """End a request from another thread: a plain close would leave that thread in ``recv``."""
        self.aborted = True
        sock = self.sock
        if sock is not None:
            with suppress(OSError):  # already gone: nothing is left to end
                sock.shutdown(socket.SHUT_RDWR)


def exchange(
    http_connection: UnixConnection,
    token: str,
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
    """One request and its whole answer.

    ``meanwhile`` is done between the request's head and its body, while the other side reads the head.

    Raises Lost when the other side goes away, Aborted when this side ended it, TimeoutError after the
    connection's timeout.
    """
    headers = {"Authorization": f"Bearer {token}", "Accept": accept, **(extra or {})}
    if body is not None:
        headers["Content-Length"] = str(memoryview(body).nbytes)
        headers["Content-Type"] = content_type or "application/json"
    target = f"{path}?{urlencode(query)}" if query else path
    try:
        try:
            http_connection.putrequest(method, target, skip_accept_encoding=True)
            for name, value in headers.items():
                http_connection.putheader(name, value)
            http_connection.endheaders()
            if meanwhile is not None:
                meanwhile()
            if body is not None:
                http_connection.send(body)
        except (BrokenPipeError, ConnectionResetError):
            # A sidecar that refuses a body early (too large, bad header) answers before it has read it all.
            if http_connection.sock is None:
                raise
        response = http_connection.getresponse()
        received = response.headers.get("Veilbook-Received")
        return Reply(
            response.status,
            response.headers.get_content_type(),
            response.read(),
            int(received) if received else None,
        )
    except TimeoutError:
        raise
    except (OSError, http.client.HTTPException) as problem:
        if http_connection.aborted:
            raise Aborted from None
        raise Lost(str(problem) or type(problem).__name__) from problem


class Pool:
    """Connections to one sidecar life. Thread-safe; those not in use stay open, which keeps the sidecar alive."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._lock = threading.Lock()
        self._idle: list[UnixConnection] = []
        self._busy: set[UnixConnection] = set()
        self._pid = os.getpid()

    def request(self, method: str, path: str, **details: Any) -> Reply:
        """``exchange`` over a pooled connection; a reused one that the sidecar had closed is replaced."""
        reused = self._take()
        if reused is not None:
            try:
                return self._on(reused, method, path, details)
            except Lost:
                pass  # the sidecar may close idle connections at any time
        return self._on(UnixConnection(self.connection.socket), method, path, details)

    def _on(self, http_connection: UnixConnection, method: str, path: str, details: dict[str, Any]) -> Reply:
        with self._lock:
            self._busy.add(http_connection)
        healthy = False
        try:
            reply = exchange(http_connection, self.connection.token, method, path, **details)
            healthy = True
            return reply
        finally:
            # Anything but a whole answer, KeyboardInterrupt included, closes: that cancels the request's work.
            with self._lock:
                self._busy.discard(http_connection)
                keep = healthy and http_connection.sock is not None and len(self._idle) < _IDLE_CONNECTIONS
                if keep:
                    self._idle.append(http_connection)
            if not keep:
                http_connection.close()

    def _take(self) -> UnixConnection | None:
        with self._lock:
            if self._pid != os.getpid():  # a forked child must not speak on its parent's sockets
                self._idle, self._busy, self._pid = [], set(), os.getpid()
            return self._idle.pop() if self._idle else None

    def abort(self) -> None:
        """Cancel every request that is under way."""
        with self._lock:
            busy = list(self._busy)
        for http_connection in busy:
            http_connection.abort()

    def close(self) -> None:
        """Close what is idle: this kernel's lease ends when nothing is under way."""
        with self._lock:
            idle, self._idle = self._idle, []
        for http_connection in idle:
            http_connection.close()


def error_of(reply: Reply) -> VeilError:
    """The sidecar's ErrorBody as an exception."""
    try:
        error = reply.json()["error"]
        return VeilError(str(error["code"]), str(error["message"]), str(error["remedy"]))
    except (ValueError, KeyError, TypeError):
        return VeilError(
            "internal", f"The sidecar answered {reply.status} without saying why.", "Look at its log: %veil log."
        )
