"""Frames that the sidecar reads where they lie: the same result as through the socket, and nothing stays open."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import ROOT, needs_bundle

from veilbook import launcher, results
from veilbook.client import Sidecar
from veilbook.errors import VeilError
from veilbook.inputs import single

pytestmark = [
    needs_bundle,
    pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="this system has no memfds"),
]

CLEAN = {"image": "frame", "mode": "clean", "device": "cpu"}
NOISE = np.random.default_rng(3).integers(0, 256, (700, 900, 3), dtype=np.uint8)


@pytest.fixture
def sidecar(shared_state: Path) -> Iterator[Sidecar]:
    client = Sidecar(shared_state)
    yield client
    client.close()


def held(state: Path) -> int:
    """How many frames in shared memory the sidecar holds open."""
    connection = launcher.attach(state)
    assert connection is not None
    folder = f"/proc/{connection.pid}/fd"
    count = 0
    for name in os.listdir(folder):
        with suppress(FileNotFoundError):  # closed meanwhile
            count += "memfd:veilbook-frame" in os.readlink(f"{folder}/{name}")
    return count


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def running(client: Sidecar) -> int:
    text = client.request("GET", "/metrics").body.decode()
    return int(next(line for line in text.splitlines() if line.startswith("veilbook_running ")).split()[1])


@pytest.mark.parametrize("pictures", ["", "annotated,frame"])
def test_a_frame_in_shared_memory_and_one_through_the_socket_give_the_same_bits(
    sidecar: Sidecar, shared_state: Path, pictures: str
) -> None:
    through_socket = Sidecar(shared_state)
    through_socket.use_shared_memory(False)
    query: dict[str, Any] = {**CLEAN, "activation": "true", "picture_format": "png"}
    if pictures:
        query["pictures"] = pictures
    one, other = (
        results.read(client.send_frame("/v1/detect", single(NOISE), query)) for client in (sidecar, through_socket)
    )
    assert one.document["detections"] == other.document["detections"]
    assert np.array_equal(one.activation, other.activation)
    assert one.pictures == other.pictures
    until(lambda: held(shared_state) == 0)
    through_socket.close()


def test_a_refused_run_leaves_nothing_open(sidecar: Sidecar, shared_state: Path) -> None:
    with pytest.raises(VeilError, match="no_such_model"):
        sidecar.send_frame("/v1/detect", single(NOISE), {**CLEAN, "model": "/no_such_model"})
    until(lambda: held(shared_state) == 0)


def test_an_aborted_run_leaves_nothing_open_and_the_next_works(sidecar: Sidecar, shared_state: Path) -> None:
    watcher = Sidecar(shared_state)
    assert running(watcher) == 0
    problems: list[VeilError] = []

    def run() -> None:
        try:
            large = np.broadcast_to(NOISE, (4, *NOISE.shape)).reshape(2800, 900, 3)
            sidecar.send_frame("/v1/detect", single(large), {**CLEAN, "pictures": "annotated", "picture_format": "png"})
        except VeilError as problem:
            problems.append(problem)

    thread = threading.Thread(target=run)
    thread.start()
    until(lambda: running(watcher) == 1)
    sidecar.abort()
    thread.join()
    assert [problem.code for problem in problems] == ["cancelled"]
    until(lambda: running(watcher) == 0 and held(shared_state) == 0)
    sidecar.send_frame("/v1/detect", single(NOISE), CLEAN)
    watcher.close()


@pytest.mark.parametrize("moment", ["before the frame is there", "during the run"])
def test_a_client_that_dies_leaves_nothing_open_and_nobody_notices(
    sidecar: Sidecar, shared_state: Path, moment: str
) -> None:
    sidecar.send_frame("/v1/detect", single(NOISE), CLEAN)
    code = f"""
import numpy, time
from veilbook import client, inputs, shared_frames
if {moment == "before the frame is there"}:
    def stuck(place):
        print("here", flush=True)
        time.sleep(60)
    shared_frames.Place.fill = stuck
frame = inputs.single(numpy.zeros((2000, 3000, 3), "uint8"))
query = {{"image": "frame", "mode": "clean", "device": "cpu", "pictures": "annotated", "picture_format": "png"}}
print("started", flush=True)
client.Sidecar({str(shared_state)!r}).send_frame("/v1/detect", frame, query)
"""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    dying = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=environment)
    assert dying.stdout is not None
    assert dying.stdout.readline() == "started\n"
    if moment == "before the frame is there":
        assert dying.stdout.readline() == "here\n"
        until(lambda: held(shared_state) == 1)
    else:
        until(lambda: running(sidecar) == 1)
    dying.send_signal(signal.SIGKILL)
    dying.communicate()
    until(lambda: running(sidecar) == 0 and held(shared_state) == 0)
    sidecar.send_frame("/v1/detect", single(NOISE), CLEAN)


def test_memory_that_is_shorter_than_the_frame_is_refused(sidecar: Sidecar, shared_state: Path) -> None:
    assert sidecar._memory is not None
    query = {**CLEAN, "width": 1000, "height": 1000}
    with (
        pytest.raises(VeilError, match="shorter than 3000000 bytes"),
        sidecar._memory.hold(memoryview(b"one megabyte is mapped")) as place,
    ):
        sidecar.request(
            "POST",
            "/v1/detect",
            query=query,
            body=b"1",
            content_type="application/octet-stream",
            extra={"Veilbook-Frame": place.path},
        )
    until(lambda: held(shared_state) == 0)


def test_where_the_sidecar_cannot_read_it_the_frame_goes_through_the_socket_from_then_on(
    sidecar: Sidecar, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("veilbook.shared_frames.Place.path", "/proc/1/fd/99999")
    assert sidecar.send_frame("/v1/detect", single(NOISE), CLEAN).status == 200
    assert sidecar._memory is None
    assert sidecar.send_frame("/v1/detect", single(NOISE), CLEAN).status == 200
