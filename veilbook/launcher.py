"""Attach to this machine's one sidecar, or start it. Kernels and the server extension use the same function."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ._log import log_lines
from ._node import find_bundle, find_node
from ._state import PROTOCOL, Connection, read_connection, state_directory
from .errors import VeilError
from .wire import Lost, UnixConnection, exchange

_HELLO_SECONDS = 10.0
_START_SECONDS = 60.0
_STOP_SECONDS = 15.0
_STARTS_ALLOWED = 3
_STARTS_WINDOW = 60.0

# Our own children, kept so that a dead one is reaped instead of staying a zombie with a living pid.
_children: list[subprocess.Popen[bytes]] = []


def ensure_running(state_dir: str | os.PathLike[str] | None = None) -> Connection:
    """A connection to the running sidecar of this state directory; started first when there is none.

    Blocks until it answers (about half a second for a start). Any number of processes may call it at once: the
    lock lets one start it and all attach. Raises VeilError ``sidecar_unavailable``.
    """
    directory = state_directory(state_dir)
    found = _attach(directory)
    if found is not None and found.protocol == PROTOCOL:
        return found
    with _locked(directory):
        found = _attach(directory)
        if found is not None and found.protocol == PROTOCOL:
            return found
        if found is not None:
            _stop(found)
        _clear_stale(directory)
        _count_start(directory)
        return _start(directory)


def attach(state_dir: str | os.PathLike[str] | None = None) -> Connection | None:
    """The running sidecar of our protocol, or None; never starts one."""
    found = _attach(state_directory(state_dir))
    return found if found is not None and found.protocol == PROTOCOL else None


def restart(state_dir: str | os.PathLike[str] | None = None) -> Connection:
    """Stop the running sidecar (its requests finish first) and start a new one, because a person asked for it."""
    directory = state_directory(state_dir)
    with _locked(directory):
        _end(directory)
        _clear_stale(directory)
        (directory / "starts").unlink(missing_ok=True)
        return _start(directory)


def stop(state_dir: str | os.PathLike[str] | None = None) -> None:
    """End the running sidecar, after its requests; does nothing when none runs."""
    directory = state_directory(state_dir)
    with _locked(directory):
        _end(directory)
        _clear_stale(directory)
        (directory / "starts").unlink(missing_ok=True)


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    try:
        descriptor = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)
    except OSError as problem:  # a full disk above all
        raise VeilError(
            "sidecar_unavailable",
            f"The sidecar could not be started or stopped in {directory} ({problem.strerror or problem}).",
            "Make room there, or set VEILBOOK_STATE_DIR to another directory of your own.",
        ) from None


def _attach(directory: Path) -> Connection | None:
    """Who answers on the socket of the connection file, if it is the instance that the file names.

    A pid proves nothing and the socket's file outlives a killed process, so only an answer counts.
    """
    for child in list(_children):
        if child.poll() is not None:
            _children.remove(child)
    connection = read_connection(directory)
    if connection is None:
        return None
    client = UnixConnection(connection.socket, timeout=_HELLO_SECONDS)
    try:
        reply = exchange(client, connection.token, "GET", "/v1/hello")
        if reply.status != 200 or reply.json()["instance"] != connection.instance:
            return None
        return connection
    except TimeoutError:
        raise VeilError(
            "sidecar_unavailable",
            f"The sidecar (pid {connection.pid}) accepts connections but did not answer in {_HELLO_SECONDS:.0f} s. "
            "Nothing was run.",
            "If it stays so, end it and start a new one with %veil restart.",
        ) from None
    except (Lost, OSError, ValueError, KeyError, TypeError):
        return None
    finally:
        client.close()


def _clear_stale(directory: Path) -> None:
    """Remove what a dead sidecar left. Only under the lock, and never another host's file."""
    connection = read_connection(directory)
    if connection is not None:
        Path(connection.socket).unlink(missing_ok=True)
        (directory / "sidecar.json").unlink(missing_ok=True)


