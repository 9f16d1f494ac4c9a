"""Several kernels and several Pythons on one machine: one sidecar, and nobody waits for anybody."""

from __future__ import annotations

import glob
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from kernels import Kernel
from support import ROOT, needs_bundle

pytestmark = [needs_bundle, pytest.mark.slow]

ASK = "from veilbook.client import shared; print(shared().get('/v1/hello')['instance'])"


def test_ten_kernels_starting_at_once_share_one_sidecar(state: Path, tmp_path: Path) -> None:
    kernels = [Kernel(tmp_path, state) for _ in range(10)]
    try:
        sent = [kernel.send(f"%load_ext veilbook\n{ASK}") for kernel in kernels]
        outcomes = [kernel.collect(message) for kernel, message in zip(kernels, sent, strict=True)]
        assert [outcome.status for outcome in outcomes] == ["ok"] * 10
        assert len({outcome.text for outcome in outcomes}) == 1
        status = kernels[0].run("print(shared().get('/v1/status')['clients'])")
        assert int(status.text) >= 10
    finally:
        for kernel in kernels:
            kernel.__exit__()
    assert len((state / "starts").read_text().split()) == 1


def interpreters() -> list[str]:
    """One Python of each minor version on this machine; the launcher needs the standard library alone."""
    found = {sys.version_info[:2]: sys.executable}
    places = [*glob.glob(os.path.expanduser("~/.pyenv/versions/3.*/bin/python3")), *glob.glob("/usr/bin/python3.1?")]
    for path in places:
        asked = [path, "-c", "import sys, json; print(json.dumps(sys.version_info[:2]))"]
        answer = subprocess.run(asked, capture_output=True, text=True)
        if answer.returncode == 0:
            version = tuple(json.loads(answer.stdout))
            if version >= (3, 10):
                found.setdefault(version, path)
    return list(found.values())


def test_interpreters_of_different_versions_share_one_sidecar(state: Path) -> None:
    pythons = interpreters()
    if len(pythons) < 2:
        pytest.skip("only one Python >= 3.10 is installed")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    running = [
        subprocess.Popen([python, "-c", ASK], stdout=subprocess.PIPE, text=True, env=environment) for python in pythons
    ]
    answers = {process.communicate(timeout=120)[0] for process in running}
    assert all(process.returncode == 0 for process in running)
    assert len(answers) == 1
