"""The toolkit's functions by the same names: what they say to the command line, and what they make of its answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from veilbook import _command, k8s
from veilbook.errors import VeilError

TABLE = """\
PersistentVolumeClaim (PVC) Name  Status   Size  Clone
--------------------------------  -------  ----  -----
data                              Bound    8Mi   No
a-copy-of-it                      Pending        Yes
"""


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    """What the command line would be told; it answers with nothing known."""
    calls: list[tuple[object, ...]] = []

    def record(command: str, words: list[str], namespace: str, show: bool, typed: str | None = None) -> str:
        calls.append((command, words, namespace, typed))
        return TABLE if "--output=table" in words else "{}"

    monkeypatch.setattr(_command, "_said", record)
    return calls


def test_words_of_a_volume(said: list[tuple[object, ...]]) -> None:
    k8s.create_volume("data", "50Gi", namespace="inference")
    k8s.create_volume(pvc_name="copy", volume_size="50Gi", source_snapshot="before")
    k8s.delete_volume("data", preserve_snapshots=True)
    assert said == [
        ("create volume", ["--pvc-name=data", "--size=50Gi", "--output=json"], "inference", None),
        ("clone volume", ["--new-pvc-name=copy", "--source-snapshot-name=before", "--output=json"], "default", None),
        ("delete volume", ["--pvc-name=data", "--preserve-snapshots", "--force", "--output=json"], "default", None),
    ]


def test_a_password_is_typed_and_is_no_word(said: list[tuple[object, ...]]) -> None:
    assert k8s.create_jupyter_lab("vision", "10Gi", workspace_password="unseen", request_nvidia_gpu="1") == ""
    [(command, words, _, typed)] = said
    assert (command, typed) == ("create jupyterlab", "unseen")
    assert isinstance(words, list)
    assert "--nvidia-gpu=1" in words
    assert not any("unseen" in word for word in words)


def test_lists_are_rows_by_column(said: list[tuple[object, ...]], capsys: pytest.CaptureFixture[str]) -> None:
    name = "PersistentVolumeClaim (PVC) Name"
    assert k8s.list_volumes("data", print_output=True) == [
        {name: "data", "Status": "Bound", "Size": "8Mi", "Clone": "No"},
        {name: "a-copy-of-it", "Status": "Pending", "Size": "", "Clone": "Yes"},
    ]
    assert capsys.readouterr().out == TABLE


@pytest.mark.parametrize(
    "call",
    [
        lambda: k8s.create_volume("data", "1Gi", pvc_labels={"team": "vision"}),
        lambda: k8s.create_volume("data", "1Gi", storage_class="fast", source_pvc="other"),
        lambda: k8s.create_jupyter_lab("vision", "1Gi", workspace_password="x" * 8, pvc_already_exists=True),
        lambda: k8s.clone_jupyter_lab("copy", "vision", new_workspace_password="other one"),
        lambda: k8s.list_jupyter_labs(include_astra_app_id=True),
    ],
)
def test_what_is_not_done_here_is_refused(said: list[tuple[object, ...]], call: object) -> None:
    assert callable(call)
    with pytest.raises(VeilError, match=r"cannot be said here\. Nothing was done") as caught:
        call()
    assert caught.value.code == "bad_request"
    assert said == []


def test_the_line_of_a_command_that_failed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "nowhere"))
    with pytest.raises(VeilError) as caught:
        k8s.list_volumes()
    assert caught.value.code == "cluster_unavailable"
    assert "\n" not in str(caught.value)
