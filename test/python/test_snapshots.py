"""`%veil snapshot` and `%veil snapshots` with the real sidecar."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from support import needs_bundle

from veilbook import results, runs, snapshot_line, snapshots
from veilbook.api import Model
from veilbook.client import Sidecar, shared
from veilbook.errors import VeilError


@pytest.fixture
def place(state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.delenv(snapshots.ROOT_VARIABLE, raising=False)
    monkeypatch.setattr("veilbook.client._shared", Sidecar(state))
    monkeypatch.setattr("veilbook.snapshots._last", None)
    work = tmp_path / "work"
    (work / "notebooks").mkdir(parents=True)
    (work / "labels.csv").write_text("one", encoding="utf-8")
    monkeypatch.chdir(work)
    yield work
    shared().close()


@needs_bundle
def test_it_prints_one_line_and_results_name_it_from_then_on(place: Path) -> None:
    assert snapshot_line.answer("snapshots", "") == f"{place} has no snapshot yet."
    before = results.FrameResult({})
    told = snapshot_line.answer("snapshot", '"before training"')
    shape = (
        rf"snapshot  (\S+)  20\d\d-\d\d-\d\d \d\d:\d\d  before training  1 file, 0\.0 MiB  of {re.escape(str(place))}"
    )
    found = re.fullmatch(shape, told)
    assert found, told
    assert (before.snapshot, results.FrameResult({}).snapshot) == (None, found[1])
    assert snapshots.taken()[0]["id"] == found[1]
    assert snapshot_line.answer("snapshots", "").startswith(found[1])


@needs_bundle
def test_the_root_of_the_jupyter_server_is_the_workspace_and_the_notebook_is_named(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(snapshots.ROOT_VARIABLE, str(place))
    monkeypatch.setenv("JPY_SESSION_NAME", str(place / "notebooks" / "demo.ipynb"))
    monkeypatch.chdir(place / "notebooks")
    snapshot = snapshots.take()
    assert snapshot["files"] == 1
    assert snapshot["notebook"]["path"] == "notebooks/demo.ipynb"


def test_what_leaves_is_labelled_with_the_last_snapshot_and_nothing_else_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("veilbook.snapshots._last", None)
    there = runs.Options("noisy", tail="triton://127.0.0.1:1/m")
    assert "snapshot" not in there.query()
    monkeypatch.setattr("veilbook.snapshots._last", "2026-11-22-07-00-00-a1b2")
    assert there.query()["snapshot"] == "2026-11-22-07-00-00-a1b2"
    assert "snapshot" not in runs.Options("noisy").query()


@needs_bundle
def test_the_sidecar_takes_the_label_and_refuses_what_has_not_its_shape(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = np.zeros((64, 64, 3), np.uint8)
    model, tail = Model("faceboxes", "cpu"), "triton://127.0.0.1:1/m"
    clean = model.forward_head(frame)
    for label, code in (("2026-11-22-07-00-00-a1b2", "egress_refused"), ("a b", "bad_request"), ("", "bad_request")):
        monkeypatch.setattr("veilbook.snapshots._last", label)
        with pytest.raises(VeilError) as refused:
            model.forward_tail(clean, tail=tail)
        assert refused.value.code == code
        with pytest.raises(VeilError) as refused:
            model.detect(frame, tail=tail)
        assert refused.value.code == code


@pytest.mark.parametrize(
    ("command", "rest", "told"),
    [
        ("snapshot", '"open', "Nothing was run."),
        ("snapshot", "--label x", "has no option --label"),
        ("snapshots", "all", "takes no 'all'"),
    ],
)
def test_wrong_use_is_refused_in_one_line(command: str, rest: str, told: str) -> None:
    with pytest.raises(VeilError) as refused:
        snapshot_line.answer(command, rest)
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)
