"""In a notebook's kernel: `%run attempts.py GROUP... FILE` tries all ways around the reviewer's policy of some groups.

FILE then holds what became of each, by its name. Whether anything arrived is not for this program to say: the recorders
and the model server tell. Only `reached: …` is taken at its word, of places that nobody records.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import own_code  # noqa: F401  each puts its ways into GROUPS
import own_doors  # noqa: F401
import own_sockets  # noqa: F401
from ways import GROUPS, WHERE


def main() -> None:
    *groups, path = sys.argv[1:]
    results = {}
    for name, attempt in [each for group in groups for each in GROUPS[group].items()]:
        token = f"veil-{WHERE['phase']}-{name}-end".encode()
        try:
            results[name] = str(attempt(token))[:400]
        except BaseException as refused:
            results[name] = f"refused: {type(refused).__name__}: {refused}"[:400]
    Path(path).write_text(json.dumps(results), encoding="utf-8")


main()
