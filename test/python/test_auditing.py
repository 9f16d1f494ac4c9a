"""`%veil audit` and `veilbook.audit()` with the real sidecar, over a child that stands in for the audit."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from kernels import Kernel
from support import needs_bundle
from test_learning import photographs, sidecar_over_the_stand_in

import veilbook
from veilbook import audit_line
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
def test_it_waits_for_the_audit_and_hands_every_option_on(
    sidecar: Sidecar, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    photographs(tmp_path, "quick")
    found = veilbook.audit(
        "quick", alphas=(0.8, 0.2), full=True, seed=3, device="cpu", report="r.html", sidecar=sidecar
    )
    assert isinstance(found, veilbook.Audit)
    assert json.loads(found.document["tool"]) == {
        "images": str(tmp_path / "quick"),
        "out": str(tmp_path / "audit-faceboxes"),
        "alphas": "0.2,0.8",
        "full": True,
        "seed": "3",
        "device": "cpu",
        "report": str(tmp_path / "r.html"),
        "as-job": True,
    }
    assert (found.verdict, found.clean_r2, found.path) == ("valid", 0.8, tmp_path / "r.html")
    assert [(entry.alpha, entry.strongest, entry.r2, entry.alpha_certified) for entry in found.alphas] == [
        (0.8, "A1", 0.16, 0.8)
    ]


@needs_bundle
def test_what_came_out_is_the_same_table_in_text_and_html_and_escaped(sidecar: Sidecar, tmp_path: Path) -> None:
    found = veilbook.audit(photographs(tmp_path, "quick"), out=tmp_path / "kept", sidecar=sidecar)
    shown = found._repr_mimebundle_()
    assert shown["text/plain"] == repr(found)
    assert repr(found).splitlines()[:3] == [
        "Audit of stand-in on 4 photographs in 1 s: valid, quick; clean: 80.0%",
        "ALPHA  attacker recovers    95% interval  attack  started from  certified ALPHA",
        "  0.8              16.0%  15.0% to 17.0%      A1           raw            0.800",
    ]
    assert "&lt;one&gt;.jpg" in shown["text/html"]
    assert "<one>" not in shown["text/html"]
    assert 'src="data:image/png;base64,AAAA"' in shown["text/html"]


@needs_bundle
def test_an_audit_that_is_void_says_so_first(sidecar: Sidecar, tmp_path: Path) -> None:
    found = veilbook.audit(photographs(tmp_path, "void"), out=tmp_path / "kept", sidecar=sidecar)
    assert repr(found).startswith("VOID: a control failed")
    assert found._repr_mimebundle_()["text/html"].startswith("<p style=")
    assert "A1 on clean activations: R2 .8" in repr(found)


@needs_bundle
def test_one_job_runs_at_a_time_and_events_carry_no_pictures(sidecar: Sidecar, tmp_path: Path) -> None:
    slow = {"images": str(photographs(tmp_path, "slow")), "out": str(tmp_path / "new")}
    sidecar.request("POST", "/v1/learn", body=json.dumps(slow).encode(), content_type="application/json")
    with pytest.raises(VeilError, match="A learning pass into") as caught:
        veilbook.audit(photographs(tmp_path, "quick"), out=tmp_path / "kept", sidecar=sidecar)
    assert caught.value.code == "busy"
    sidecar.request("DELETE", "/v1/learn")
    while sidecar.get("/v1/learn")["job"]["ended"] is None:
        time.sleep(0.05)
    with sidecar.events() as events:
        found = veilbook.audit(photographs(tmp_path, "quick"), out=tmp_path / "kept", sidecar=sidecar)
        last = next(event for event in events if event["type"] == "audit" and event["job"]["state"] == "done")
    assert found.verdict == "valid"
    assert last["job"]["report"] is None


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", "names no photographs"),
        ("--images p --alphas 0.2,1.2", "numbers between 0 and 1"),
        ("--images p --seed -1", "--seed is negative"),
        ("--images p --looks 2", "--looks"),
        ("--images p -o 2nd", "not a variable's name"),
        ("--images 'p", "quot"),
    ],
)
def test_a_line_that_is_wrong_is_refused(line: str, words: str) -> None:
    with pytest.raises(VeilError, match="Nothing was run") as caught:
        audit_line.parse(line)
    assert caught.value.code == "bad_request"
    assert words in str(caught.value)


def test_help_lists_every_option() -> None:
    assert audit_line.parse("-h") is None
    for option in audit_line.OPTIONS:
        if option not in ("--help", "-h", "--output"):
            assert option in audit_line.HELP


@needs_bundle
@pytest.mark.parametrize("watched", [True, False])
def test_in_a_notebook_and_without_one_it_ends_in_table_and_curve(tmp_path: Path, state: Path, watched: bool) -> None:
    photographs(tmp_path, "quick")
    with Kernel(tmp_path, state, watched=watched) as kernel:
        kernel.run("%load_ext veilbook")
        ran = kernel.run("%veil audit --images quick -o found")
        assert ran.status == "ok", ran.error
        table, curve = ran.displays[-2:]
        assert table["data"]["text/plain"].startswith("Audit of stand-in")
        assert curve["data"]["image/svg+xml"].startswith("<svg")
        assert kernel.run("print(found.verdict)").text == "valid\n"
        if watched:
            assert 'aria-label="Audit"' in ran.displays[0]["data"]["text/html"]
        else:
            assert ran.text.splitlines()[-1] == "Audited in 1 s."
