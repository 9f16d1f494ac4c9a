"""Run the command line from Python, and read what it printed."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from typing import Any, Final

from ._node import find_bundle, find_node
from .errors import VeilError

# What its exit codes stand for.
_CODES: Final[Mapping[int, str]] = {
    2: "bad_request",
    4: "snapshot_damaged",
    5: "cluster_unavailable",
    6: "quota_exceeded",
    130: "cancelled",
}


def run_command(command: str, words: list[str], namespace: str, show: bool, typed: str | None = None) -> dict[str, Any]:
    """The document that a command for a namespace printed.

    ``show``: also what it told meanwhile. ``typed``: what it reads from its standard input. An interrupted cell
    interrupts the command, which leaves things consistent. Raises VeilError with the line that the command ended with.
    """
    document: dict[str, Any] = json.loads(_said(command, [*words, "--output=json"], namespace, show, typed))
    return document


def table_of(command: str, words: list[str], namespace: str, show: bool) -> list[dict[str, str]]:
    """Rows by column. A table is columns, a ruler of dashes that says where they are, and rows."""
    said = _said(command, [*words, "--output=table"], namespace, False)
    if show:
        print(said, end="")
    columns, ruler, *rows = said.rstrip("\n").split("\n")
    places = [match.span() for match in re.finditer("-+", ruler)]
    names = [columns[start:end].strip() for start, end in places]
    return [dict(zip(names, (row[start:end].strip() for start, end in places), strict=True)) for row in rows]


def _said(command: str, words: list[str], namespace: str, show: bool, typed: str | None = None) -> str:
    args = [find_node(), str(find_bundle("cli.mjs")), *command.split(" "), *words, f"--namespace={namespace}"]
    pipe = subprocess.PIPE
    with subprocess.Popen(args, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            stdout, stderr = process.communicate(f"{typed}\n" if typed else "")
        except KeyboardInterrupt:
            # In a kernel the interrupt reaches Python alone. Killed, the command could not take back what it made.
            process.send_signal(signal.SIGINT)
            process.communicate()
            raise
    if process.returncode != 0:
        line = (stderr.strip().split("\n") or [""])[-1].removeprefix("veilbook: ")
        raise VeilError(_CODES.get(process.returncode, "internal"), line, "")
    if show:
        print(stderr, end="", file=sys.stderr)
    return stdout
