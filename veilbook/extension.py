"""Putting the magics into a shell and taking them out again."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from .completion import veil_matcher
from .magics import Veil

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


def register(shell: InteractiveShell) -> None:
    """`%load_ext veilbook`: the magic, its completion, and a cell without a body."""
    shell.register_magics(Veil)
    shell.input_transformers_cleanup.append(one_line_cell)
    completer: Any = shell.Completer
    if completer is not None:
        completer.custom_matchers.append(veil_matcher(shell))


def unregister(shell: InteractiveShell) -> None:
    """`%unload_ext veilbook`: leaves nothing behind but the results, and gives up the lease on the sidecar."""
    from .client import shared

    for table in shell.magics_manager.magics.values():
        table.pop("veil", None)
    shell.magics_manager.registry.pop("Veil", None)
    shell.configurables[:] = [item for item in shell.configurables if not isinstance(item, Veil)]
    if one_line_cell in shell.input_transformers_cleanup:
        shell.input_transformers_cleanup.remove(one_line_cell)
    completer: Any = shell.Completer
    if completer is not None:
        completer.custom_matchers[:] = [
            matcher for matcher in completer.custom_matchers if getattr(matcher, "veilbook", False) is not True
        ]
    shared().close()


def one_line_cell(lines: list[str]) -> list[str]:
    """`%%veil clean -i photo` without a body is refused by IPython; stages are optional, so it means `%veil`."""
    if lines and re.match(r"%%veil\b(?!\?)", lines[0]) and not any(line.strip() for line in lines[1:]):
        return [lines[0][1:]]
    return lines
