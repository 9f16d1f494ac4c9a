"""The workspace's routes with the real sidecar: snapshots of the root directory of the server, and of nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from test_panel import Fetch, ask, until
from test_panel import heard as heard
from tornado.httpclient import HTTPClientError


async def done(heard: list[dict[str, Any]], begun: dict[str, Any]) -> dict[str, Any]:
    """The operation once the events have told that it is over."""
    wanted = begun["record"]["id"]

    def ends() -> list[dict[str, Any]]:
        told = [event["operation"] for event in heard if event["type"] == "workspace"]
        return [one for one in told if one["record"]["id"] == wanted and one["record"]["state"] != "running"]

    await until(lambda: ends() != [], 60)
    return ends()[0]


async def test_looking_starts_nothing(jp_fetch: Fetch, state_dir: Path) -> None:
    with pytest.raises(HTTPClientError) as refused:
        await ask(jp_fetch, "workspace")
    assert refused.value.code == 503
    assert not (state_dir / "sidecar.json").exists()


async def test_snapshot_restore_and_undo_of_the_root_directory(
    jp_fetch: Fetch, jp_root_dir: Path, heard: list[dict[str, Any]], built: None
) -> None:
    await ask(jp_fetch, "start", "POST")
    await until(lambda: any(event["type"] == "state" for event in heard))
    labels = jp_root_dir / "labels.csv"
    labels.write_text("one", encoding="utf-8")
    taken = await done(heard, await ask(jp_fetch, "workspace/snapshots", "POST", {"label": "before training"}))
    assert taken["record"]["state"] == "done"
    identity = taken["result"]["snapshot"]["id"]

    labels.write_text("two!", encoding="utf-8")
    restored = await done(heard, await ask(jp_fetch, "workspace/restore", "POST", {"snapshot": identity}))
    assert restored["result"]["restored"]["replaced"] == 1
    assert labels.read_text(encoding="utf-8") == "one"
    shown = await ask(jp_fetch, "workspace")
    assert shown["workspace"]["location"] == str(jp_root_dir.resolve())
    assert [one["kind"] for one in shown["snapshots"]] == ["safety", "user"]
    await done(heard, await ask(jp_fetch, "workspace/undo", "POST"))
    assert labels.read_text(encoding="utf-8") == "two!"
    assert (await ask(jp_fetch, f"workspace/snapshots/{identity}/pin", "PUT", {"pinned": True}))["pinned"] is True


async def test_an_action_starts_the_sidecar_and_a_clone_lies_beside_the_workspace(
    jp_fetch: Fetch, jp_root_dir: Path, state_dir: Path, heard: list[dict[str, Any]], built: None
) -> None:
    (jp_root_dir / "labels.csv").write_text("one", encoding="utf-8")
    begun = await ask(jp_fetch, "workspace/clone", "POST", {"to": "attempt-2"})
    assert (state_dir / "sidecar.json").exists()
    assert begun["record"]["target"] == str(jp_root_dir.parent / "attempt-2")
    copy = jp_root_dir.parent / "attempt-2" / "labels.csv"
    await until(copy.exists, 60)
    assert copy.read_text(encoding="utf-8") == "one"


async def test_other_workspaces_are_listed_cloned_and_removed(
    jp_fetch: Fetch, jp_root_dir: Path, heard: list[dict[str, Any]], built: None
) -> None:
    (jp_root_dir / "labels.csv").write_text("one", encoding="utf-8")
    with pytest.raises(HTTPClientError) as stopped:
        await ask(jp_fetch, "workspace/others")
    assert stopped.value.code == 503
    await ask(jp_fetch, "start", "POST")
    await until(lambda: any(event["type"] == "state" for event in heard))
    await done(heard, await ask(jp_fetch, "workspace/clone", "POST", {"to": "attempt-2"}))
    [made] = (await ask(jp_fetch, "workspace/others"))["workspaces"]
    assert made["location"] == str(jp_root_dir.resolve().parent / "attempt-2")
    cloning = {"workspace": made["id"], "to": "attempt-3"}
    cloned = await done(heard, await ask(jp_fetch, "workspace/others/clone", "POST", cloning))
    assert cloned["record"]["state"] == "done"
    assert (jp_root_dir.parent / "attempt-3" / "labels.csv").read_text(encoding="utf-8") == "one"
    removing = {"workspace": made["id"], "confirm": "attempt-2", "snapshots": True}
    with pytest.raises(HTTPClientError) as refused:
        await ask(jp_fetch, "workspace/others/delete", "POST", {**removing, "force": True})
    assert refused.value.code == 400
    await done(heard, await ask(jp_fetch, "workspace/others/delete", "POST", removing))
    assert not (jp_root_dir.parent / "attempt-2").exists()


async def test_tells_which_snapshots_hold_a_file_and_what_is_in_one(
    jp_fetch: Fetch, jp_root_dir: Path, heard: list[dict[str, Any]], built: None
) -> None:
    (jp_root_dir / "data").mkdir()
    (jp_root_dir / "data" / "a b.csv").write_text("one", encoding="utf-8")
    await ask(jp_fetch, "start", "POST")
    await until(lambda: any(event["type"] == "state" for event in heard))
    taken = await done(heard, await ask(jp_fetch, "workspace/snapshots", "POST", {}))
    identity = taken["result"]["snapshot"]["id"]
    found = await ask(jp_fetch, "workspace/holding", "POST", {"paths": ["data/a b.csv", "gone"]})
    assert [(one["snapshot"]["id"], len(one["held"])) for one in found["holdings"]] == [(identity, 1)]
    listed = await ask(jp_fetch, f"workspace/snapshots/{identity}/files", params={"path": "data"})
    assert [one["path"] for one in listed["entries"]] == ["data/a b.csv"]


@pytest.mark.parametrize("name", ["", ".", "..", "../elsewhere", "/etc/veilbook", "a/b", "a\0b", 7, None])
async def test_a_clone_can_be_nowhere_else(jp_fetch: Fetch, state_dir: Path, name: object) -> None:
    with pytest.raises(HTTPClientError) as refused:
        await ask(jp_fetch, "workspace/clone", "POST", {"to": name})
    assert refused.value.code == 400
    with pytest.raises(HTTPClientError) as refused:
        await ask(jp_fetch, "workspace/others/clone", "POST", {"workspace": "other", "to": name})
    assert refused.value.code == 400
    assert not (state_dir / "sidecar.json").exists()


async def test_a_browser_names_no_other_folder(jp_fetch: Fetch, jp_root_dir: Path, tmp_path: Path, built: None) -> None:
    await ask(jp_fetch, "start", "POST")
    shown = await ask(jp_fetch, "workspace", params={"dir": str(tmp_path)})
    assert shown["workspace"]["location"] == str(jp_root_dir.resolve())
    with pytest.raises(HTTPClientError) as refused:
        await ask(jp_fetch, "workspace/snapshots", "POST", {"dir": str(tmp_path)})
    assert refused.value.code == 400
    assert refused.value.response is not None
    assert set(json.loads(refused.value.response.body)["error"]) == {"code", "message", "remedy"}
