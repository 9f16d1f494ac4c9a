"""`%veil evaluate`, `%veil sweep` and their functions with the real sidecar, over a child that stands in."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kernels import Kernel
from support import needs_bundle
from test_learning import photographs, sidecar_over_the_stand_in

import veilbook
from veilbook import evaluate_line, sweep_line
from veilbook.client import Sidecar
from veilbook.errors import VeilError


@pytest.fixture(scope="module")
def state() -> Iterator[Path]:
    with sidecar_over_the_stand_in() as directory:
        yield directory


@pytest.fixture
def sidecar(state: Path) -> Iterator[Sidecar]:
    client = Sidecar(state)
    yield client
    client.close()


@needs_bundle
def test_every_option_reaches_the_evaluation(sidecar: Sidecar, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    photographs(tmp_path, "quick")
    heard: list[dict[str, Any]] = []
    found = veilbook.evaluate(
        "quick",
        alpha=0.8,
        format="fddb",
        category="face",
        device="cpu",
        workers=2,
        out="kept",
        progress=heard.append,
        sidecar=sidecar,
    )
    assert isinstance(found, veilbook.Evaluation)
    assert json.loads(found.notices[0]) == {
        "dataset": str(tmp_path / "quick"),
        "format": "fddb",
        "category": "face",
        "device": "cpu",
        "workers": "2",
        "out": str(tmp_path / "kept"),
        "alpha": "0.8",
        "noisy": True,
        "as-job": True,
    }
    assert all((progress["images"], progress["of"]) == (4, 40) for progress in heard)
    assert (found.average_ap, found.pooled_ap, found.alpha, found.bad) == (0.9, 0.89, 0.8, 12)
    assert [(fold.fold, fold.ap, fold.bad) for fold in found.folds] == [
        ("FDDB-fold-1", 0.9, 0),
        ("FDDB-fold-2", None, 2),
    ]
    assert found.to_dict()["map"] == 0.9


@needs_bundle
def test_folds_are_the_same_table_in_text_and_html_and_bad_records_are_told(sidecar: Sidecar, tmp_path: Path) -> None:
    found = veilbook.evaluate(photographs(tmp_path, "quick"), sidecar=sidecar)
    shown = found._repr_mimebundle_()
    assert shown["text/plain"] == repr(found)
    lines = repr(found).splitlines()
    assert lines[:6] == [
        "FDDB, clean: 38 images with 30 faces in 5 s, 8.0 a second on cpu; 12 records left out",
        "       fold      AP  images  faces  left out",
        "FDDB-fold-1  0.9000      20     30         0",
        "FDDB-fold-2       -      18      0         2",
        "    average  0.9000      38     30        12",
        "     pooled  0.8900      38     30        12",
    ]
    assert "FDDB's discrete score at 100 false positives: 0.9500" in lines
    assert lines[-2:] == [
        "Left out: <list>.txt, line 10: is no number.",
        "and 2 more, the first 11 in .bad_records",
    ]
    assert "<td>0.9000</td><td>20</td><td>30</td><td>0</td>" in shown["text/html"]
    assert "&lt;list&gt;.txt, line 10" in shown["text/html"]
    assert "<list>" not in shown["text/html"]


@needs_bundle
def test_a_sweep_puts_leakage_beside_accuracy(sidecar: Sidecar, tmp_path: Path) -> None:
    swept = veilbook.sweep(photographs(tmp_path, "quick"), alphas=(0.8, 0.3), sidecar=sidecar)
    assert json.loads(swept.notices[0])["alphas"] == "0.3,0.8"
    assert (swept.clean.alpha, swept.clean.retained, swept.clean.leakage) == (None, 1.0, 0.9)
    assert [(row.alpha, row.average_ap, row.leakage) for row in swept.rows] == [(0.3, 0.88, None), (0.8, 0.81, 0.18)]
    assert repr(swept).splitlines()[1:5] == [
        "ALPHA  average AP  pooled AP  retained  recovered",
        "clean      0.9000     0.8900    100.0%      90.0%",
        "  0.3      0.8800     0.8900     97.8%          -",
        "  0.8      0.8100     0.8900     90.0%      18.0%",
    ]
    assert "Measured against the attacks listed; not encryption" in repr(swept)
    assert '<th scope="row">0.8</th><td>0.8100</td>' in swept._repr_mimebundle_()["text/html"]


@needs_bundle
def test_one_job_runs_at_a_time_and_a_failure_is_one_line(sidecar: Sidecar, tmp_path: Path) -> None:
    slow = {"kind": "sweep", "dataset": str(photographs(tmp_path, "slow"))}
    sidecar.request("POST", "/v1/evaluate", body=json.dumps(slow).encode(), content_type="application/json")
    with pytest.raises(VeilError, match="An evaluation of") as caught:
        veilbook.audit(photographs(tmp_path, "quick"), out=tmp_path / "kept", sidecar=sidecar)
    assert caught.value.code == "busy"
    sidecar.request("DELETE", "/v1/evaluate")
    while sidecar.get("/v1/evaluate")["job"]["ended"] is None:
        time.sleep(0.05)
    with pytest.raises(VeilError, match="too few") as caught:
        veilbook.evaluate(photographs(tmp_path, "refused"), sidecar=sidecar)
    assert "\n" not in str(caught.value)


@needs_bundle
def test_what_follows_waits_until_a_stopped_job_has_put_its_work_down(sidecar: Sidecar, tmp_path: Path) -> None:
    stubborn = {"kind": "evaluate", "dataset": str(photographs(tmp_path, "stubborn"))}
    sidecar.request("POST", "/v1/evaluate", body=json.dumps(stubborn).encode(), content_type="application/json")
    while sidecar.get("/v1/evaluate")["job"]["progress"] is None:
        time.sleep(0.05)
    sidecar.request("DELETE", "/v1/evaluate")
    assert veilbook.evaluate(photographs(tmp_path, "quick"), sidecar=sidecar).average_ap == 0.9


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", "names no data set"),
        ("--dataset d --alpha 0.8", "--alpha belongs to --noisy"),
        ("--dataset d --format png", "'png'"),
        ("--dataset d --workers 0", "not a number of images"),
        ("--dataset d --alphas 0.2,0.8", "--alphas"),
        ("--dataset d -o 2nd", "not a variable's name"),
        ("--dataset 'd", "quot"),
    ],
)
def test_a_line_that_is_wrong_is_refused(line: str, words: str) -> None:
    with pytest.raises(VeilError, match="Nothing was run") as caught:
        evaluate_line.parse(line)
    assert caught.value.code == "bad_request"
    assert words in str(caught.value)


def test_a_sweep_takes_strengths_between_0_and_1() -> None:
    with pytest.raises(VeilError, match="numbers between 0 and 1"):
        sweep_line.parse("--dataset d --alphas 0.2,1.2")
    options = sweep_line.parse("--dataset d --alphas 0.2,0.8")
    assert options is not None
    assert options.alphas == [0.2, 0.8]


@pytest.mark.parametrize("job", [evaluate_line, sweep_line])
def test_help_lists_every_option(job: Any) -> None:
    assert job.parse("-h") is None
    for option in job.OPTIONS:
        if option not in ("--help", "-h", "--output"):
            assert option in job.HELP


@needs_bundle
@pytest.mark.parametrize("watched", [True, False])
def test_in_a_notebook_and_without_one_it_ends_in_tables_and_a_curve(
    tmp_path: Path, state: Path, watched: bool
) -> None:
    for kind in ("quick", "slow"):
        photographs(tmp_path, kind)
    with Kernel(tmp_path, state, watched=watched) as kernel:
        kernel.run("%load_ext veilbook\n%config Veil.alpha = 0.8\nfolder = 'quick'")
        ran = kernel.run("%veil evaluate --dataset folder --noisy -o found")
        assert ran.status == "ok", ran.error
        assert ran.displays[-1]["data"]["text/plain"].startswith("FDDB, noisy at ALPHA 0.8: ")
        assert "<table>" in ran.displays[-1]["data"]["text/html"]
        if watched:
            assert 'aria-label="Evaluation"' in ran.displays[0]["data"]["text/html"]
            assert ran.updates[-1]["data"] == {"text/plain": "Evaluated in 5 s."}
        else:
            assert ran.text.splitlines()[-1] == "Evaluated in 5 s."

        ran = kernel.run("%veil sweep --dataset quick -o swept")
        assert ran.status == "ok", ran.error
        table, curve = ran.displays[-2:]
        assert "recovered" in table["data"]["text/plain"]
        assert curve["data"]["image/svg+xml"].startswith("<svg")
        assert kernel.run("print(found.average_ap, len(swept.rows))").text == "0.9 2\n"

        if watched:
            sent = kernel.send("%veil evaluate --dataset slow -o found")
            stopped = kernel.collect(sent, interrupt_at="10%")
            assert "VeilError: Stopped at 10%; what was counted so far is kept" in stopped.error
            assert "goes on where it stopped" in stopped.error
            assert kernel.run("print(found.alpha)").text == "0.8\n"
