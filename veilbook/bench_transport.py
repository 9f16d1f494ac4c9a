"""`python -m veilbook.bench_transport`: how long a frame takes from an array in this process to the sidecar.

Each round runs a whole detection and takes the sidecar's own time off the round trip; what is left is transport: the
copy here, the request, the copy there, the answer. A 1x1 frame in every round shows what of it is not the pixels; the
difference is what the pixels alone cost on their way to the sidecar.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from typing import TYPE_CHECKING, Any

from .client import Sidecar
from .inputs import single
from .runs import Options, run

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

WIDTH, HEIGHT = 1920, 1080


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
        "without_pixels": (through_memory, dot),
    }
    times: dict[str, list[float]] = {name: [] for name in cases}
    for count in range(rounds + 3):
        for name, (sidecar, pixels) in cases.items():
            spent = _transport_ms(sidecar, pixels)
            if count >= 3:
                times[name].append(spent)
    for sidecar in (through_memory, through_socket):
        sidecar.close()
    medians = {name: round(statistics.median(values), 3) for name, values in times.items()}
    medians["pixels_alone"] = round(medians["shared_memory"] - medians["without_pixels"], 3)
    return {"frame": f"{WIDTH}x{HEIGHT}", "rounds": rounds, "median_ms": medians}


def _transport_ms(sidecar: Sidecar, pixels: NDArray[np.uint8]) -> float:
    start = time.perf_counter()
    result = run(sidecar, single(pixels), Options(mode="clean", device="cpu", threshold=0.99))
    return (time.perf_counter() - start) * 1000 - result.timings["total"]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m veilbook.bench_transport", description=__doc__)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    measured = measure(options.rounds)
    if options.json:
        print(json.dumps(measured))
        return
    print(f"transport of a {measured['frame']} RGB frame, median of {measured['rounds']} rounds")
    for name, value in measured["median_ms"].items():
        print(f"  {name.replace('_', ' '):15} {value:6.2f} ms")


if __name__ == "__main__":
    main()
