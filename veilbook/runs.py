"""Frames through the sidecar: one, or many over several connections so that every device has work."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import results, snapshots, tensors
from .client import Sidecar
from .errors import VeilError
from .inputs import Frame, Source

if TYPE_CHECKING:
    from .results import FrameResult

#: Requests of one cell that are under way at once: enough for two devices while others are read and decoded.
CONNECTIONS = 4
#: Longest side of the frame that a notebook keeps, pixels.
FRAME_SIDE = 1024
#: Failures of one image, which `--skip-bad` leaves out.
BAD_IMAGE = ("bad_image", "image_too_large")


@dataclass(frozen=True)
class Options:
    """How frames are run. None leaves the choice to the sidecar's defaults."""

    mode: str
    alpha: float | None = None
    threshold: float | None = None
    device: str | None = None
    model: str | None = None
    picture_format: str | None = None
    insecure_seed: int | None = None
    pictures: tuple[str, ...] = ()
    activation: bool = False
    #: Where the tail runs, when not here: ``triton://host:port/model``.
    tail: str | None = None
    allow_clean_egress: bool = False
    dry_run: bool = False

    def query(self) -> dict[str, object]:
        """The request's query; what is None or empty stays out."""
        given: dict[str, object | None] = {
            "mode": self.mode,
            "alpha": self.alpha,
            "threshold": self.threshold,
            "device": self.device,
            "model": model_argument(self.model),
            "picture_format": self.picture_format,
            "insecure_seed": self.insecure_seed,
            "pictures": ",".join(self.pictures) or None,
            "max_side": FRAME_SIDE if "frame" in self.pictures else None,
            "activation": "true" if self.activation else None,
            "tail": self.tail,
            "allow_clean_egress": "true" if self.allow_clean_egress else None,
            "dry_run": "true" if self.dry_run else None,
            **snapshot_label(self.tail),
        }
        return {key: value for key, value in given.items() if value is not None}


def snapshot_label(tail: str | None) -> dict[str, str | None]:
    """What the ledger's entry names as the snapshot that the run belongs to; nothing where nothing leaves."""
    return {} if tail is None else {"snapshot": snapshots.last()}


def shown_pictures(mode: str) -> tuple[str, ...]:
    """What a cell's output is made of. A noisy frame always comes with what an attacker makes of it."""
    return ("annotated", "frame") if mode == "clean" else ("annotated", "frame", "reconstruction")


def model_argument(model: str | None) -> str | None:
    """A registered name as it is; a folder as an absolute path, for the sidecar lives in another directory."""
    if model is None or not (os.sep in model or model.startswith(("~", ".")) or os.path.isdir(model)):
        return model
    path = os.path.abspath(os.path.expanduser(model))
    if not os.path.isdir(path):
        raise VeilError(
            "model_missing",
            f"There is no model folder {path}. Nothing was run.",
            "Check the path, or use a model's name.",
        )
    return path


def run(sidecar: Sidecar, frame: Frame, options: Options) -> FrameResult:
    """One frame. Raises VeilError; KeyboardInterrupt cancels the work and leaves the sidecar alive."""
    accept = tensors.MIME if options.pictures or options.activation else "application/json"
    query = {"image": frame.name, **options.query()}
    return results.read(sidecar.send_frame("/v1/detect", frame, query, accept))


def run_all(
    sidecar: Sidecar, frames: Sequence[Source], options: Options
) -> Generator[tuple[Source, FrameResult | VeilError], None, None]:
    """Every frame's result, or why the image is bad, in their order. Any other failure ends the iteration.

    Closing the iterator, or an interrupt, cancels what is under way.
    """
    if len(frames) <= 1:
        for source in frames:
            yield source, _attempt(sidecar, source, options)
        return
    pending: deque[tuple[Source, Future[FrameResult | VeilError]]] = deque()
    with ThreadPoolExecutor(min(CONNECTIONS, len(frames)), thread_name_prefix="veilbook") as pool:
        try:
            for source in frames:
                pending.append((source, pool.submit(_attempt, sidecar, source, options)))
                if len(pending) > 2 * CONNECTIONS:
                    first, future = pending.popleft()
                    yield first, future.result()
            while pending:
                first, future = pending.popleft()
                yield first, future.result()
        except BaseException:
            for _, future in pending:
                future.cancel()
            sidecar.abort()
            raise


def _attempt(sidecar: Sidecar, source: Source, options: Options) -> FrameResult | VeilError:
    try:
        return run(sidecar, source.load(), options)
    except VeilError as problem:
        if problem.code in BAD_IMAGE:
            return problem
        raise
