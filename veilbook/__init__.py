"""Confidential inference for Jupyter: `%load_ext veilbook`, then `%%veil clean` and `%%veil noisy`.

Importing this package starts nothing and loads nothing heavy; everything below is loaded when it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from .api import Model, load
    from .auditing import Audit, audit
    from .errors import VeilError
    from .evaluated import Evaluation, Sweep
    from .evaluating import evaluate, sweep
    from .learning import Learned, learn

__all__ = [
    "Audit",
    "Evaluation",
    "Learned",
    "Model",
    "Sweep",
    "VeilError",
    "__version__",
    "audit",
    "evaluate",
    "learn",
    "load",
    "sweep",
]

_LAZY = {
    "Audit": "auditing",
    "Evaluation": "evaluated",
    "Learned": "learning",
    "Model": "api",
    "Sweep": "evaluated",
    "VeilError": "errors",
    "audit": "auditing",
    "evaluate": "evaluating",
    "learn": "learning",
    "load": "api",
    "sweep": "evaluating",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return _version()
    if name in _LAZY:
        from importlib import import_module

        return getattr(import_module(f".{_LAZY[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _version() -> str:
    from importlib import metadata

    try:
        return metadata.version("veilbook")
    except metadata.PackageNotFoundError:
        return "0.0.0+source"


def load_ipython_extension(shell: InteractiveShell) -> None:
    from .extension import register

    register(shell)


def unload_ipython_extension(shell: InteractiveShell) -> None:
    from .extension import unregister

    unregister(shell)


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    return [{"src": "labextension", "dest": "veilbook"}]


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    from .server import extension_points

    return extension_points()
