"""The sidecar's log, which is a file of JSON lines, as a person reads it."""

from __future__ import annotations

import json
from datetime import datetime, timezone


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
