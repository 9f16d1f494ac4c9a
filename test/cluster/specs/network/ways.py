"""What ways around the policy have in common: addresses, the list of them by group, and how data are sent."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable

WHERE = json.loads(os.environ["WHERE"])
POD, SERVICE, SERVER, NODE, OUTSIDE = (WHERE[key] for key in ("pod", "service", "server", "node", "outside"))
LINK_LOCAL = WHERE["link_local"]
SERVER_URL = "http://inference.example:8000"
SECONDS = 3

GROUPS: dict[str, dict[str, Callable[[bytes], object]]] = {"sockets": {}, "doors": {}, "code": {}}


def way(group: str) -> Callable[[Callable[[bytes], object]], None]:
    def keep(attempt: Callable[[bytes], object]) -> None:
        GROUPS[group][attempt.__name__.replace("_", "-")] = attempt

    return keep


def program(line: str, *words: str, **more: object) -> str:
    """A program of its own, as any cell may start one."""
    ran = subprocess.run([line, *words], capture_output=True, text=True, timeout=180, **more)  # type: ignore[call-overload]
    return f"exit code {ran.returncode}: {(ran.stderr or ran.stdout).strip()[-300:]}"


def fetch(url: str, proxy: str | None = None, data: bytes | None = None, **headers: str) -> str:
    """Any answer of a server is one: the request arrived."""
    trust = ssl._create_unverified_context()
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({"http": proxy, "https": proxy} if proxy else {}),
        urllib.request.HTTPSHandler(context=trust),
    )
    try:
        request = urllib.request.Request(url, data, {key.replace("_", "-"): value for key, value in headers.items()})
        return f"reached: {opener.open(request, timeout=SECONDS).status}"
    except urllib.error.HTTPError as refused:
        return f"reached: {refused.code}"


def recorded(answer: str) -> str:
    """Of a place that has a recorder: that decides."""
    return answer.replace("reached: ", "answered ")
