"""The state directory and the connection file in it: how every client on this machine finds the one sidecar."""

from __future__ import annotations

import json
import os
import socket
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import VeilError

#: Compared with the sidecar's; a package version never blocks anybody.
PROTOCOL = 1


@dataclass(frozen=True)
class Connection:
    """How to reach a running sidecar: the UNIX socket's path, the bearer token, and who is expected to answer."""

    socket: str
    token: str
    instance: str
    version: str
    protocol: int
    pid: int


def state_directory(explicit: str | os.PathLike[str] | None = None) -> Path:
    """The absolute state directory, made with mode 0700 when it is missing.

    ``explicit``, then ``$VEILBOOK_STATE_DIR``, then ``veilbook`` in Jupyter's runtime directory.
    Raises VeilError ``sidecar_unavailable`` when it cannot be made or belongs to somebody else.
    """
    chosen = explicit or os.environ.get("VEILBOOK_STATE_DIR")
    path = Path(chosen).expanduser().absolute() if chosen else _jupyter_runtime_dir() / "veilbook"
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = path.stat()
    except OSError as problem:
        raise VeilError(
            "sidecar_unavailable",
            f"The state directory {path} cannot be used ({problem.strerror}). Nothing was started.",
            "Set VEILBOOK_STATE_DIR to a directory of your own.",
        ) from None
    if found.st_uid != os.getuid():
        raise VeilError(
            "sidecar_unavailable",
            f"The state directory {path} belongs to another user. Nothing was started.",
            "Set VEILBOOK_STATE_DIR to a directory of your own.",
        )
    if found.st_mode & 0o077:
        raise VeilError(
            "sidecar_unavailable",
            f"The state directory {path} is open to other users. Nothing was started.",
            f"Close it with: chmod 700 {path}",
        )
    return path


def _jupyter_runtime_dir() -> Path:
    try:
        from jupyter_core.paths import jupyter_runtime_dir
    except ImportError:  # plain IPython comes without jupyter_core
        explicit = os.environ.get("JUPYTER_RUNTIME_DIR")
        if explicit:
            return Path(explicit)
        if sys.platform == "darwin":
            return Path.home() / "Library" / "Jupyter" / "runtime"
        data = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
        return Path(data) / "jupyter" / "runtime"
    return Path(jupyter_runtime_dir())


def host_id() -> str:
    """Hostname and boot id. In a home that several machines share, each ignores the others' connection file."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        boot = ""
    return f"{socket.gethostname()} {boot}"


def read_connection(directory: Path) -> Connection | None:
    """What ``sidecar.json`` says, or None when it is missing, half-written by hand, or another host's."""
    try:
        document: Any = json.loads((directory / "sidecar.json").read_text(encoding="utf-8"))
        if document["host"] != host_id():
            return None
        return Connection(
            socket=str(document["socket"]),
            token=str(document["token"]),
            instance=str(document["instance"]),
            version=str(document["version"]),
            protocol=int(document["protocol"]),
            pid=int(document["pid"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
