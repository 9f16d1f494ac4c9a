"""The REST interface of src/protocol/panel.ts, under ``<base url>veilbook/``: every verb authenticated, authorised."""

from __future__ import annotations

import json
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from tornado.web import HTTPError, authenticated

from ..errors import VeilError
from .panel import Panel
from .sidecar import JsonObject, SidecarError

PANEL_SETTING = "veilbook_panel"
LOG_LINES_MOST = 1000

_STATUS_OF_CODE = {"bad_request": 400, "sidecar_unavailable": 503}
_CODE_OF_STATUS = {400: "bad_request", 401: "unauthorized", 403: "unauthorized", 404: "not_found", 405: "bad_request"}


class PanelHandler(APIHandler):
    """What all routes share: who may, and how an error looks."""

    auth_resource = "veilbook"

    @property
    def panel(self) -> Panel:
        """The one panel of this server."""
        panel: Panel = self.settings[PANEL_SETTING]
        return panel

    @property
    def root(self) -> Path:
        """The root directory of this server: what a browser names lies below it."""
        return Path(getattr(self.contents_manager, "root_dir", "") or ".").expanduser()

    def document(self) -> JsonObject:
        """The request's body, an object. The sidecar checks what is in it."""
        body: Any = self.get_json_body()
        if body is None:
            return {}
        if not isinstance(body, dict):
            raise HTTPError(400, "The body must be an object. Nothing was done.")
        return body

    async def answer(self, work: Awaitable[JsonObject]) -> None:
        """Finish with the document, or with the ErrorBody of the VeilError that was raised instead."""
        try:
            document = await work
        except VeilError as error:
            status = error.status if isinstance(error, SidecarError) else _STATUS_OF_CODE.get(error.code, 500)
            self._fail(status, error)
        else:
            await self.finish(json.dumps(document))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Refusals of the server itself (no login, no permission, no XSRF token, bad JSON) have the same shape."""
        thrown = (kwargs.get("exc_info") or (None, None, None))[1]
        message = thrown.log_message if isinstance(thrown, HTTPError) and thrown.log_message else self._reason
        remedy = "Log in to this Jupyter server, or ask who runs it." if status_code in (401, 403) else ""
        self._fail(status_code, VeilError(_CODE_OF_STATUS.get(status_code, "internal"), message, remedy))

    def _fail(self, status: int, error: VeilError) -> None:
        self.set_status(status, reason=error.code)
        body = {"error": {"code": error.code, "message": error.message, "remedy": error.remedy}}
        self.finish(json.dumps(body))


class StatusHandler(PanelHandler):
    """GET status: the PanelStatus. Watching is not using: it does not keep this server, or the sidecar, alive."""

    _track_activity = False

    @authenticated
    @authorized
    async def get(self) -> None:
        """Answer with a PanelStatus; starts nothing."""
        await self.answer(self.panel.status())


class StartHandler(PanelHandler):
    """POST start."""

    @authenticated
    @authorized
    async def post(self) -> None:
        """Start the sidecar; answer when it runs or has failed."""
        await self.answer(self.panel.start())


class RestartHandler(PanelHandler):
    """POST restart."""

    @authenticated
    @authorized
    async def post(self) -> None:
        """End the sidecar and start a new one."""
        await self.answer(self.panel.restart())


class StopHandler(PanelHandler):
    """POST stop."""

    @authenticated
    @authorized
    async def post(self) -> None:
        """End the sidecar."""
        await self.answer(self.panel.stop())


class DefaultsHandler(PanelHandler):
    """PUT defaults."""

    @authenticated
    @authorized
    async def put(self) -> None:
        """Set ALPHA and device of runs that name none."""
        body = self.get_json_body()
        if not isinstance(body, dict):
            raise HTTPError(400, "The body must be an object with alpha and device. Nothing was changed.")
        await self.answer(self.panel.set_defaults(body))


class LearnHandler(PanelHandler):
    """POST learn, DELETE learn."""

    @authenticated
    @authorized
    async def post(self) -> None:
        """Start a learning pass."""
        body = self.get_json_body()
        if not isinstance(body, dict) or not isinstance(body.get("images"), str):
            raise HTTPError(400, "The body must be an object with images, a folder. Nothing was started.")
        await self.answer(self.panel.learn(body, self.root))

    @authenticated
    @authorized
    async def delete(self) -> None:
        """Stop it."""
        await self.answer(self.panel.stop_learning())


class LogHandler(PanelHandler):
    """GET log."""

    _track_activity = False

    @authenticated
    @authorized
    async def get(self) -> None:
        """Answer with the last lines of the log; query: lines, 50 unless given."""
        wished = self.get_query_argument("lines", "50")
        if not wished.isascii() or not wished.isdigit() or not 1 <= int(wished) <= LOG_LINES_MOST:
            raise HTTPError(400, f"lines must be a whole number from 1 to {LOG_LINES_MOST}.")
        await self.answer(self.panel.log(int(wished)))


_ROUTES = {
    "status": StatusHandler,
    "start": StartHandler,
    "restart": RestartHandler,
    "stop": StopHandler,
    "defaults": DefaultsHandler,
    "learn": LearnHandler,
    "log": LogHandler,
}


def routes() -> list[tuple[str, type[PanelHandler]]]:
    """The routes, without the server's base URL."""
    return [(f"/veilbook/{name}", handler) for name, handler in _ROUTES.items()]
