"""The panel's routes with the real sidecar: running, stopped, killed, restarted; its events arrive."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tornado.httpclient import HTTPClientError

from veilbook import launcher
from veilbook._log import readable
from veilbook.server.extension import EVENT_SCHEMA_ID

Fetch = Callable[..., Any]


async def ask(jp_fetch: Fetch, route: str, verb: str = "GET", body: Any = None, **kwargs: Any) -> Any:
    """The parsed answer of one route, with the time a start may take."""
    sent = json.dumps(body if body is not None else {}) if verb != "GET" else None
    answer = await jp_fetch("veilbook", route, method=verb, body=sent, request_timeout=60, **kwargs)
    assert answer.headers["Content-Type"].startswith("application/json")
    return json.loads(answer.body)


@pytest.fixture
def heard(jp_serverapp: Any) -> list[dict[str, Any]]:
    """Every Jupyter Event of ours, as a browser would get it."""
    events: list[dict[str, Any]] = []

    async def listen(logger: Any, schema_id: str, data: dict[str, Any]) -> None:
        events.append(data)

    jp_serverapp.event_logger.add_listener(schema_id=EVENT_SCHEMA_ID, listener=listen)
    return events


async def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait for something that another task brings about."""
    for _ in range(int(seconds / 0.05)):
        if condition():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("It did not happen in time.")


async def test_asking_for_the_status_starts_nothing(jp_fetch: Fetch, state_dir: Path) -> None:
    assert await ask(jp_fetch, "status") == {"state": "stopped"}
    assert not (state_dir / "sidecar.json").exists()


async def test_the_log_can_be_read_when_nothing_runs(jp_fetch: Fetch, state_dir: Path) -> None:
    record = {"level": "info", "time": 1795222356943, "pid": 7, "msg": "started"}
    (state_dir / "log").write_text(f"{json.dumps(record)}\na native library speaks\n", encoding="utf-8")
    assert await ask(jp_fetch, "log", params={"lines": 50}) == {
        "lines": ["2026-11-21 00:52:36 info started pid=7", "a native library speaks"]
    }
    assert (await ask(jp_fetch, "log", params={"lines": 1}))["lines"] == ["a native library speaks"]


@pytest.mark.parametrize("lines", ["0", "-1", "many", "1001", "1e3", ""])
async def test_a_count_of_log_lines_must_be_sensible(jp_fetch: Fetch, lines: str) -> None:
    with pytest.raises(HTTPClientError) as refused:
        await ask(jp_fetch, "log", params={"lines": lines})
    assert refused.value.code == 400


async def test_defaults_cannot_be_set_while_nothing_runs(jp_fetch: Fetch) -> None:
    with pytest.raises(HTTPClientError) as refused:
        await ask(jp_fetch, "defaults", "PUT", {"alpha": 0.5, "device": "cpu"})
    assert refused.value.code == 503
    assert refused.value.response is not None
    assert json.loads(refused.value.response.body)["error"]["code"] == "sidecar_unavailable"


async def test_a_start_that_fails_says_why(jp_fetch: Fetch, monkeypatch: pytest.MonkeyPatch, built: None) -> None:
    monkeypatch.setenv("VEILBOOK_NODE", "/nowhere/node")
    failed = await ask(jp_fetch, "start", "POST")
    assert failed["state"] == "failed"
    assert "/nowhere/node" in failed["error"]["message"]
    assert failed["error"]["remedy"]
    assert (await ask(jp_fetch, "status"))["state"] == "failed"
    assert await ask(jp_fetch, "stop", "POST") == {"state": "stopped"}


async def test_start_status_restart_and_stop(jp_fetch: Fetch, state_dir: Path, built: None) -> None:
    started = await ask(jp_fetch, "start", "POST")
    assert started["state"] == "running"
    assert started["status"]["model"]["name"] == "faceboxes"
    first = started["status"]["hello"]
    connection = json.loads((state_dir / "sidecar.json").read_text(encoding="utf-8"))
    told = json.dumps(started)
    assert connection["token"] not in told
    assert connection["socket"] not in told

    again = await ask(jp_fetch, "start", "POST")
    assert again["status"]["hello"] == first

    restarted = await ask(jp_fetch, "restart", "POST")
    assert restarted["state"] == "running"
    assert restarted["status"]["hello"]["instance"] != first["instance"]
    assert restarted["status"]["hello"]["pid"] != first["pid"]

    lines = (await ask(jp_fetch, "log"))["lines"]
    assert any("stopping" in line for line in lines)
    assert await ask(jp_fetch, "stop", "POST") == {"state": "stopped"}
    assert await ask(jp_fetch, "status") == {"state": "stopped"}


