"""Real parts: the built sidecar, real kernels. Each test session and each launcher test has its own state directory."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from veilbook import launcher
from veilbook._state import state_directory


def stop_sidecar(directory: Path) -> None:
    connection = launcher.attach(directory)
    if connection is not None:
        launcher._stop(connection)


@pytest.fixture
def state(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A state directory of this test alone; whatever runs in it is stopped afterwards."""
    directory = Path(tempfile.mkdtemp(prefix="veil-"))
    monkeypatch.setenv("VEILBOOK_STATE_DIR", str(directory))
    yield state_directory()
    stop_sidecar(directory)
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def shared_state() -> Iterator[Path]:
    """A state directory for tests that only need some sidecar."""
    directory = Path(tempfile.mkdtemp(prefix="veil-"))
    yield directory
    stop_sidecar(directory)
    shutil.rmtree(directory, ignore_errors=True)