def _stop(connection: Connection) -> None:
    """Ask it to finish and go; when it does not, end the process that still answers under this instance."""
    client = UnixConnection(connection.socket, timeout=_HELLO_SECONDS)
    with suppress(Lost, OSError):
        exchange(client, connection.token, "POST", "/v1/stop")
    client.close()
    deadline = time.monotonic() + _STOP_SECONDS
    while _answers(connection):
        if time.monotonic() > deadline:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(connection.pid, signal.SIGKILL)
            return
        time.sleep(0.02)


def _end(directory: Path) -> None:
    """End the sidecar that runs, because a person asked for it: also one that listens but answers no more."""
    try:
        found = _attach(directory)
    except VeilError:
        hung = read_connection(directory)
        if hung is None or _listener(hung.socket) != hung.pid:
            raise
        os.kill(hung.pid, signal.SIGKILL)
        return
    if found is not None:
        _stop(found)


def _listener(path: str) -> int | None:
    """The pid of the process that listens on a UNIX socket, from the operating system; None where it does not say."""
    if not hasattr(socket, "SO_PEERCRED"):
        return None
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        try:
            probe.connect(path)
            return int.from_bytes(probe.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)[:4], sys.byteorder)
        except OSError:
            return None


def _answers(connection: Connection) -> bool:
    client = UnixConnection(connection.socket, timeout=_HELLO_SECONDS)
    try:
        return bool(exchange(client, connection.token, "GET", "/v1/hello").json()["instance"] == connection.instance)
    except (Lost, OSError, ValueError, KeyError, TypeError):
        return False
    finally:
        client.close()


def _count_start(directory: Path) -> None:
    """Three starts in a minute mean that it dies at once: starting it a fourth time would hide why."""
    record = directory / "starts"
    now = time.time()
    try:
        times = [float(line) for line in record.read_text(encoding="ascii").split()]
    except (OSError, ValueError):
        times = []
    recent = [moment for moment in times if 0 <= now - moment < _STARTS_WINDOW]
    if len(recent) >= _STARTS_ALLOWED:
        raise VeilError(
            "sidecar_unavailable",
            f"The sidecar was started {len(recent)} times within a minute and did not stay. It was not started again. "
            + last_words(directory),
            "Look at %veil log, then start it with %veil restart.",
        )
    record.touch(mode=0o600)
    record.write_text("".join(f"{moment}\n" for moment in [*recent, now]), encoding="ascii")


def last_words(directory: Path, count: int = 5) -> str:
    """The end of the log as part of a one-line message."""
    lines = [line.strip() for line in log_lines(directory, count) if line.strip()]
    return f"Last lines of its log: {' | '.join(lines)}." if lines else f"Its log {directory / 'log'} is empty."


def _start(directory: Path) -> Connection:
    command = [find_node(), str(find_bundle()), "--state-dir", str(directory)]
    with open(os.open(directory / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as log:
        # A session of its own: the interrupt that ends a cell goes to the kernel's group and would kill it.
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            env=_environment(),
            start_new_session=True,
        )
    _children.append(child)
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        connection = _attach(directory)
        if connection is not None and connection.protocol == PROTOCOL:
            return connection
        if child.poll() is not None:
            raise VeilError(
                "sidecar_unavailable",
                f"The sidecar ended while starting (exit status {child.returncode}). {last_words(directory)}",
                "Look at %veil log.",
            )
        time.sleep(0.01)
    child.kill()
    raise VeilError(
        "sidecar_unavailable",
        f"The sidecar did not answer within {_START_SECONDS:.0f} s of its start and was ended. {last_words(directory)}",
        "Look at %veil log, then try %veil restart.",
    )


def _environment() -> dict[str, str]:
    """The caller's environment without what belongs to the caller alone: its secrets and its debugger's hooks."""
    private = ("JPY_", "NODE_OPTIONS", "NODE_CHANNEL_FD", "ELECTRON_RUN_AS_NODE", "JUPYTER_TOKEN")
    return {name: value for name, value in os.environ.items() if not name.startswith(private)}
