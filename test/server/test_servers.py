"""The routes of model servers and of the ledger with the real sidecar, which asks a server that is not there."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest
from test_jobs import Cluster, cluster, kinds
from test_panel import Fetch, ask
from tornado.httpclient import HTTPClientError

__all__ = ["cluster"]  # a fixture

ROUTES = {
    "servers": {},
    "servers/inspect": {"url": "triton://127.0.0.1:9/face_detection_noisy"},
    "ledger": {"verify": "true"},
    "ledger/receipt": {"entry": "1"},
}


@pytest.fixture
def own_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """A user who has named one server, with a token, at which nobody listens; no cluster and no other policy."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        destination = f"triton://127.0.0.1:{probe.getsockname()[1]}"
    servers = tmp_path / "servers.json"
    servers.write_text(json.dumps({destination: {"headers": {"Authorization": "Bearer a-secret"}}}), encoding="utf-8")
    servers.chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("VEILBOOK_SERVERS", str(servers))
    monkeypatch.setenv("VEILBOOK_LEDGER_DIR", str(tmp_path / "ledger"))
    for name in ("VEILBOOK_POLICY", "KUBECONFIG", "KUBERNETES_SERVICE_HOST"):
        monkeypatch.delenv(name, raising=False)
    return destination


async def test_looking_starts_nothing(jp_fetch: Fetch, state_dir: Path) -> None:
    for route, params in ROUTES.items():
        with pytest.raises(HTTPClientError) as refused:
            await ask(jp_fetch, route, params=params)
        assert refused.value.code == 503
    assert not (state_dir / "sidecar.json").exists()


async def test_a_server_is_listed_and_away_and_the_ledger_is_empty(
    jp_fetch: Fetch, state_dir: Path, own_settings: str, built: None
) -> None:
    await ask(jp_fetch, "start", "POST")
    listed = await ask(jp_fetch, "servers")
    url = f"{own_settings}/face_detection_noisy"
    (tail,) = listed["tails"]
    assert (tail["url"], tail["sources"], tail["assumed"]) == (url, ["servers.json"], True)
    assert "secret" not in json.dumps(listed)
    found = await ask(jp_fetch, "servers/inspect", params={"url": url})
    assert (found["state"], found["reason"]["code"]) == ("away", "server_unavailable")
    page = await ask(jp_fetch, "ledger", params={"limit": "5", "before": "9", "verify": "true"})
    assert (page["head"], page["departures"], page["verdict"]) == (None, [], None)


def triton(name: str) -> tuple[dict[str, object], dict[str, object]]:
    """The Deployment and the Service of a Triton server, as the DataOps Toolkit labels them."""
    labels = {"created-by": "ntap-dsutil", "entity-type": "triton_server", "triton-server-name": name}
    metadata = {
        "name": f"ntap-dsutil-triton-{name}",
        "namespace": "inference",
        "generation": 1,
        "labels": labels,
        "creationTimestamp": "2026-11-22T00:00:00Z",
    }
    selector = {"app": f"ntap-dsutil-triton-{name}"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "triton", "image": "tritonserver"}]}}
    spec = {"replicas": 1, "selector": {"matchLabels": selector}, "template": template}
    ready = {"readyReplicas": 1, "replicas": 1, "observedGeneration": 1}
    ports = [{"name": "http", "port": 8000, "targetPort": 8000}]
    service = {"metadata": metadata, "spec": {"type": "ClusterIP", "selector": selector, "ports": ports}}
    return {"metadata": metadata, "spec": spec, "status": ready}, service


async def test_the_servers_of_a_cluster_are_listed_too_and_one_that_does_not_allow_it_is_a_note(
    jp_fetch: Fetch, state_dir: Path, own_settings: str, cluster: Cluster, built: None
) -> None:
    deployment, service = triton("faces")
    deployments = "/apis/apps/v1/namespaces/inference/deployments"
    cluster.answers |= {
        "/api/v1": kinds("v1", ("pods", "Pod"), ("services", "Service")),
        "/apis/apps/v1": kinds("apps/v1", ("deployments", "Deployment")),
        deployments: {"kind": "DeploymentList", "metadata": {}, "items": [deployment]},
        "/api/v1/namespaces/inference/services": {"kind": "ServiceList", "metadata": {}, "items": [service]},
    }
    await ask(jp_fetch, "start", "POST")
    listed = await ask(jp_fetch, "servers")
    assert listed["notes"] == []
    url = "triton://ntap-dsutil-triton-faces.inference.svc:8000/face_detection_noisy"
    (tail,) = [tail for tail in listed["tails"] if tail["sources"] == ["cluster"]]
    assert (tail["url"], tail["cluster"]["name"], tail["cluster"]["status"]) == (url, "faces", "ready")

    cluster.answers[deployments] = 403
    listed = await ask(jp_fetch, "servers")
    assert len(listed["tails"]) == 1
    assert len(listed["notes"]) == 1
    assert "veilbook rbac --triton --namespace inference" in listed["notes"][0]


@pytest.mark.parametrize(
    ("route", "params"),
    [
        ("servers/inspect", {}),
        ("servers/inspect", {"url": "a" * 513}),
        ("ledger", {"limit": "0"}),
        ("ledger", {"limit": "x"}),
        ("ledger", {"before": "-1"}),
        ("ledger/receipt", {}),
        ("ledger/receipt", {"entry": "1" * 16}),
    ],
)
async def test_what_is_not_well_formed_is_refused(
    jp_fetch: Fetch, state_dir: Path, route: str, params: dict[str, str]
) -> None:
    with pytest.raises(HTTPClientError) as refused:
        await ask(jp_fetch, route, params=params)
    assert refused.value.code == 400
