"""The Jupyter server extension: the panel's REST interface and the sidecar's events. Starts no process by itself."""

from __future__ import annotations

from typing import Any


def extension_points() -> list[dict[str, Any]]:
    """What ``veilbook._jupyter_server_extension_points`` answers."""
    from .extension import VeilbookExtension

    return [{"module": "veilbook.server", "app": VeilbookExtension}]
