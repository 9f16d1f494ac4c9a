"""Snapshots of the workspace from a kernel; results name the last one that was taken here."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from .client import Sidecar, shared
from .errors import VeilError

#: Set by the server extension for the kernels of its server: the root directory, which the side panel shows too.
ROOT_VARIABLE = "VEILBOOK_WORKSPACE"

_last: str | None = None


def last() -> str | None:
    """Id of the last snapshot that this process took; None before the first."""
    return _last


def workspace() -> Path:
    """The root directory of the Jupyter server that this kernel belongs to; elsewhere the current directory."""
    root = os.environ.get(ROOT_VARIABLE)
    return Path(root) if root and os.path.isdir(root) else Path.cwd()


def take(label: str = "", *, sidecar: Sidecar | None = None) -> dict[str, Any]:
    """Take a snapshot of the workspace, and return its document (`Snapshot` of src/protocol/workspace.ts).

    Raises VeilError. An interrupt stops it; then there is none.
    """
    global _last
    client, place = sidecar or shared(), workspace()
    request: dict[str, Any] = {"label": label}
    notebook = Path(os.environ.get("JPY_SESSION_NAME", ""))
    with suppress(ValueError):  # it lies elsewhere
        if notebook.suffix == ".ipynb":
            request["notebook"] = notebook.relative_to(place).as_posix()
    with client.events() as events:
        operation = client.request(
            "POST",
            "/v1/workspace/snapshots",
            query={"dir": str(place)},
            body=json.dumps(request).encode(),
            content_type="application/json",
        ).json()
        try:
            for event in events:
                if event["type"] == "workspace" and event["operation"]["record"]["id"] == operation["record"]["id"]:
                    operation = event["operation"]
                    if operation["record"]["state"] != "running":
                        break
        except BaseException:
            with suppress(VeilError):  # it has ended meanwhile
                client.request("DELETE", f"/v1/workspace/operations/{operation['record']['id']}")
            raise
    error = operation["record"]["error"]
    if error is not None:
        raise VeilError(error["code"], error["message"], error["remedy"])
    if operation["result"] is None:
        raise VeilError("sidecar_unavailable", "The sidecar ended before the snapshot was taken.", "See %veil log.")
    snapshot: dict[str, Any] = operation["result"]["snapshot"]
    _last = str(snapshot["id"])
    return snapshot


def taken(*, sidecar: Sidecar | None = None) -> list[dict[str, Any]]:
    """The workspace's snapshots, newest first. Raises VeilError."""
    found: list[dict[str, Any]] = (sidecar or shared()).get("/v1/workspace/snapshots", dir=str(workspace()))[
        "snapshots"
    ]
    return found
