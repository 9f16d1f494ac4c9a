"""Model servers and the ledger of what left, under ``<base url>veilbook/``. All of it is looked at, nothing is sent."""

from __future__ import annotations

from urllib.parse import urlencode

from jupyter_server.auth.decorator import authorized
from tornado.web import HTTPError, authenticated

from .handlers import PanelHandler

#: As the sidecar takes them.
LONGEST_URL = 512
MOST_ROWS = 200
LONGEST_NUMBER = 15


class _LookHandler(PanelHandler):
    """Watching is not using: it does not keep this server, or the sidecar, alive."""

    _track_activity = False

    def number(self, name: str) -> int | None:
        """A whole number of the query, None where it is not given. Raises HTTPError 400."""
        text = self.get_query_argument(name, None)
        if text is None:
            return None
        if not (text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER):
            raise HTTPError(400, f"{name} must be a whole number.")
        return int(text)


class ServersHandler(_LookHandler):
    """GET servers."""

    @authenticated
    @authorized
    async def get(self) -> None:
        """Answer with a TailList; no server is asked."""
        await self.answer(self.panel.servers())


class InspectHandler(_LookHandler):
    """GET servers/inspect."""

    @authenticated
    @authorized
    async def get(self) -> None:
        """Answer with an InspectedTail; query: url, one model of one server."""
        url = self.get_query_argument("url", "")
        if not 0 < len(url) <= LONGEST_URL:
            raise HTTPError(400, "url must name a model of a server, as in triton://host:8000/model.")
        await self.answer(self.panel.servers(f"/inspect?{urlencode({'url': url})}"))


class LedgerHandler(_LookHandler):
    """GET ledger."""

    @authenticated
    @authorized
    async def get(self) -> None:
        """Answer with a LedgerPage; query: limit, before, and verify=true to look through all of it."""
        query: dict[str, str | int] = {}
        limit, before = self.number("limit"), self.number("before")
        if limit is not None:
            if not 1 <= limit <= MOST_ROWS:
                raise HTTPError(400, f"limit must be a whole number from 1 to {MOST_ROWS}.")
            query["limit"] = limit
        if before is not None:
            query["before"] = before
        if self.get_query_argument("verify", "false") == "true":
            query["verify"] = "true"
        await self.answer(self.panel.ledger("?" + urlencode(query) if query else ""))


class ReceiptHandler(_LookHandler):
    """GET ledger/receipt."""

    @authenticated
    @authorized
    async def get(self) -> None:
        """Answer with a Receipt; query: entry, the number of a departure."""
        entry = self.number("entry")
        if entry is None:
            raise HTTPError(400, "entry must be the number of a departure.")
        await self.answer(self.panel.ledger(f"/receipt?{urlencode({'entry': entry})}"))


_ROUTES = {
    "servers": ServersHandler,
    "servers/inspect": InspectHandler,
    "ledger": LedgerHandler,
    "ledger/receipt": ReceiptHandler,
}


def server_routes() -> list[tuple[str, type[PanelHandler]]]:
    """The routes, without the server's base URL."""
    return [(f"/veilbook/{name}", handler) for name, handler in _ROUTES.items()]
