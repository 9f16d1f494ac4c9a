"""The one error type that users of the Python side see."""

from __future__ import annotations


class VeilError(Exception):
    """Something a person can act on.

    ``message`` names the cause and what was left undone, ``remedy`` the way out; printed together they are one line.
    ``code`` is one of the failure codes of the sidecar's protocol and stays stable, for scripts.
    """

    def __init__(self, code: str, message: str, remedy: str) -> None:
        super().__init__(code, message, remedy)
        self.code = code
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return " ".join(f"{self.message} {self.remedy}".split())

    def _render_traceback_(self) -> list[str]:
        """What IPython shows in place of a traceback: the cell still ends in a real ``error`` output."""
        return [f"VeilError: {self}"]
