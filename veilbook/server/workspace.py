"""Snapshots of the server's root directory, under ``<base url>veilbook/workspace``. A browser names no other folder."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado.web import HTTPError, authenticated

from .handlers import PanelHandler
from .sidecar import JsonObject

#: A snapshot's or an operation's id, as the local provider makes them: it becomes part of a path of the sidecar's.
ID = r"([0-9A-Za-z][0-9A-Za-z-]{0,99})"


class ActionHandler(PanelHandler):
    """What begins something, or ends it."""

    async def change(self, verb: str, path: str, body: JsonObject | None = None) -> None:
        """Hand the request on to a sidecar, which is started where none runs."""
        await self.answer(self.panel.change_workspace(verb, path, self.root, body))


class WorkspaceHandler(PanelHandler):
    """GET workspace. Watching is not using: it keeps neither this server nor the sidecar alive."""

    _track_activity = False

    @authenticated
    @authorized
    async def get(self) -> None:
        """Answer with a PanelWorkspace; starts nothing."""
        await self.answer(self.panel.workspace(self.root))


class SnapshotsHandler(ActionHandler):
    """POST workspace/snapshots."""

    @authenticated
    @authorized
    async def post(self) -> None:
        """Begin a snapshot."""
        await self.change("POST", "/snapshots", self.document())


class SnapshotHandler(ActionHandler):
    """DELETE workspace/snapshots/ID."""

    @authenticated
    @authorized
    async def delete(self, snapshot: str) -> None:
        """Begin its removal."""
        await self.change("DELETE", f"/snapshots/{snapshot}")


class PinHandler(ActionHandler):
    """PUT workspace/snapshots/ID/pin."""

    @authenticated
    @authorized
    async def put(self, snapshot: str) -> None:
        """Keep a snapshot until it is unpinned, or unpin it."""
        await self.change("PUT", f"/snapshots/{snapshot}/pin", self.document())


class RestoreHandler(ActionHandler):
    """POST workspace/restore, restore-files or retain."""

    @authenticated
    @authorized
    async def post(self, action: str) -> None:
        """Begin it."""
        await self.change("POST", f"/{action}", self.document())


class UndoHandler(ActionHandler):
    """POST workspace/undo."""

    @authenticated
    @authorized
    async def post(self) -> None:
        """Begin to take the last restore back."""
        await self.change("POST", "/undo")


class CloneHandler(ActionHandler):
    """POST workspace/clone and workspace/others/clone."""

    @authenticated
    @authorized
    async def post(self, other: str | None) -> None:
        """Begin a clone. The browser gives its name; it comes to lie beside the workspace."""
        body = self.document()
        name = body.get("to")
        if not isinstance(name, str) or name.strip(". ") == "" or any(sign in name for sign in "/\\\0"):
            raise HTTPError(400, "A clone needs a name without slashes. Nothing was made.")
        target = self.root.absolute().parent / name
        await self.change("POST", "s/clone" if other else "/clone", {**body, "to": str(target)})


class OthersHandler(ActionHandler):
    """GET workspace/others."""

    @authenticated
    @authorized
    async def get(self) -> None:
        """Answer with a WorkspaceList; starts nothing."""
        await self.answer(self.panel.ask_workspace("s", self.root))


class RemoveOtherHandler(ActionHandler):
    """POST workspace/others/delete."""

    @authenticated
    @authorized
    async def post(self) -> None:
        """Begin to remove another workspace. What Veilbook did not make is not removed from a browser."""
        body = self.document()
        if "force" in body:
            raise HTTPError(400, "A folder that Veilbook did not make is removed by hand. Nothing was removed.")
        await self.change("POST", "s/delete", body)


class HoldingHandler(ActionHandler):
    """POST workspace/holding."""

    @authenticated
    @authorized
    async def post(self) -> None:
        """Answer with a HoldingList."""
        await self.change("POST", "/holding", self.document())


class FilesHandler(ActionHandler):
    """GET workspace/snapshots/ID/files."""

    @authenticated
    @authorized
    async def get(self, snapshot: str) -> None:
        """Answer with a SnapshotFolder; query: path, all of it unless given. Starts nothing."""
        path = self.get_query_argument("path", "")
        await self.answer(self.panel.ask_workspace(f"/snapshots/{snapshot}/files", self.root, path=path))


class OperationHandler(ActionHandler):
    """DELETE workspace/operations/ID."""

    @authenticated
    @authorized
    async def delete(self, operation: str) -> None:
        """Stop it."""
        await self.change("DELETE", f"/operations/{operation}")


_ROUTES = {
    "workspace": WorkspaceHandler,
    "workspace/snapshots": SnapshotsHandler,
    f"workspace/snapshots/{ID}": SnapshotHandler,
    f"workspace/snapshots/{ID}/pin": PinHandler,
    "workspace/(restore|restore-files|retain)": RestoreHandler,
    "workspace/undo": UndoHandler,
    "workspace/(others/)?clone": CloneHandler,
    "workspace/others": OthersHandler,
    "workspace/others/delete": RemoveOtherHandler,
    "workspace/holding": HoldingHandler,
    f"workspace/snapshots/{ID}/files": FilesHandler,
    f"workspace/operations/{ID}": OperationHandler,
}


def workspace_routes() -> list[tuple[str, type[PanelHandler]]]:
    """The routes, without the server's base URL."""
    return [(f"/veilbook/{name}", handler) for name, handler in _ROUTES.items()]
