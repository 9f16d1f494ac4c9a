"""Puts panel, routes and event relay into a Jupyter server, and takes the relay out again when it stops."""

from __future__ import annotations

import os
from datetime import datetime, timedelta, timezone
from pathlib import Path

from jsonschema import ValidationError  # type: ignore[import-untyped]
from jupyter_server.extension.application import ExtensionApp
from jupyter_server.serverapp import ServerApp
from tornado.ioloop import IOLoop

from ..snapshots import ROOT_VARIABLE
from .handlers import PANEL_SETTING, routes
from .jobs import job_routes
from .panel import Panel, State
from .relay import EventRelay
from .servers import server_routes
from .sidecar import JsonObject
from .workspace import workspace_routes

EVENT_SCHEMA_ID = "https://schema.veilbook.dev/sidecar-event/v1"
EVENT_SCHEMA_FILE = Path(__file__).parent / "events" / "sidecar-event.yaml"


class VeilbookExtension(ExtensionApp):
    """Veilbook's part of a Jupyter server."""

    name = "veilbook"

    def initialize_settings(self) -> None:
        """Register the event schema, and listen for the sidecar's events once the event loop runs."""
        events = self._server.event_logger
        if events is not None and EVENT_SCHEMA_ID not in events.schemas:
            events.register_event_schema(EVENT_SCHEMA_FILE)
        # Kernels inherit it: `%veil snapshot` means the folder that the panel shows.
        os.environ[ROOT_VARIABLE] = os.path.abspath(os.path.expanduser(self._server.root_dir))
        panel = Panel(self._announce)
        self.settings[PANEL_SETTING] = panel
        self._relay = EventRelay(panel, self._emit, self._in_use, self.log)
        IOLoop.current().add_callback(self._relay.start)

    def initialize_handlers(self) -> None:
        """Add the panel's routes; the server puts its base URL before them."""
        self.handlers.extend([*routes(), *workspace_routes(), *job_routes(), *server_routes()])

    async def stop_extension(self) -> None:
        """Close the connection to the sidecar. The sidecar itself stays for the kernels; its idle lease ends it."""
        await self._relay.stop()

    @property
    def _server(self) -> ServerApp:
        if self.serverapp is None:
            raise RuntimeError("The extension is not linked to a server.")
        return self.serverapp

    def _announce(self, state: State) -> None:
        self._emit({"type": "state", "state": state})

    def _emit(self, event: JsonObject) -> None:
        events = self._server.event_logger
        try:
            if events is not None:
                events.emit(schema_id=EVENT_SCHEMA_ID, data=event)
        except ValidationError as error:
            self.log.warning("Veilbook: an event of the sidecar was not handed on: %s", error.message)

    def _in_use(self) -> bool:
        """Whether this Jupyter server (a kernel, a request of a browser) was used within the sidecar's idle lease."""
        lease = timedelta(minutes=float(os.environ.get("VEILBOOK_IDLE_MINUTES", "15")))
        last: datetime = self._server.web_app.last_activity()  # type: ignore[no-untyped-call]
        return datetime.now(timezone.utc) - last < lease
