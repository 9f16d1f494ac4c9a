"""`%veil` in a shell of this process: parsing, help, dry runs, completion, settings. Nothing here starts a sidecar."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from IPython.core.completer import IPCompleter, provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell
from support import ROOT

from veilbook import launcher
from veilbook.errors import VeilError

PIXELS = np.zeros((48, 64, 3), np.uint8)


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch) -> Iterator[InteractiveShell]:
    def refuse(*_: object) -> None:
        raise AssertionError("a sidecar was asked for")

    monkeypatch.setattr(launcher, "ensure_running", refuse)
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance()
    shell.extension_manager.load_extension("veilbook")
    shell.user_ns["photo"] = PIXELS
    yield shell
    shell.extension_manager.unload_extension("veilbook")
    InteractiveShell.clear_instance()


def veil(shell: InteractiveShell, line: str, body: str | None = None) -> None:
    if body is None:
        shell.run_line_magic("veil", line)
    else:
        shell.run_cell_magic("veil", line, body)


def refusal(shell: InteractiveShell, line: str, body: str | None = None) -> str:
    with pytest.raises(VeilError) as caught:
        veil(shell, line, body)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_alone_it_prints_eight_lines_with_one_example(
    shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    veil(shell, "")
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 8
    assert sum(line.startswith("Example:") for line in lines) == 1


def test_a_dry_run_says_what_would_run(shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
    shell.user_ns["shots"] = [PIXELS] * 10
    veil(shell, "noisy --alpha 0.8 -i shots -o result --device cuda:1 --dry-run", "threshold: 0.3\n")
    told = capsys.readouterr().out
    assert "head -> noise (ALPHA 0.8) -> tail, all local; boxes from score 0.3" in told
    assert "cuda:1" in told
    assert "shots[0] (64x48 rgb array)" in told
    assert told.splitlines()[-1] == "Dry run: 10 frames. Nothing was run."
    assert "result" not in shell.user_ns


def test_options_may_stand_before_and_after_the_image(
    shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    veil(shell, "noisy --alpha 0.2 photo --dry-run --bgr")
    assert "photo (64x48 bgr array)" in capsys.readouterr().out


def test_braces_and_dollars_reach_the_magic_as_they_are(
    shell: InteractiveShell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("{photo}.jpg").write_bytes(b"x")
    veil(shell, "clean {photo}.jpg --dry-run")
    assert "{photo}.jpg (file of 1 bytes)" in capsys.readouterr().out


def test_variables_of_a_function_are_seen(shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
    shell.run_cell(
        "def look():\n"
        "    from numpy import zeros, uint8\n"
        "    inner = zeros((5, 7, 3), uint8)\n"
        "    get_ipython().run_line_magic('veil', 'clean inner --dry-run')\n"
        "look()"
    )
    assert "inner (7x5 rgb array)" in capsys.readouterr().out


def test_defaults_come_from_the_configuration(shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
    shell.run_line_magic("config", "Veil.alpha = 0.6")
    shell.run_line_magic("config", "Veil.device = 'cpu'")
    veil(shell, "noisy photo --dry-run")
    told = capsys.readouterr().out
    assert "ALPHA 0.6" in told
    assert "device    cpu" in told


@pytest.mark.parametrize(
    ("line", "body", "words"),
    [
        ("nosy -i photo", None, "%veil nosy is not a command. Nothing was run. Did you mean noisy?"),
        ("noisy --alhpa 0.8 -i photo", None, "Did you mean --alpha?"),
        ("noisy --alpha loud -i photo", None, "Argument --alpha: invalid float value: 'loud'"),
        ("noisy 'photo", None, "No closing quotation"),
        ("noisy", None, "names no image"),
        ("noisy -i phto", None, "There is no variable and no file named phto"),
        ("clean -i photo -o 2nd", None, "-o 2nd is not a variable's name"),
        ("clean -i photo -o class", None, "-o class is not a variable's name"),
        ("clean -i photo --alpha 0.2", None, "A clean run has no noise"),
        ("clean -i photo --insecure-seed 1", None, "no noise to seed"),
        ("clean -i photo --threshold 7", None, "outside 0 to 1"),
        ("clean -i photo --device tpu", None, "'tpu' is not a device"),
        ("clean -i photo --repeat 0", None, "--repeat 0 is not a number of runs"),
        ("clean -i photo --format gif", None, "invalid choice: 'gif'"),
        ("noisy -i photo --alpha 0.2", "noise: 0.8", "--alpha 0.2 and noise: 0.8 disagree"),
        ("noisy -i photo", "faces = 3", "Line 2 of the cell"),
        ("status", "noise: 0.2", "takes no cell"),
        ("", "noise: 0.2", "does not say what to run"),
        ("log many", None, "is not a number of lines"),
        ("status now", None, "%veil status takes no 'now'"),
    ],
)
def test_mistakes_are_one_line(shell: InteractiveShell, line: str, body: str | None, words: str) -> None:
    assert words in refusal(shell, line, body)


def test_a_cell_without_a_body_is_a_line(shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
    assert shell.run_cell("%%veil clean -i photo --dry-run\n").success
    assert "Nothing was run." in capsys.readouterr().out


def test_bad_images_may_be_left_out(
    shell: InteractiveShell, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = tmp_path / "empty.jpg"
    empty.touch()
    assert "is empty (0 bytes)" in refusal(shell, f"clean {empty} photo --dry-run")
    veil(shell, f"clean {empty} photo --dry-run --skip-bad")
    told = capsys.readouterr().out
    assert f"Left out: {empty} is empty" in told
    assert "Dry run: 1 frame." in told
    assert "Every image was left out" in refusal(shell, f"clean {empty} --dry-run --skip-bad")


def completions(shell: InteractiveShell, text: str) -> set[str]:
    completer: Any = shell.Completer
    assert isinstance(completer, IPCompleter)
    with provisionalcompleter():
        return {completion.text for completion in completer.completions(text, len(text))}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "%veil ",
            {"clean", "noisy", "learn", "audit", "evaluate", "sweep"}
            | {"snapshot", "snapshots", "status", "devices", "log", "restart"},
        ),
        ("%veil no", {"noisy"}),
        ("%%veil noisy --al", {"--alpha", "--allow-clean-egress"}),
        ("%%veil noisy --device ", {"auto", "cpu", "webgpu", "cuda:0"}),
        ("%%veil noisy --format p", {"png"}),
        ("%veil learn --im", {"--images"}),
        ("%veil learn --mode ", {"calibrated", "cloak"}),
        ("%veil sweep --al", {"--alphas"}),
        ("%veil evaluate --al", {"--alpha"}),
        ("%veil evaluate --format ", {"fddb", "wider", "coco", "voc"}),
        ("%%veil noisy -i photo\nth", {"threshold:"}),
        ("%%veil noisy -i photo\ntail: ", {"local"}),
    ],
)
def test_options_choices_and_stages_are_completed(shell: InteractiveShell, text: str, expected: set[str]) -> None:
    assert completions(shell, text) == expected


def test_only_image_like_variables_are_offered(shell: InteractiveShell) -> None:
    shell.user_ns.update(number=3, shots=[PIXELS], table=np.zeros((3, 3)))
    offered = completions(shell, "%veil clean -i ")
    assert {"photo", "shots"} <= offered
    assert not {"number", "table"} & offered


def test_python_completion_is_left_alone(shell: InteractiveShell) -> None:
    assert "photo" in completions(shell, "pho")
    assert not {"threshold:", "head:"} & completions(shell, "x = 1\nth")


def test_loading_the_extension_is_cheap() -> None:
    script = (
        "import sys\n"
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "shell = InteractiveShell.instance()\n"
        "before = set(sys.modules)\n"
        "shell.run_line_magic('load_ext', 'veilbook')\n"
        "shell.run_line_magic('veil', '')\n"
        "print(*(set(sys.modules) - before))"
    )
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    assert not {"numpy", "PIL", "httpx", "jupyter_core", "jupyter_server"} & set(answer.stdout.split())


def test_unloading_leaves_nothing_behind(shell: InteractiveShell) -> None:
    completer: Any = shell.Completer
    shell.extension_manager.reload_extension("veilbook")
    shell.extension_manager.unload_extension("veilbook")
    assert shell.find_line_magic("veil") is None
    assert shell.find_cell_magic("veil") is None
    assert not any(type(item).__name__ == "Veil" for item in shell.configurables)
    assert completer.custom_matchers == []
    shell.extension_manager.load_extension("veilbook")
