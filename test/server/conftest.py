"""A real Jupyter server with the extension, and the real sidecar where its bundle is built."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from veilbook import launcher

pytest_plugins = ["pytest_jupyter.jupyter_server"]

BUNDLE = Path(launcher.__file__).parent / "node" / "sidecar.mjs"


@pytest.fixture
def state_dir(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A state directory of its own, with a path short enough for a socket; its sidecar is ended afterwards."""
    path = Path(tempfile.mkdtemp(prefix="veil-", dir="/tmp"))
    monkeypatch.setenv("VEILBOOK_STATE_DIR", str(path))
    monkeypatch.setenv("XDG_DATA_HOME", str(path / "data"))  # where snapshots lie
    yield path
    launcher.stop(path)
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def built() -> None:
    """Skip where the sidecar's bundle is not built."""
    if not BUNDLE.is_file():
        pytest.skip("veilbook/node/sidecar.mjs is not built: npm run build:node")


@pytest.fixture
def jp_server_config(state_dir: Path) -> dict[str, Any]:
    """The extension enabled, as jupyter-config/server-config/veilbook.json does."""
    return {"ServerApp": {"jpserver_extensions": {"veilbook": True}}}
