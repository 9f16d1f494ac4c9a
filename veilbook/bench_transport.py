"""`python -m veilbook.bench_transport`: how long a frame takes from an array in this process to the sidecar.

From the moment the array is at hand here to the moment the sidecar has the whole frame in its own memory, by one
clock: the machine's monotonic one, which the sidecar's answer names. A 1x1 frame in every round shows what of it is the
request and not the pixels.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from typing import TYPE_CHECKING, Any

from .client import Sidecar
from .errors import VeilError
from .inputs import single

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

WIDTH, HEIGHT = 1920, 1080
_WARM_UP = 3


def measure(rounds: int) -> dict[str, Any]:
    """Medians in milliseconds over ``rounds`` interleaved rounds, after three that are not counted."""
    import numpy as np

    frame = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    dot = np.zeros((1, 1, 3), dtype=np.uint8)
    through_memory, through_socket = Sidecar(), Sidecar()
    through_socket.use_shared_memory(False)
    cases = {
        "shared_memory": (through_memory, frame),
        "socket": (through_socket, frame),
        "request_alone": (through_memory, dot),
    }
    times: dict[str, list[float]] = {name: [] for name in cases}
    for count in range(rounds + _WARM_UP):
        for name, (sidecar, pixels) in cases.items():
            spent = _one_way_ms(sidecar, pixels)
            if count >= _WARM_UP:
                times[name].append(spent)
    for sidecar in (through_memory, through_socket):
        sidecar.close()
    medians = {name: round(statistics.median(values), 3) for name, values in times.items()}
    return {"frame": f"{WIDTH}x{HEIGHT}", "rounds": rounds, "median_ms": medians}


def _one_way_ms(sidecar: Sidecar, pixels: NDArray[np.uint8]) -> float:
    start = time.monotonic_ns()
    query = {"image": "frame", "mode": "clean", "device": "cpu"}
    reply = sidecar.send_frame("/v1/detect", single(pixels), query, accept="application/json")
    if reply.received_ns is None:
        raise VeilError(
            "sidecar_unavailable",
            "The running sidecar does not say when it received a frame.",
            "Restart it: veilbook sidecar stop, then run this again.",
        )
    return (reply.received_ns - start) / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m veilbook.bench_transport", description=__doc__)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    measured = measure(options.rounds)
    if options.json:
        print(json.dumps(measured))
        return
    print(f"a {measured['frame']} RGB frame from an array here to the sidecar's memory, median of {measured['rounds']}")
    for name, value in measured["median_ms"].items():
        print(f"  {name.replace('_', ' '):15} {value:6.2f} ms")


if __name__ == "__main__":
    main()
