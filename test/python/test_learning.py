"""`%veil learn` and `veilbook.learn()` with the real sidecar, over a child that stands in for the learning pass."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from kernels import Kernel
from support import BUNDLE, ROOT, needs_bundle

import veilbook
from veilbook import launcher, learn_line
from veilbook._node import find_node
from veilbook.client import Sidecar
from veilbook.errors import VeilError

STAND_IN = ROOT / "test" / "sidecar" / "stand-in-learn.mjs"


@contextmanager
def sidecar_over_the_stand_in() -> Iterator[Path]:
    """The state directory of a sidecar whose learning jobs are the stand-in's."""
    folder = Path(tempfile.mkdtemp(prefix="veil-"))
    program = folder / "program"
    shutil.copytree(BUNDLE.parent, program / "node")
    shutil.copy(STAND_IN, program / "node" / "cli.mjs")
    (program / "node_modules").symlink_to(ROOT / "node_modules")
    (program / "models").symlink_to(ROOT / "models")
    directory = folder / "state"
    directory.mkdir(mode=0o700)
    command = [find_node(), str(program / "node" / "sidecar.mjs"), "--state-dir", str(directory)]
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, start_new_session=True)
    for _ in range(600):
        if launcher.attach(directory) is not None:
            break
        assert process.poll() is None, (folder / "output").read_text()
        time.sleep(0.05)
    yield directory
    launcher.stop(directory)
    process.wait(30)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def state() -> Iterator[Path]:
    with sidecar_over_the_stand_in() as directory:
        yield directory


@pytest.fixture
def sidecar(state: Path) -> Iterator[Sidecar]:
    client = Sidecar(state)
    yield client
    client.close()


def photographs(folder: Path, kind: str) -> Path:
    """A folder whose name tells the stand-in what to do."""
    (folder / kind).mkdir(exist_ok=True)
    return folder / kind


@needs_bundle
def test_it_waits_for_the_pass_and_tells_of_it(sidecar: Sidecar, tmp_path: Path) -> None:
    heard: list[dict[str, Any]] = []
    learned = veilbook.learn(
        photographs(tmp_path, "quick"), out=tmp_path / "new", progress=heard.append, sidecar=sidecar
    )
    assert isinstance(learned, veilbook.Learned)
    assert learned.path == tmp_path / "new" / "obfuscation.json"
    assert [(knot.alpha, knot.strongest_r2, knot.server) for knot in learned.knots] == [
        (0.2, 0.72, ("filter",)),
        (0.8, 0.18, ("filter", "denoiser")),
    ]
    assert all(progress["stage"] == "spectra" for progress in heard)


