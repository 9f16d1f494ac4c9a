"""`python -m veilbook.bench_transport`: how long a frame takes from an array in this process to the compute worker.

One line a way, medians over interleaved rounds. "transport" is from the moment the array is at hand here to the moment
all its pixels can be read by the sidecar's compute worker, by one clock: the machine's monotonic one, which the answer
names. Through the socket the pixels then lie in the sidecar's memory; in shared memory they lie in an open file, and
the worker reads them block by block while it preprocesses. So that this reading is not overlooked, "with preprocess"
adds that stage; "all but stages" is a whole round trip, answer included, less every stage of the run. A 1x1 frame in
every round shows what of it is the request and not the pixels.
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
    taken: dict[str, list[dict[str, float]]] = {name: [] for name in cases}
    for count in range(rounds + _WARM_UP):
        for name, (sidecar, pixels) in cases.items():
            times = _round_trip(sidecar, pixels)
            if count >= _WARM_UP:
                taken[name].append(times)
    for sidecar in (through_memory, through_socket):
        sidecar.close()
    medians = {
        name: {key: round(statistics.median(times[key] for times in all_times), 3) for key in all_times[0]}
        for name, all_times in taken.items()
    }
    return {"frame": f"{WIDTH}x{HEIGHT}", "rounds": rounds, "median_ms": medians}


def _round_trip(sidecar: Sidecar, pixels: NDArray[np.uint8]) -> dict[str, float]:
    start = time.monotonic_ns()
    query = {"image": "frame", "mode": "clean", "device": "cpu"}
    reply = sidecar.send_frame("/v1/detect", single(pixels), query, accept="application/json")
    end = time.monotonic_ns()
    if reply.received_ns is None:
        raise VeilError(
            "sidecar_unavailable",
            "The running sidecar does not say when it received a frame.",
            "Restart it: veilbook sidecar stop, then run this again.",
        )
    timings = reply.json()["timings_ms"]
    stages = sum(spent for stage, spent in timings.items() if stage not in ("total", "queue"))
    transport = (reply.received_ns - start) / 1e6
    round_trip = (end - start) / 1e6
    return {
        "transport": transport,
        "transport_and_preprocess": transport + timings["preprocess"],
        "round_trip": round_trip,
        "round_trip_less_stages": round_trip - stages,
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m veilbook.bench_transport", description=__doc__)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    measured = measure(options.rounds)
    if options.json:
        print(json.dumps(measured))
        return
    print(f"a {measured['frame']} RGB frame, clean run on the processor, median ms of {measured['rounds']} rounds")
    print(f"{'':15} {'transport':>10} {'with preprocess':>16} {'round trip':>11} {'all but stages':>15}")
    for name, times in measured["median_ms"].items():
        transport, preprocessed, round_trip, rest = times.values()
        print(f"{name.replace('_', ' '):15} {transport:10.2f} {preprocessed:16.2f} {round_trip:11.2f} {rest:15.2f}")
    print("transport: from the array here to pixels that the compute worker can read; reading a memfd is preprocess")


if __name__ == "__main__":
    main()