async def test_a_sidecar_that_was_stopped_on_purpose_may_start_again_any_number_of_times(
    jp_fetch: Fetch, built: None
) -> None:
    for _ in range(5):
        assert (await ask(jp_fetch, "start", "POST"))["state"] == "running"
        assert await ask(jp_fetch, "stop", "POST") == {"state": "stopped"}


async def test_defaults_are_set_and_refused_by_the_sidecar_itself(jp_fetch: Fetch, built: None) -> None:
    await ask(jp_fetch, "start", "POST")
    assert await ask(jp_fetch, "defaults", "PUT", {"alpha": 0.5, "device": "cpu"}) == {"alpha": 0.5, "device": "cpu"}
    assert (await ask(jp_fetch, "status"))["status"]["defaults"] == {"alpha": 0.5, "device": "cpu"}
    with pytest.raises(HTTPClientError) as refused:
        await ask(jp_fetch, "defaults", "PUT", {"alpha": "much", "device": "cpu"})
    assert refused.value.code == 400
    assert refused.value.response is not None
    assert set(json.loads(refused.value.response.body)["error"]) == {"code", "message", "remedy"}


async def test_learning_needs_a_sidecar_and_a_folder(jp_fetch: Fetch) -> None:
    for verb, body, status in [
        ("POST", {"images": "photographs"}, 503),
        ("POST", {}, 400),
        ("POST", {"images": 3}, 400),
    ]:
        with pytest.raises(HTTPClientError) as refused:
            await ask(jp_fetch, "learn", verb, body)
        assert refused.value.code == status
    with pytest.raises(HTTPClientError) as refused:
        await jp_fetch("veilbook", "learn", method="DELETE")
    assert refused.value.code == 503


async def test_learning_takes_folders_below_the_root_of_the_server_and_tells_how_it_ends(
    jp_fetch: Fetch, jp_root_dir: Path, heard: list[dict[str, Any]], built: None
) -> None:
    await ask(jp_fetch, "start", "POST")
    await until(lambda: states(heard)[-1:] == ["running"])
    (jp_root_dir / "empty").mkdir()
    job = await ask(jp_fetch, "learn", "POST", {"images": "empty"})
    assert job["request"] == {
        "images": str(jp_root_dir / "empty"),
        "out": str(jp_root_dir / "obfuscation-faceboxes"),
    }
    # There is nothing to learn from: whatever the pass says about it arrives, in the event and in the status.
    await until(lambda: any(event["type"] == "learn" and event["job"]["ended"] for event in heard), 180)
    last = [event["job"] for event in heard if event["type"] == "learn"][-1]
    assert (await ask(jp_fetch, "status"))["status"]["learn"] == last
    assert last["state"] == "failed"
    assert set(last["error"]) == {"code", "message", "remedy"}
    assert last["error"]["code"] != "worker_died"
    with pytest.raises(HTTPClientError) as refused:
        await ask(jp_fetch, "learn", "POST", {"images": "empty", "epochs": 3})
    assert refused.value.code == 400
    with pytest.raises(HTTPClientError) as refused:
        await jp_fetch("veilbook", "learn", method="DELETE")
    assert refused.value.code == 404


async def test_a_killed_sidecar_has_failed_until_one_runs_again(
    jp_fetch: Fetch, state_dir: Path, heard: list[dict[str, Any]], built: None
) -> None:
    pid = (await ask(jp_fetch, "start", "POST"))["status"]["hello"]["pid"]
    await until(lambda: states(heard)[-1:] == ["running"])
    os.kill(pid, signal.SIGKILL)
    await until(lambda: states(heard)[-1:] == ["failed"])
    failed = await ask(jp_fetch, "status")
    assert failed["state"] == "failed"
    assert failed["error"]["code"] == "sidecar_unavailable"
    assert any("started" in line for line in failed["log"])

    # The next cell of a notebook starts another one; nobody tells this server.
    await asyncio.to_thread(launcher.ensure_running, state_dir)
    await until(lambda: states(heard)[-1:] == ["running"])
    assert (await ask(jp_fetch, "status"))["state"] == "running"


