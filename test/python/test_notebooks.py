"""The demo notebooks without JupyterLab: by `jupyter execute`, nbconvert and papermill."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from support import ROOT, needs_bundle

from veilbook.bundle import FRAME_MIME

NOTEBOOKS = ["image-demo.ipynb", "image-demo-api.ipynb"]
# Noise is never seeded, and half the threshold lets doubtful boxes through now and then.
NOISY = r"[1-9] faces? in {}, ALPHA 0\.2"
STRONGER = r"[1-9] faces? in grace_hopper, ALPHA 0\.4"
SUMMARY = {
    "image-demo.ipynb": [
        "1 face in astronaut, clean",
        NOISY.format("astronaut"),
        "1 face in grace_hopper, clean",
        NOISY.format("grace_hopper"),
        STRONGER,
    ],
    "image-demo-api.ipynb": ["1 face in astronaut, clean", NOISY.format("astronaut")],
}


def command(tool: str, notebook: str) -> list[str]:
    """How each tool is told to run the notebook into `done.ipynb`."""
    run = {
        "execute": ["-m", "jupyter", "execute", "--output=done", notebook],
        "nbconvert": ["-m", "jupyter", "nbconvert", "--to=notebook", "--execute", "--output=done", notebook],
        "papermill": ["-m", "papermill", "--no-progress-bar", notebook, "done.ipynb"],
    }
    return [sys.executable, *run[tool]]


def run_in(directory: Path, state: Path, words: list[str]) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "VEILBOOK_STATE_DIR": str(state)}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    return subprocess.run(words, cwd=directory, env=environment, capture_output=True, text=True, timeout=300)


def printed(notebook: Any, tag: str) -> list[str]:
    cells = [cell for cell in notebook.cells if tag in cell.metadata.get("tags", [])]
    return "".join(output.text for cell in cells for output in cell.outputs).splitlines()


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_committed_notebooks_are_valid_and_hold_no_outputs(name: str) -> None:
    notebook: Any = nbformat.read(ROOT / "notebooks" / name, as_version=4)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


@needs_bundle
@pytest.mark.slow
@pytest.mark.parametrize(
    ("tool", "name"),
    [(tool, NOTEBOOKS[0]) for tool in ("execute", "nbconvert", "papermill")] + [("execute", NOTEBOOKS[1])],
)
def test_the_demo_runs_without_jupyterlab(tool: str, name: str, tmp_path: Path, shared_state: Path) -> None:
    shutil.copy(ROOT / "notebooks" / name, tmp_path)
    ran = run_in(tmp_path, shared_state, command(tool, name))
    assert ran.returncode == 0, ran.stderr
    notebook: Any = nbformat.read(tmp_path / "done.ipynb", as_version=4)
    lines = printed(notebook, "summary")
    assert len(lines) == len(SUMMARY[name])
    assert all(re.fullmatch(expected, line) for expected, line in zip(SUMMARY[name], lines, strict=True)), lines
    if name == NOTEBOOKS[0]:
        outputs = [output for cell in notebook.cells for output in cell.get("outputs", []) if "data" in output]
        frames = [output for output in outputs if FRAME_MIME in output.data]
        assert len(frames) == 5
        assert all("image/jpeg" in frame.data and frame.data["text/plain"] for frame in frames)


@needs_bundle
@pytest.mark.slow
def test_the_demo_runs_on_an_upload(tmp_path: Path, shared_state: Path) -> None:
    from PIL import Image
    from skimage.data import astronaut

    (tmp_path / "upload").mkdir()
    Image.fromarray(astronaut()).save(tmp_path / "upload" / "me.JPG", "JPEG")
    (tmp_path / "upload" / "broken.png").write_text("not a picture")
    shutil.copy(ROOT / "notebooks" / NOTEBOOKS[0], tmp_path)
    ran = run_in(tmp_path, shared_state, command("execute", NOTEBOOKS[0]))
    assert ran.returncode == 0, ran.stderr
    text = (tmp_path / "done.ipynb").read_text()
    assert re.search(r"upload/me\.JPG: [1-9] faces?", text)
    assert "Left out: " in text


@needs_bundle
@pytest.mark.slow
@pytest.mark.parametrize("tool", ["execute", "nbconvert", "papermill"])
def test_a_failing_cell_fails_the_tool(tool: str, tmp_path: Path, shared_state: Path) -> None:
    cells = ["%load_ext veilbook", "%veil clean missing.jpg", "print('never')"]
    notebook: Any = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, tmp_path / "fails.ipynb")
    ran = run_in(tmp_path, shared_state, command(tool, "fails.ipynb"))
    assert ran.returncode != 0
    assert "VeilError: There is no file missing.jpg. Nothing was run." in ran.stdout + ran.stderr


@needs_bundle
@pytest.mark.slow
def test_a_page_made_of_the_notebook_keeps_picture_and_caption(tmp_path: Path, shared_state: Path) -> None:
    shutil.copy(ROOT / "notebooks" / NOTEBOOKS[0], tmp_path)
    words = [sys.executable, "-m", "jupyter", "nbconvert", "--to=html", "--execute", "--output=page", NOTEBOOKS[0]]
    ran = run_in(tmp_path, shared_state, words)
    assert ran.returncode == 0, ran.stderr
    page = (tmp_path / "page.html").read_text()
    assert page.count("data:image/jpeg;base64,") == 5
    assert re.search(r"astronaut: [1-9] faces? · ALPHA 0\.2 ·", page)
