"""Jobs of the sidecar (learn, audit, evaluate): started, listened to until they end, stopped with the caller."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from .client import Sidecar
from .errors import VeilError

#: Called with the document of each progress event: done (0 to 1), seconds_left (or None), and more by kind.
Listener = Callable[[dict[str, Any]], None]

#: The sidecar ends a job that takes longer than 5 s to stop.
_PUT_DOWN_SECONDS = 10.0


def wait(client: Sidecar, kind: str, request: Mapping[str, object], progress: Listener | None) -> dict[str, Any]:
    """Start the job, ``learn``, ``audit`` or ``evaluate``; its document once it has ended, or the sidecar has.

    Of ``request`` what is None stays out. What is raised meanwhile, also KeyboardInterrupt, stops the job.
    """
    body = json.dumps({name: value for name, value in request.items() if value is not None}).encode()
    _await_cancelled(client, kind)
    with client.events() as events:
        job: dict[str, Any] = client.request("POST", f"/v1/{kind}", body=body, content_type="application/json").json()
        try:
            for event in events:
                if event["type"] == kind and event["job"]["job"] == job["job"]:
                    job = event["job"]
                    if progress is not None and job["progress"] is not None and job["ended"] is None:
                        progress(job["progress"])
                    if job["ended"] is not None:
                        break
        except BaseException:
            with suppress(VeilError):  # it has ended meanwhile
                client.request("DELETE", f"/v1/{kind}")
            raise
    return job


def _await_cancelled(client: Sidecar, kind: str) -> None:
    """A job that was stopped a moment ago is putting its work down: what follows goes on from there."""
    deadline = time.monotonic() + _PUT_DOWN_SECONDS
    while time.monotonic() < deadline:
        last = client.get(f"/v1/{kind}")["job"]
        if last is None or last["state"] != "cancelling":
            return
        time.sleep(0.1)


def whole(path: str | os.PathLike[str]) -> str:
    """The sidecar lives in another directory: a path as it is from here."""
    return os.path.abspath(os.path.expanduser(os.fspath(path)))
