"""One sidecar for everybody: started once, found by all, replaced when it is gone. With the real sidecar."""

from __future__ import annotations

import errno
import json
import os
import re
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from support import ROOT, needs_bundle

from veilbook import launcher
from veilbook._state import PROTOCOL, host_id
from veilbook.client import Sidecar
from veilbook.errors import VeilError

pytestmark = needs_bundle

STARTER = "from veilbook.launcher import ensure_running; print(ensure_running().instance)"


def connection_file(state: Path, **changes: Any) -> dict[str, Any]:
    document = {
        "protocol": PROTOCOL,
        "version": "0.0.1",
        "pid": os.getpid(),
        "instance": "nobody",
        "host": host_id(),
        "socket": str(state / "dead.sock"),
        "token": "t",
        **changes,
    }
    (state / "sidecar.json").write_text(json.dumps(document))
    return document


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0] != "Z"
    except OSError:
        return False


def wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + 20
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not alive(pid)


@pytest.mark.slow
def test_ten_simultaneous_starters_share_one_process(state: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    starters = [
        subprocess.Popen([sys.executable, "-c", STARTER], stdout=subprocess.PIPE, text=True, env=environment)
        for _ in range(10)
    ]
    instances = {starter.communicate(timeout=120)[0].strip() for starter in starters}
    assert all(starter.returncode == 0 for starter in starters)
    assert len(instances) == 1
    assert len((state / "starts").read_text().split()) == 1


def test_a_killed_sidecar_is_replaced_between_two_calls(state: Path) -> None:
    client = Sidecar()
    first = client.get("/v1/hello")
    os.kill(first["pid"], signal.SIGKILL)
    wait_until_gone(first["pid"])
    second = client.get("/v1/hello")
    assert second["instance"] != first["instance"]
    client.close()


def test_what_a_dead_sidecar_left_behind_is_cleared(state: Path) -> None:
    stale = connection_file(state)
    Path(stale["socket"]).touch()
    assert launcher.attach() is None
    connection = launcher.ensure_running()
    assert connection.instance != "nobody"
    assert not Path(stale["socket"]).exists()


def test_a_living_pid_alone_proves_nothing(state: Path) -> None:
    connection_file(state, pid=os.getpid())
    assert launcher.ensure_running().pid != os.getpid()


def test_another_hosts_file_is_ignored(state: Path) -> None:
    connection_file(state, host="elsewhere 0000")
    connection = launcher.ensure_running()
    assert connection.instance != "nobody"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"host": 1}'])
def test_a_damaged_connection_file_is_no_connection(state: Path, text: str) -> None:
    (state / "sidecar.json").write_text(text)
    assert launcher.attach() is None


def test_another_version_is_shared_and_another_protocol_is_replaced(state: Path) -> None:
    first = launcher.ensure_running()
    path = state / "sidecar.json"
    document = json.loads(path.read_text())
    path.write_text(json.dumps({**document, "version": "99.0.0"}))
    assert launcher.ensure_running().instance == first.instance
    path.write_text(json.dumps({**document, "protocol": PROTOCOL + 1}))
    assert launcher.attach() is None
    second = launcher.ensure_running()
    assert second.instance != first.instance
    wait_until_gone(first.pid)


def test_a_restart_replaces_a_running_sidecar_and_forgets_earlier_starts(state: Path) -> None:
    first = launcher.ensure_running()
    second = launcher.restart()
    assert second.instance != first.instance
    wait_until_gone(first.pid)
    assert not (state / "starts").exists()


def test_it_survives_the_interrupt_of_the_group_that_started_it(state: Path) -> None:
    connection = launcher.ensure_running()
    assert os.getpgid(connection.pid) != os.getpgid(0)
    assert os.getsid(connection.pid) != os.getsid(0)


