"""What a run returns: boxes and numbers at hand, pictures on request, one caption."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import bundle, snapshots, tensors
from .errors import VeilError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .wire import Reply


@dataclass(frozen=True)
class Picture:
    """A coded picture as the sidecar made it."""

    mime: str
    width: int
    height: int
    data: bytes
    #: Who made it, for a reconstruction.
    attacker: str = ""

    @property
    def suffix(self) -> str:
        return ".png" if self.mime == "image/png" else ".jpg"

    def open(self) -> Any:
        """A PIL image where PIL is installed, else the coded bytes."""
        try:
            from PIL import Image
        except ImportError:
            return self.data
        import io

        return Image.open(io.BytesIO(self.data))


@dataclass(eq=False, repr=False)
class FrameResult:
    """One frame's result. Boxes are in pixels of the original frame, x right and y down from the top left corner."""

    #: The sidecar's DetectionResult document.
    document: dict[str, Any]
    #: By kind: ``annotated``, ``frame``, ``reconstruction``; only those that were asked for.
    pictures: dict[str, Picture] = field(default_factory=dict)
    #: float32 [1, C, H, W], what the tail saw; None unless it was asked for.
    activation: NDArray[np.float32] | None = None
    #: The same frame run the other way (``--compare``).
    compare: FrameResult | None = None
    #: Where the annotated picture was written when there were too many to show inline.
    path: Path | None = None
    rich: bool = True
    #: Id of the last snapshot that this process took before.
    snapshot: str | None = field(default_factory=snapshots.last)

    @property
    def faces(self) -> NDArray[np.float32]:
        """float32 [n, 5]: x1, y1, x2, y2, score of the detections at or above the threshold, best first."""
        # Compared before the scores are rounded to float32, as the caption and the front end do.
        return boxes([found for found in self.document["detections"] if found["score"] >= self.threshold])

    @property
    def detections(self) -> NDArray[np.float32]:
        """float32 [m, 5]: x1, y1, x2, y2, score of every detection above the model's score cut, best first."""
        return boxes(self.document["detections"])

    @property
    def classes(self) -> list[tuple[str, float]]:
        """Label and score, 0 to 1, of a classifier's five best classes, best first; empty for a detector."""
        return [(str(found["label"]), float(found["score"])) for found in self.document.get("classes", [])]

    @property
    def mode(self) -> str:
        """``clean`` or ``noisy``."""
        return str(self.document["mode"])

    @property
    def alpha(self) -> float | None:
        """The noise strength; None for a clean run."""
        alpha = self.document["alpha"]
        return None if alpha is None else float(alpha)

    @property
    def looks(self) -> dict[str, Any] | None:
        """``count``: how often this source was seen with fresh noise; None for a clean run.

        ``alpha_1`` and ``alpha_k`` are ALPHA against one look and against all of them, None where not measured.
        """
        looks = self.document.get("looks")
        return None if looks is None else dict(looks)

    @property
    def sent(self) -> dict[str, Any] | None:
        """What went to a tail elsewhere: destination, bytes, SHA-256, ledger entry; None when the tail ran here."""
        sent = self.document.get("sent")
        return None if sent is None else dict(sent)

    @property
    def threshold(self) -> float:
        """The score from which a box is drawn, 0 to 1."""
        return float(self.document["threshold"])

    @property
    def timings(self) -> dict[str, float]:
        """Milliseconds per stage and ``total``."""
        return dict(self.document["timings_ms"])

    @property
    def notices(self) -> list[str]:
        """Lines a person must see: a fallback, an uncalibrated artefact, a seed."""
        return list(self.document["notices"])

    @property
    def provenance(self) -> dict[str, Any]:
        """What made this result: versions, hashes of model and artefact, device, ALPHA, run id, and id of the last
        snapshot that `%veil snapshot` took in this process before, None where there was none."""
        document = self.document
        kept = (
            "run",
            "image",
            "mode",
            "alpha",
            "threshold",
            "device",
            "private",
            "notices",
            "model",
            "artefact",
            "versions",
        )
        return {**{key: document[key] for key in kept}, "snapshot": self.snapshot}

    @property
    def image(self) -> Any:
        """The frame with its boxes: a PIL image where PIL is installed, else coded bytes."""
        return self._open("annotated")

    @property
    def reconstruction(self) -> Any:
        """What the reference attacker makes of the noisy activation: a PIL image where PIL is installed, else bytes."""
        return self._open("reconstruction")

    @property
    def caption(self) -> str:
        return bundle.caption(self.document)

    def __repr__(self) -> str:
        return self.caption

    def _repr_mimebundle_(
        self, include: object = None, exclude: object = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        return bundle.mimebundle(self)

    def _open(self, kind: str) -> Any:
        if kind == "annotated" and self.path is not None:
            mime = "image/png" if self.path.suffix == ".png" else "image/jpeg"
            return Picture(mime, self.document["width"], self.document["height"], self.path.read_bytes()).open()
        if kind not in self.pictures:
            why = "A clean run has none." if kind == "reconstruction" else "Run it with pictures."
            raise VeilError("bad_request", f"This result holds no {kind} picture.", why)
        return self.pictures[kind].open()


class FrameResults(list[FrameResult]):
    """Results of several frames, in the order of the frames."""

    def __repr__(self) -> str:
        return "\n".join(f"{result.document['image']}: {result.caption}" for result in self)


def boxes(detections: list[dict[str, float]]) -> NDArray[np.float32]:
    """Detection documents as float32 [n, 5]: x1, y1, x2, y2, score."""
    import numpy as np

    rows = [[d["x1"], d["y1"], d["x2"], d["y2"], d["score"]] for d in detections]
    return np.array(rows, dtype=np.float32).reshape(-1, 5)


def read(reply: Reply, *, rich: bool = True) -> FrameResult:
    """The sidecar's answer to a run, JSON or safetensors."""
    if reply.content_type != tensors.MIME:
        return FrameResult(reply.json(), rich=rich)
    arrays, header = tensors.decode(reply.body)
    pictures = {
        kind: Picture(
            about["mime"],
            about["width"],
            about["height"],
            arrays[f"picture.{kind}"].tobytes(),
            about.get("attacker", ""),
        )
        for kind, about in header["pictures"].items()
    }
    activation = arrays.get("activation")
    # A copy: a view would keep the whole answer alive.
    return FrameResult(header["result"], pictures, None if activation is None else activation.copy(), rich=rich)
