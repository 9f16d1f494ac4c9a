"""Runs of the detector by Veilbook, and copies of its model that were changed."""

from __future__ import annotations

import os
import shutil
from hashlib import sha256
from pathlib import Path

from ways import WHERE, program

URL = "triton://inference.example:8000/face_detection_noisy"
HOME = Path(os.environ.get("TMPDIR", "/tmp")) / "ways"
ALPHA = 0.8


def frame(seed: int):  # type: ignore[no-untyped-def]
    import numpy

    small = numpy.random.default_rng(seed).integers(0, 255, (9, 12, 3), numpy.uint8)
    return small.repeat(20, 0).repeat(20, 1)


def model(name: str = "faceboxes"):  # type: ignore[no-untyped-def]
    import veilbook

    return veilbook.load(name, "cpu")


def picture(seed: int) -> str:
    import PIL.Image

    HOME.mkdir(exist_ok=True)
    PIL.Image.fromarray(frame(seed)).save(HOME / f"{seed}.png")
    return str(HOME / f"{seed}.png")


def send(seed: int, tail: str = URL, name: str = "faceboxes", **how: object) -> str:
    """Through the sidecar; what may leave is told by its hash."""
    how = {"mode": "noisy", "alpha": ALPHA, "pictures": False, **how}
    sent = model(name).detect(frame(seed), tail=tail, **how).sent
    return f"allowed: {sent['tensor_sha256']}"


def command(seed: int, *words: str, tail: str = URL, clean: bool = True, **environment: str) -> str:
    """Through a command line of its own, which has its own way out."""
    how = ["--mode", "clean", "--allow-clean-egress"] if clean else ["--mode", "noisy", "--alpha", "0.1"]
    told = ["detect", picture(seed), "--device", "cpu", "--tail", tail, *how, *words]
    return program("veilbook", *told, env={**os.environ, **environment})


def clean_bytes(seed: int) -> bytes:
    return bytes(model().forward_head(frame(seed)).tobytes())


def changed_model(name: str) -> Path:
    """A copy of the bundled model that the sidecar can see."""
    import veilbook

    folder = Path(WHERE["models"]) / name
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(Path(veilbook.__file__).parent / "models" / "faceboxes", folder)
    return folder


def vouch(folder: Path, before: bytes, after: bytes) -> None:
    """Let every document of the model name the hash of what a file holds now, wherever it named that of before."""
    for document in folder.glob("*.json"):
        old = document.read_bytes()
        new = old.replace(sha256(before).hexdigest().encode(), sha256(after).hexdigest().encode())
        if new != old:
            document.write_bytes(new)
            vouch(folder, old, new)  # there are documents that vouch for documents
