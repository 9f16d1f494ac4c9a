"""`%veil status | devices | log | restart` and `--dry-run`: text about the sidecar and about what would run."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from . import runs
from .arguments import refuse
from .client import Sidecar, shared

if TYPE_CHECKING:
    from .inputs import Source
    from .runs import Options


def answer(command: str, words: list[str]) -> str:
    """What `%veil COMMAND` prints."""
    sidecar = shared()
    if command == "log":
        return _log(sidecar, words)
    if words:
        raise refuse(f"%veil {command} takes no {words[0]!r}", f"Write %veil {command}.")
    if command == "restart":
        sidecar.restart()
        return f"sidecar   restarted, pid {sidecar.get('/v1/hello')['pid']}"
    if command == "devices":
        return "\n".join(_device(device) for device in sidecar.get("/v1/devices"))
    if not sidecar.running():
        return "sidecar   not running; the next run starts it"
    return status(sidecar.get("/v1/status"), datetime.now(timezone.utc))


def status(document: dict[str, Any], now: datetime) -> str:
    """SidecarStatus as a person reads it."""
    hello, model, artefact = document["hello"], document["model"], document["model"]["artefact"]
    started = datetime.fromisoformat(document["started"].replace("Z", "+00:00"))
    clients = document["clients"]
    devices = [_device(device) for device in document["devices"] if device["usable"]]
    origin = "bundled, " if model["bundled"] else ""
    lines = [
        f"sidecar   running, pid {hello['pid']}, {clients} client{'' if clients == 1 else 's'}, "
        f"up {_duration((now - started).total_seconds())}, version {hello['version']}",
        f"devices   {' · '.join(devices)}   auto is {document['active_device']}",
        f"model     {model['name']} ({origin}{model['parameters'] / 1e6:.1f} M parameters)   " + _artefact(artefact),
        f"defaults  ALPHA {document['defaults']['alpha']:g}, device {document['defaults']['device']}",
    ]
    if artefact:
        lines.append(f"ALPHA     {artefact['meaning']}")
    return "\n".join([*lines, *(f"notice    {notice}" for notice in document["notices"])])


def dry_run(options: Options, named: list[Source], repeat: int) -> str:
    """What a cell would do; reads no sidecar and starts none."""
    alpha = "the default" if options.alpha is None else f"{options.alpha:g}"
    threshold = "the model's threshold" if options.threshold is None else f"score {options.threshold:g}"
    noise = "" if options.mode == "clean" else f" -> noise (ALPHA {alpha})"
    times = f", {repeat} times each" if repeat > 1 else ""
    way = f"head{noise} -> tail, all local" if options.tail is None else f"head{noise} here -> tail at {options.tail}"
    lines = [
        f"stages    {way}; boxes from {threshold}",
        f"device    {options.device or 'the default'}   model {options.model or 'faceboxes'}",
        *(f"frame     {source.name} ({source.kind})" for source in named[:8]),
    ]
    if len(named) > 8:
        lines.append(f"          and {len(named) - 8} more")
    ran = "Nothing was run." if options.tail is None else "Head and noise run, to say what would leave:"
    return "\n".join([*lines, f"Dry run: {len(named)} frame{'' if len(named) == 1 else 's'}{times}. {ran}"])


def would_leave(options: Options, named: list[Source]) -> str:
    """What each frame would send to a tail elsewhere: head and noise run, nothing is sent."""
    lines = []
    for source in named:
        result = runs.run(shared(), source.load(), replace(options, dry_run=True, pictures=()))
        sent = result.sent or {}
        what = "clean activation" if result.alpha is None else f"obfuscated activation, ALPHA {result.alpha:g}"
        looks = f", look {result.looks['count']}" if result.looks else ""
        lines.append(
            f"leaves    {source.name}: {what}{looks}, {sent['tensor_bytes']} bytes"
            f" to {sent['destination']}/{sent['server_model']}"
        )
    return "\n".join([*lines, "Nothing was sent."])


def _log(sidecar: Sidecar, words: list[str]) -> str:
    count = words[0] if words else "20"
    if len(words) > 1 or not count.isdecimal() or not 1 <= int(count) <= 1000:
        raise refuse(f"%veil log {' '.join(words)} is not a number of lines", "Write for example %veil log 50.")
    return "\n".join(sidecar.log(int(count))) or "The log is empty."


def _device(device: dict[str, Any]) -> str:
    used, total = device["memory_used_mib"], device["memory_total_mib"]
    memory = "" if total is None else f" ({used / 1024:.1f} of {total / 1024:.0f} GiB)" if used is not None else ""
    state = "" if device["usable"] else f": not usable, {device['reason']}"
    return f"{device['id']} {device['name']}{memory}{state}"


def _artefact(artefact: dict[str, Any] | None) -> str:
    if artefact is None:
        return "no artefact: clean runs only"
    kind = "calibrated" if artefact["calibrated"] else "uncalibrated"
    return f"artefact {artefact['kind']} ({kind}), ALPHA {artefact['alpha_min']:g} … {artefact['alpha_max']:g}"


def _duration(seconds: float) -> str:
    minutes = int(seconds // 60)
    if minutes < 1:
        return f"{int(seconds)} s"
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h"