@needs_bundle
def test_options_reach_the_pass_as_whole_paths(
    sidecar: Sidecar, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    photographs(tmp_path, "quick")
    (tmp_path / "mine").mkdir()
    learned = veilbook.learn(
        "quick",
        "./mine",
        mode="cloak",
        alphas=(0.8, 0.2),
        looks=16,
        seed=0,
        device="cpu",
        install=True,
        sidecar=sidecar,
    )
    assert json.loads(learned.notices[0]) == {
        "images": str(tmp_path / "quick"),
        "model": str(tmp_path / "mine"),
        "out": str(tmp_path / "obfuscation-mine"),
        "mode": "cloak",
        "alphas": "0.2,0.8",
        "looks": "16",
        "seed": "0",
        "device": "cpu",
        "install": True,
        "as-job": True,
    }


@needs_bundle
def test_what_came_out_is_the_same_table_in_text_and_html(sidecar: Sidecar, tmp_path: Path) -> None:
    learned = veilbook.learn(photographs(tmp_path, "quick"), out=tmp_path / "new", sidecar=sidecar)
    shown = learned._repr_mimebundle_()
    assert shown["text/plain"] == repr(learned)
    assert repr(learned).splitlines()[:4] == [
        f"Learned for stand-in from 16 photographs in 1 s: {tmp_path / 'new' / 'obfuscation.json'}",
        "ALPHA  measured  attacker recovers  agreement        server side",
        "  0.2     0.210              72.0%      99.0%             filter",
        "  0.8     0.800              18.0%      90.0%  filter + denoiser",
    ]
    assert "<td>0.2</td><td>0.210</td><td>72.0%</td><td>99.0%</td><td>filter</td>" in shown["text/html"]
    assert "&quot;" in shown["text/html"]  # the notice is a JSON document here


@needs_bundle
@pytest.mark.parametrize(
    ("kind", "code", "words"),
    [("refused", "bad_request", "3 photographs are too few."), ("crash", "worker_died", "ended by SIGKILL")],
)
def test_a_pass_that_fails_is_an_error_of_one_line(
    sidecar: Sidecar, tmp_path: Path, kind: str, code: str, words: str
) -> None:
    with pytest.raises(VeilError) as caught:
        veilbook.learn(photographs(tmp_path, kind), out=tmp_path / "new", sidecar=sidecar)
    assert caught.value.code == code
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@needs_bundle
def test_a_sidecar_that_ends_takes_the_pass_with_it_and_what_is_kept_is_said(tmp_path: Path) -> None:
    with sidecar_over_the_stand_in() as directory:
        sidecar = Sidecar(directory)

        def stop(_: dict[str, Any]) -> None:
            sidecar.request("POST", "/v1/stop")

        with pytest.raises(VeilError, match=r"what was learned so far is in .*/new\. Run it again"):
            veilbook.learn(photographs(tmp_path, "slow"), out=tmp_path / "new", progress=stop, sidecar=sidecar)
        sidecar.close()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", "names no photographs"),
        ("--images p --alphas 0.2,much", "numbers between 0 and 1"),
        ("--images p --alphas 0.2,1.2", "numbers between 0 and 1"),
        ("--images p --looks 0", "number of looks"),
        ("--images p --seed -1", "--seed is negative"),
        ("--images p --mode magic", "'magic'"),
        ("--images p --alpha 0.2", "--alpha"),
        ("--images p -o 2nd", "not a variable's name"),
        ("--images 'p", "quot"),
    ],
)
def test_a_line_that_is_wrong_is_refused(line: str, words: str) -> None:
    with pytest.raises(VeilError, match="Nothing was run") as caught:
        learn_line.parse(line)
    assert caught.value.code == "bad_request"
    assert words in str(caught.value)


def test_help_lists_every_option() -> None:
    assert learn_line.parse("-h") is None
    for option in learn_line.OPTIONS:
        if option not in ("--help", "-h", "--output"):
            assert option in learn_line.HELP


@pytest.fixture
def kernel(tmp_path: Path, state: Path, request: pytest.FixtureRequest) -> Iterator[Kernel]:
    for kind in ("quick", "slow"):
        photographs(tmp_path, kind)
    with Kernel(tmp_path, state, watched=request.param) as kernel:
        kernel.run("%load_ext veilbook\nfolder = 'quick'")
        yield kernel


@needs_bundle
@pytest.mark.parametrize("kernel", [True], indirect=True)
def test_in_a_notebook_a_bar_becomes_a_table_and_an_interrupt_stops_the_pass(kernel: Kernel, state: Path) -> None:
    ran = kernel.run("%veil learn --images folder -o learned")
    assert ran.status == "ok", ran.error
    bar, table = ran.displays
    assert bar["data"]["text/plain"] == "  0% starting"
    assert '<progress value="0.000" max="1" aria-label="Learning">' in bar["data"]["text/html"]
    assert ran.updates[-1]["data"] == {"text/plain": "Learned in 1 s."}
    assert table["data"]["text/plain"].startswith("Learned for stand-in")
    assert kernel.run("print(len(learned.knots))").text == "2\n"

    sent = kernel.send("%veil learn --images slow -o learned")
    stopped = kernel.collect(sent, interrupt_at="10%")
    assert "VeilError: Stopped at 10%" in stopped.error
    assert "goes on where it stopped" in stopped.error
    assert kernel.run("print(len(learned.knots))").text == "2\n"
    assert Sidecar(state).get("/v1/learn")["job"]["state"] in ("cancelling", "cancelled")


@needs_bundle
@pytest.mark.parametrize("kernel", [False], indirect=True)
def test_where_nobody_watches_it_prints_a_line_for_each_stage(kernel: Kernel) -> None:
    ran = kernel.run("%veil learn --images quick --out elsewhere")
    assert ran.status == "ok", ran.error
    assert ran.updates == []
    assert ran.text.splitlines()[-1] == "Learned in 1 s."
    assert os.sep + "elsewhere" in ran.displays[0]["data"]["text/plain"]
    missing = kernel.run("%veil learn --images nowhere")
    assert "There is no variable and no file named nowhere" in missing.error
