"""From a word on a magic's line to the object or the files that it names."""

from __future__ import annotations

import glob
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .errors import VeilError


def resolve(text: str, namespace: Mapping[str, Any]) -> object:
    """A variable or a dotted name of one, else a file, else the files of a pattern (`photos/*.jpg`).

    Raises VeilError ``bad_request`` when it is none of them.
    """
    first, *rest = text.split(".")
    if first in namespace:
        found, value = _follow(namespace[first], rest)
        if found:
            return value
        if not os.path.exists(os.path.expanduser(text)):
            raise _missing(f"{first} has no {'.'.join(rest)}", f"Look at dir({first}).")
    path = os.path.expanduser(text)
    if os.path.exists(path):
        return Path(path)
    if glob.has_magic(path):
        matches = sorted(glob.glob(path, recursive=True))
        if matches:
            return [Path(match) for match in matches]
        raise _missing(f"No file matches {text}", "Check the pattern.")
    if text.isidentifier():
        raise _missing(
            f"There is no variable and no file named {text}", f"Assign {text} first, or give the path of an image."
        )
    raise _missing(f"There is no file {text}", "Check the path (and the name's case).")


def _follow(value: Any, attributes: list[str]) -> tuple[bool, object]:
    for attribute in attributes:
        if isinstance(value, Mapping) and attribute in value:
            value = value[attribute]
        elif hasattr(value, attribute):
            value = getattr(value, attribute)
        else:
            return False, None
    return True, value


def _missing(what: str, remedy: str) -> VeilError:
    return VeilError("bad_request", f"{what}. Nothing was run.", remedy)
