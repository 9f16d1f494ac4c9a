"""The Jupyter server extension: the panel's REST interface and the sidecar's events. Starts no process by itself."""

from __future__ import annotations

from typing import Any


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    from .extension import VeilbookExtension

    return [{"module": "veilbook.server", "app": VeilbookExtension}]
