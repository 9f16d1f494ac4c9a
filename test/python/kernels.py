"""A real ipykernel, driven as a front end drives it."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.manager import KernelManager
from support import ROOT


@dataclass
class Outcome:
    """What one cell put out."""

    status: str
    text: str = ""
    displays: list[dict[str, Any]] = field(default_factory=list)
    updates: list[dict[str, Any]] = field(default_factory=list)
    errors: list[dict[str, Any]] = field(default_factory=list)

    @property
    def error(self) -> str:
        """The whole of the one error output."""
        assert len(self.errors) == 1
        return "\n".join(self.errors[0]["traceback"])


class Kernel:
    """Context manager around a kernel with `veilbook` on its path, in a directory of its own."""

    def __init__(self, directory: Path, state: Path, *, watched: bool = False) -> None:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "VEILBOOK_STATE_DIR": str(state)}
        self.manager = KernelManager(kernel_name="python3")
        self.manager.start_kernel(cwd=str(directory), env=environment)
        self.client: BlockingKernelClient = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)
        self.client.allow_stdin = watched

    def __enter__(self) -> Kernel:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)

    def send(self, code: str) -> str:
        return str(self.client.execute(code))

    def collect(self, message_id: str, timeout: float = 120, interrupt_at: str | None = None) -> Outcome:
        """What came of an execution. ``interrupt_at``: interrupt it once its progress says this."""
        outcome = Outcome("")
        deadline = time.monotonic() + timeout
        while True:
            message = self.client.get_iopub_msg(timeout=max(0.1, deadline - time.monotonic()))
            if message["parent_header"].get("msg_id") != message_id:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "stream":
                outcome.text += content["text"]
            elif kind in ("display_data", "execute_result"):
                outcome.displays.append(content)
            elif kind == "update_display_data":
                outcome.updates.append(content)
                if interrupt_at is not None and interrupt_at in content["data"].get("text/plain", ""):
                    interrupt_at = None
                    self.manager.interrupt_kernel()
            elif kind == "error":
                outcome.errors.append(content)
            elif kind == "status" and content["execution_state"] == "idle":
                break
        while True:
            reply = self.client.get_shell_msg(timeout=30)
            if reply["parent_header"].get("msg_id") == message_id:
                outcome.status = reply["content"]["status"]
                return outcome

    def run(self, code: str) -> Outcome:
        return self.collect(self.send(code))
