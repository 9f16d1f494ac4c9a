"""Evaluations and sweeps as Jobs on Kubernetes, under ``<base url>veilbook/jobs``."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado.web import HTTPError, authenticated

from .handlers import PanelHandler

#: A Job's name: it becomes part of a path of the sidecar's.
NAME = r"([a-z0-9](?:[-.a-z0-9]{0,50}[a-z0-9])?)"
MOST_SHARDS = 10_000


class JobsHandler(PanelHandler):
    """GET jobs, POST jobs. Watching is not using: it does not keep this server, or the sidecar, alive."""

    _track_activity = False

    @authenticated
    @authorized
    async def get(self) -> None:
        """Answer with a BatchList; starts nothing."""
        await self.answer(self.panel.jobs())

    @authenticated
    @authorized
    async def post(self) -> None:
        """Submit a Job."""
        self._track_activity = True
        await self.answer(self.panel.change_jobs("POST", body=self.document()))


class JobHandler(PanelHandler):
    """GET jobs/NAME, DELETE jobs/NAME."""

    _track_activity = False

    @authenticated
    @authorized
    async def get(self, name: str) -> None:
        """Answer with a BatchView; starts nothing."""
        await self.answer(self.panel.jobs(f"/{name}"))

    @authenticated
    @authorized
    async def delete(self, name: str) -> None:
        """Remove it with its pods and their logs."""
        self._track_activity = True
        await self.answer(self.panel.change_jobs("DELETE", f"/{name}"))


class JobLogsHandler(PanelHandler):
    """GET jobs/NAME/logs."""

    _track_activity = False

    @authenticated
    @authorized
    async def get(self, name: str) -> None:
        """Answer with a BatchLog; query: shard, all of them unless given. Starts nothing."""
        shard = self.get_query_argument("shard", None)
        if shard is not None and not (shard.isascii() and shard.isdigit() and int(shard) < MOST_SHARDS):
            raise HTTPError(400, f"shard must be a whole number below {MOST_SHARDS}.")
        await self.answer(self.panel.jobs(f"/{name}/logs" + ("" if shard is None else f"?shard={int(shard)}")))


_ROUTES = {
    "jobs": JobsHandler,
    f"jobs/{NAME}": JobHandler,
    f"jobs/{NAME}/logs": JobLogsHandler,
}


def job_routes() -> list[tuple[str, type[PanelHandler]]]:
    """The routes, without the server's base URL."""
    return [(f"/veilbook/{name}", handler) for name, handler in _ROUTES.items()]
