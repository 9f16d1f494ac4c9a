"""`%veil snapshot` and `%veil snapshots`: what they print."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ._ipython import arg_split
from .arguments import refuse
from .errors import VeilError
from .snapshots import take, taken, workspace


def answer(command: str, rest: str) -> str:
    """What `%veil snapshot LABEL` and `%veil snapshots` print. Raises VeilError."""
    try:
        words = arg_split(rest)
    except ValueError as problem:  # a quote that does not end
        raise refuse(str(problem), "Close the quote.") from None
    words = [word.strip("\"'") for word in words]
    if command == "snapshots":
        if words:
            raise refuse(f"%veil snapshots takes no {words[0]!r}", "Write %veil snapshots.")
        found = taken()
        return "\n".join(_line(one) for one in found) or f"{workspace()} has no snapshot yet."
    if words and words[0].startswith("-"):
        raise refuse(f"%veil snapshot has no option {words[0]}", 'Write %veil snapshot "what for".')
    try:
        return f"snapshot  {_line(take(' '.join(words)))}  of {workspace()}"
    except KeyboardInterrupt:
        raise VeilError("cancelled", "Stopped. No snapshot was taken.", "Run the line again.") from None


def _line(snapshot: dict[str, Any]) -> str:
    created = datetime.fromisoformat(snapshot["created"].replace("Z", "+00:00")).astimezone()
    label = snapshot["label"] or {"safety": "before a restore", "clone": "start of a clone"}.get(snapshot["kind"], "")
    facts = [f"{created:%Y-%m-%d %H:%M}", label, "pinned" if snapshot["pinned"] else ""]
    if snapshot["state"] != "ready":
        facts.append(snapshot["state"])
    if snapshot["files"] is not None and snapshot["bytes"] is not None:
        files = snapshot["files"]
        facts.append(f"{files} file{'' if files == 1 else 's'}, {snapshot['bytes'] / 2**20:.1f} MiB")
    return "  ".join([snapshot["id"], *(fact for fact in facts if fact)])