def test_it_does_not_inherit_the_kernels_secrets(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JPY_API_TOKEN", "secret")
    monkeypatch.setenv("NODE_OPTIONS", "--no-warnings")
    connection = launcher.ensure_running()
    names = {pair.split(b"=")[0] for pair in Path(f"/proc/{connection.pid}/environ").read_bytes().split(b"\0")}
    assert not {b"JPY_API_TOKEN", b"NODE_OPTIONS"} & names
    assert b"PATH" in names


def fake_node(directory: Path, script: str) -> str:
    path = directory / "node"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def refusal() -> str:
    with pytest.raises(VeilError) as caught:
        launcher.ensure_running()
    assert caught.value.code == "sidecar_unavailable"
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_three_starts_in_a_minute_end_with_the_log(
    state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = '[ "$1" = --version ] && echo v22.19.0 && exit; echo "no such file: head.onnx" >&2; exit 3'
    monkeypatch.setenv("VEILBOOK_NODE", fake_node(tmp_path, script))
    for _ in range(3):
        assert "exit status 3" in refusal()
    last = refusal()
    assert "started 3 times within a minute" in last
    assert "no such file: head.onnx" in last


def test_an_old_node_is_named_with_the_remedy(state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = fake_node(tmp_path, "echo v20.19.2")
    monkeypatch.setenv("VEILBOOK_NODE", path)
    assert refusal().startswith(f"{path} is Node 20.19, but Node >= 22.19 is needed. The sidecar was not started.")


def test_a_missing_node_is_one_line_with_the_remedy(
    state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VEILBOOK_NODE", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("veilbook._node._wheel_node", lambda: None)
    assert refusal().startswith("No Node >= 22.19 was found.")
    monkeypatch.setenv("VEILBOOK_NODE", "/nowhere/node")
    assert "VEILBOOK_NODE is /nowhere/node, which does not run as Node" in refusal()


def test_a_missing_bundle_says_how_to_build_it(state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("veilbook._node.__file__", str(tmp_path / "_node.py"))
    assert "npm run build:node" in refusal()


def test_a_long_path_to_the_state_directory_still_finds_a_socket(
    state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    monkeypatch.setenv("VEILBOOK_STATE_DIR", str(deep))
    connection = launcher.ensure_running()
    try:
        assert len(connection.socket.encode()) <= 100
    finally:
        launcher._stop(connection)


def test_the_state_directory_is_private(state: Path) -> None:
    launcher.ensure_running()
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    assert all(stat.S_IMODE(file.stat().st_mode) & 0o077 == 0 for file in state.iterdir())


def test_a_state_directory_that_cannot_be_made_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VEILBOOK_STATE_DIR", "/proc/veilbook")
    assert "Set VEILBOOK_STATE_DIR to a directory of your own." in refusal()


def test_a_state_directory_that_others_may_enter_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    with pytest.raises(VeilError, match=r"open to other users.*chmod 700"):
        launcher.ensure_running(tmp_path)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


def test_the_command_line_is_the_node_program_with_its_exit_codes() -> None:
    command = [sys.executable, "-m", "veilbook"]
    version = subprocess.run([*command, "--version"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert re.fullmatch(r"\d+\.\d+\.\d+\S*\n", version.stdout)
    wrong = subprocess.run([*command, "detct"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (wrong.returncode, wrong.stderr.count("\n")) == (2, 1)


def test_the_command_line_without_a_usable_node_says_so_in_one_line(tmp_path: Path) -> None:
    environment = {**os.environ, "VEILBOOK_NODE": fake_node(tmp_path, "echo v20.20.2")}
    command = [sys.executable, "-m", "veilbook", "devices"]
    refused = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert refused.returncode == 5
    assert re.fullmatch(r"veilbook: .*is Node 20\.20, but Node >= 22\.19 is needed\..*\n", refused.stderr)


def test_a_full_disk_is_told_in_one_line(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_text", full)
    assert re.search(r"No space left on device\)\. Make room there", refusal())