@pytest.mark.slow
async def test_a_sidecar_that_hangs_is_replaced_by_restart(jp_fetch: Fetch, built: None) -> None:
    pid = (await ask(jp_fetch, "start", "POST"))["status"]["hello"]["pid"]
    os.kill(pid, signal.SIGSTOP)
    failed = await ask(jp_fetch, "status")
    assert failed["state"] == "failed"
    assert f"pid {pid}" in failed["error"]["message"]
    restarted = await ask(jp_fetch, "restart", "POST")
    assert restarted["state"] == "running"
    assert restarted["status"]["hello"]["pid"] != pid


async def test_a_sidecar_that_died_before_this_server_came_counts_as_stopped(
    jp_fetch: Fetch, state_dir: Path, built: None
) -> None:
    connection = await asyncio.to_thread(launcher.ensure_running, state_dir)
    os.kill(connection.pid, signal.SIGKILL)
    await asyncio.sleep(0.3)
    assert await ask(jp_fetch, "status") == {"state": "stopped"}


async def test_events_of_a_sidecar_that_a_kernel_started_arrive(
    jp_fetch: Fetch, state_dir: Path, heard: list[dict[str, Any]], built: None
) -> None:
    assert await ask(jp_fetch, "status") == {"state": "stopped"}
    await asyncio.to_thread(launcher.ensure_running, state_dir)
    await until(lambda: states(heard)[-1:] == ["running"])
    await ask(jp_fetch, "defaults", "PUT", {"alpha": 0.3, "device": "cpu"})
    await until(lambda: any(event["type"] == "defaults" for event in heard))
    event = next(event for event in heard if event["type"] == "defaults")
    assert event["defaults"] == {"alpha": 0.3, "device": "cpu"}
    await ask(jp_fetch, "stop", "POST")
    await until(lambda: states(heard)[-1:] == ["stopped"])
    assert any(event["type"] == "stopping" for event in heard)


async def test_what_happened_before_the_events_were_listened_to_arrives_too(
    jp_fetch: Fetch, monkeypatch: pytest.MonkeyPatch, heard: list[dict[str, Any]], built: None
) -> None:
    monkeypatch.setattr("veilbook.server.relay.WATCH_SECONDS", 2.0)
    await asyncio.sleep(1.1)  # a pause that had begun before
    await ask(jp_fetch, "start", "POST")
    await ask(jp_fetch, "defaults", "PUT", {"alpha": 0.3, "device": "cpu"})
    assert not any(event["type"] == "defaults" for event in heard)
    await until(lambda: any(event["type"] == "defaults" for event in heard))
    await ask(jp_fetch, "defaults", "PUT", {"alpha": 0.4, "device": "cpu"})
    await until(lambda: heard[-1].get("defaults") == {"alpha": 0.4, "device": "cpu"})
    assert [event["defaults"]["alpha"] for event in heard if event["type"] == "defaults"] == [0.3, 0.4]


async def test_a_server_that_nobody_uses_lets_the_sidecar_go(
    jp_serverapp: Any, jp_fetch: Fetch, monkeypatch: pytest.MonkeyPatch, built: None
) -> None:
    monkeypatch.setattr("veilbook.server.relay.IN_USE_SECONDS", 0.05)
    await ask(jp_fetch, "start", "POST")
    clients = 2  # the relay's stream and the request that asks
    for _ in range(100):
        if (await ask(jp_fetch, "status"))["status"]["clients"] == clients:
            break
        await asyncio.sleep(0.05)
    else:
        raise AssertionError("The relay did not connect.")
    monkeypatch.setattr(jp_serverapp.web_app, "last_activity", lambda: jp_serverapp.web_app.settings["started"].min)
    for _ in range(100):
        if (await ask(jp_fetch, "status"))["status"]["clients"] == 1:
            return
        await asyncio.sleep(0.05)
    raise AssertionError("The relay kept its connection.")


def states(heard: list[dict[str, Any]]) -> list[str]:
    return [event["state"] for event in heard if event["type"] == "state"]


def test_a_log_line_that_is_no_record_stays_as_it_is() -> None:
    for line in ["", "[]", '{"time": "late"}', "42", '{"level": "info"}', "Segmentation fault"]:
        assert readable(line) == line
