"""IPython's functions that carry no types, with those that we rely on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import IPython.core.completer
import IPython.core.magic
import IPython.core.magic_arguments
import IPython.display
import IPython.utils.process

_Function = TypeVar("_Function", bound=Callable[..., Any])
_arguments: Any = IPython.core.magic_arguments
_magic: Any = IPython.core.magic
_process: Any = IPython.utils.process
_completer: Any = IPython.core.completer
_display: Any = IPython.display


def argument(*names: str, **details: object) -> Callable[[_Function], _Function]:
    """One option of a magic, as argparse's add_argument."""
    decorate: Callable[[_Function], _Function] = _arguments.argument(*names, **details)
    return decorate


def magic_arguments() -> Callable[[_Function], _Function]:
    """Makes the parser out of the options below it."""
    decorate: Callable[[_Function], _Function] = _arguments.magic_arguments()
    return decorate


def line_cell_magic(method: _Function) -> _Function:
    """One method for `%name` and `%%name`."""
    marked: _Function = _magic.line_cell_magic(method)
    return marked


def arg_split(line: str) -> list[str]:
    """The words of a line, quotes honoured. Raises ValueError for a quote that does not end."""
    words: list[str] = _process.arg_split(line)
    return words


def context_matcher(identifier: str) -> Callable[[_Function], _Function]:
    """A completion matcher of API v2."""
    decorate: Callable[[_Function], _Function] = _completer.context_matcher(identifier=identifier)
    return decorate


def display(result: object) -> None:
    """Show an object by its own representations."""
    _display.display(result)


def display_data(data: Mapping[str, object], *, updatable: bool = False) -> Any:
    """Show a mime bundle; the handle to update it when asked for one."""
    return _display.display(dict(data), raw=True, **({"display_id": True} if updatable else {}))
