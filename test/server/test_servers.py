"""The routes of model servers and of the ledger with the real sidecar, which asks a server that is not there."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest
from test_panel import Fetch, ask
from tornado.httpclient import HTTPClientError

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
