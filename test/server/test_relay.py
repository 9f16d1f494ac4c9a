"""The relay ends when it is told to, whatever it waits for."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import cast

import pytest

from veilbook._state import Connection
from veilbook.errors import VeilError
from veilbook.server import relay, sidecar
from veilbook.server.panel import Panel
from veilbook.server.relay import EventRelay


class NoPanel:
    """The two things that the relay asks of the panel."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    async def status(self) -> None:
        pass


def test_a_cancellation_that_was_lost_does_not_keep_the_server_from_ending(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "sidecar.json").touch()
    monkeypatch.setattr(relay, "CANCEL_SECONDS", 0.02)

    async def run() -> None:
        asked = asyncio.Event()

        async def attach(_: Path) -> Connection | None:
            asked.set()
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:  # as asyncio.wait_for does before Python 3.12
                raise VeilError("sidecar_unavailable", "It is gone.", "Start it.") from None
            raise AssertionError("never cancelled")

        monkeypatch.setattr(sidecar, "attach", attach)
        relaying = EventRelay(cast(Panel, NoPanel(tmp_path)), lambda _: None, lambda: True, logging.getLogger(__name__))
        relaying.start()
        await asked.wait()
        await asyncio.wait_for(relaying.stop(), 5)

    asyncio.run(run())
