"""The routes of Jobs with the real sidecar, which asks a stand-in for a cluster's API server."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import pytest
from test_panel import Fetch, ask
from tornado.httpclient import HTTPClientError

from veilbook.server import relay
from veilbook.server.jobs import job_routes

LABELS = {"app.kubernetes.io/managed-by": "veilbook", "veilbook.dev/job": "fddb-sweep"}
INDEX = "batch.kubernetes.io/job-completion-index"


def kinds(version: str, *names: tuple[str, str]) -> dict[str, Any]:
    resources = [{"name": plural, "kind": kind, "namespaced": True, "verbs": ["get"]} for plural, kind in names]
    return {"kind": "APIResourceList", "groupVersion": version, "resources": resources}


def pod(shard: int) -> dict[str, Any]:
    return {
        "metadata": {
            "name": f"fddb-sweep-{shard}",
            "creationTimestamp": "2026-11-22T00:00:01Z",
            "labels": LABELS,
            "annotations": {INDEX: str(shard)},
        },
        "spec": {"nodeName": "one"},
        "status": {"phase": "Running"},
    }


class Cluster:
    """Answers by path; what has no answer is refused, as by a Role that does not allow it."""

    def __init__(self) -> None:
        request = {"name": "fddb-sweep", "claim": "data", "dataset": "FDDB", "alphas": [0.2, 0.8], "shards": 2}
        job = {
            "metadata": {
                "name": "fddb-sweep",
                "namespace": "inference",
                "uid": "1",
                "creationTimestamp": "2026-11-22T00:00:00Z",
                "labels": LABELS,
                "annotations": {"veilbook.dev/request": json.dumps(request)},
            },
            "spec": {"completionMode": "Indexed", "completions": 2},
            "status": {"active": 2},
        }
        prefix = "/apis/batch/v1/namespaces/inference/jobs"
        self.removed: list[str] = []
        self.answers: dict[str, Any] = {
            "/api/v1": kinds("v1", ("pods", "Pod"), ("persistentvolumeclaims", "PersistentVolumeClaim")),
            "/apis/batch/v1": kinds("batch/v1", ("jobs", "Job")),
            prefix: {"kind": "JobList", "metadata": {}, "items": [job]},
            f"{prefix}/fddb-sweep": job,
            "/api/v1/namespaces/inference/pods": {"kind": "PodList", "metadata": {}, "items": [pod(0), pod(1)]},
            "/api/v1/namespaces/inference/pods/fddb-sweep-0/log": "2026-11-22T00:00:02Z veilbook: progress 30/100\n",
            "/api/v1/namespaces/inference/pods/fddb-sweep-1/log": "2026-11-22T00:00:02Z veilbook: progress 50/100\n",
            "/api/v1/namespaces/inference/persistentvolumeclaims/fddb-sweep-data": None,
        }


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Cluster]:
    """A cluster that KUBECONFIG names, with one running sweep in namespace inference."""
    stand_in = Cluster()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = stand_in.answers.get(urlsplit(self.path).path, 403)
            missing = {"kind": "Status", "message": "none", "reason": "NotFound", "code": 404}
            denied = {"kind": "Status", "message": "jobs is forbidden: cannot list resource", "code": 403}
            status, body = (403, denied) if answer == 403 else (404, missing) if answer is None else (200, answer)
            text = body if isinstance(body, str) else json.dumps(body)
            self.send_response(status)
            self.send_header("Content-Type", "text/plain" if isinstance(body, str) else "application/json")
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def do_DELETE(self) -> None:
            stand_in.removed.append(urlsplit(self.path).path)
            self.rfile.read(int(self.headers.get("Content-Length", "0")))
            self.do_GET()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {
                "name": "c",
                "cluster": {"server": f"http://127.0.0.1:{server.server_port}", "insecure-skip-tls-verify": True},
            }
        ],
        "users": [{"name": "u", "user": {}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u", "namespace": "inference"}}],
        "current-context": "x",
    }
    path = tmp_path / "kubeconfig.json"
    path.write_text(json.dumps(config), encoding="utf-8")
    monkeypatch.setenv("KUBECONFIG", str(path))
    yield stand_in
    server.shutdown()
    server.server_close()


async def test_looking_starts_nothing(jp_fetch: Fetch, state_dir: Path) -> None:
    for route in ("jobs", "jobs/fddb-sweep", "jobs/fddb-sweep/logs"):
        with pytest.raises(HTTPClientError) as refused:
            await ask(jp_fetch, route)
        assert refused.value.code == 503
    assert not (state_dir / "sidecar.json").exists()


async def test_a_job_is_listed_followed_and_read(
    jp_fetch: Fetch, state_dir: Path, cluster: Cluster, built: None
) -> None:
    await ask(jp_fetch, "start", "POST")
    listed = await ask(jp_fetch, "jobs")
    assert listed["namespace"] == "inference"
    assert [(job["name"], job["state"], len(job["shards"])) for job in listed["jobs"]] == [("fddb-sweep", "running", 2)]
    seen = await ask(jp_fetch, "jobs/fddb-sweep")
    assert [(shard["done"], shard["total"]) for shard in seen["job"]["shards"]] == [(30, 100), (50, 100)]
    assert seen["job"]["share"] == pytest.approx(0.4)
    assert seen["result"] is None
    log = await ask(jp_fetch, "jobs/fddb-sweep/logs", params={"shard": "1"})
    assert log["pods"] == [{"pod": "fddb-sweep-1", "shard": 1, "lines": ["veilbook: progress 50/100"]}]


async def test_removing_a_job_starts_the_sidecar_and_what_is_not_allowed_names_the_role(
    jp_fetch: Fetch, state_dir: Path, cluster: Cluster, built: None
) -> None:
    answer = await jp_fetch("veilbook", "jobs/fddb-sweep", method="DELETE", request_timeout=60)
    assert json.loads(answer.body) == {"removed": "fddb-sweep", "notes": []}
    assert cluster.removed == ["/apis/batch/v1/namespaces/inference/jobs/fddb-sweep"]

    cluster.answers["/apis/batch/v1/namespaces/inference/jobs"] = 403
    with pytest.raises(HTTPClientError) as refused:
        await ask(jp_fetch, "jobs")
    assert refused.value.code == 403
    assert refused.value.response is not None
    error = json.loads(refused.value.response.body)["error"]
    assert error["message"] == "The cluster does not allow to list jobs in namespace inference."
    assert error["remedy"] == "veilbook rbac --jobs --namespace inference prints the Role that does."


async def test_a_panel_that_looks_and_looks_does_not_keep_the_sidecar(
    jp_fetch: Fetch, state_dir: Path, cluster: Cluster, built: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VEILBOOK_IDLE_MINUTES", "0.05")
    monkeypatch.setattr(relay, "IN_USE_SECONDS", 0.5)
    await ask(jp_fetch, "start", "POST")
    looks = 0
    while (await ask(jp_fetch, "status"))["state"] == "running":
        # The last of them may find it gone.
        with contextlib.suppress(HTTPClientError):
            await ask(jp_fetch, "jobs")
            looks += 1
        await asyncio.sleep(0.1)
    assert looks > 3
    assert await ask(jp_fetch, "status") == {"state": "stopped"}
    assert not (state_dir / "sidecar.json").exists()


def test_what_is_no_name_of_a_job_has_no_route() -> None:
    patterns = [path for path, _ in job_routes()]
    for name in ("No_Name", "..", "-a", "a-", "../status", "a" * 53, "a?b"):
        for route in (f"/veilbook/jobs/{name}", f"/veilbook/jobs/{name}/logs"):
            assert not any(re.fullmatch(path, route) for path in patterns), route


async def test_a_shard_is_a_number(jp_fetch: Fetch, state_dir: Path) -> None:
    with pytest.raises(HTTPClientError) as refused:
        await ask(jp_fetch, "jobs/fddb/logs", params={"shard": "x"})
    assert refused.value.code == 400
