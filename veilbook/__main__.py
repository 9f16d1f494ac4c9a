"""`veilbook` and `python -m veilbook`: the command line, which is a Node program beside this package."""

from __future__ import annotations

import os
import sys

from ._node import find_bundle, find_node
from .errors import VeilError


def main() -> None:
    """Become the command line: same arguments, same exit code, same signals."""
    try:
        node = find_node()
        command = [node, str(find_bundle("cli.mjs")), *sys.argv[1:]]
    except VeilError as problem:
        print(f"veilbook: {problem}", file=sys.stderr)
        sys.exit(5)
    os.execv(node, command)


if __name__ == "__main__":
    main()
