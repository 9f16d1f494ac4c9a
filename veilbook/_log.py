"""The sidecar's log, which is a file of JSON lines, as a person reads it."""

from __future__ import annotations

import json
import os
from datetime import datetime, timezone
from pathlib import Path


def log_lines(directory: Path, count: int) -> list[str]:
    """The last ``count`` lines of the log, oldest first, without reading more of the file than they need."""
    try:
        with open(directory / "log", "rb") as log:
            size = log.seek(0, os.SEEK_END)
            log.seek(max(0, size - 1024 * max(count, 1)))
            tail = log.read()
    except OSError:
        return []
    return [readable(line) for line in tail.decode("utf-8", "replace").splitlines()[-count:]]


def readable(line: str) -> str:
    """``2026-11-21 09:30:00 info message key=value``, as the sidecar itself prints it (src/sidecar/log.ts).

    A line that is not the sidecar's own (a native library's, a crash report) stays as it is.
    """
    try:
        record = json.loads(line)
        when = datetime.fromtimestamp(record.pop("time") / 1000, timezone.utc).strftime("%Y-%m-%d %H:%M:%S")
        head = [when, str(record.pop("level")), str(record.pop("msg", ""))]
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
        return line
    details = [f"{key}={value if isinstance(value, str) else json.dumps(value)}" for key, value in record.items()]
    return " ".join(part for part in [*head, *details] if part)
