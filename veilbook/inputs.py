"""What `-i` and the API take, brought to frames: raw pixels or the bytes of a coded image.

A value is checked when it is named and read when its turn comes, so that a bad one is refused before anything runs
and a thousand files do not lie in memory at once.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import VeilError

_SIGNATURES = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF8", "image/gif"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
)
_NAME_LIMIT = 200


@dataclass(frozen=True)
class Frame:
    """One picture on its way to the sidecar: raw H x W x 3 uint8 when ``size`` is set, else a coded image as it is."""

    name: str
    data: memoryview | bytes
    size: tuple[int, int] | None = None  # width, height
    order: str = "rgb"

    @property
    def content_type(self) -> str:
        if self.size is not None:
            return "application/octet-stream"
        head = bytes(self.data[:12])
        if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
            return "image/webp"
        return next((mime for signature, mime in _SIGNATURES if head.startswith(signature)), "image/x-unknown")

    @property
    def query(self) -> dict[str, object]:
        """What the sidecar must know to read the body."""
        if self.size is None:
            return {}
        return {"width": self.size[0], "height": self.size[1], "order": self.order}


@dataclass(frozen=True)
class Source:
    """A frame that is known by name and kind, and not yet read."""

    name: str
    kind: str
    load: Callable[[], Frame]


def sources(value: object, name: str, *, bgr: bool = False) -> list[Source]:
    """The frames of one object: array (H x W x 3 or N x H x W x 3, uint8), PIL image, path, bytes, list, array-like.

    ``bgr`` says how the channels of arrays are ordered; coded images and PIL images know their own.
    Raises VeilError ``bad_image`` or ``bad_request`` with cause and remedy.
    """
    name = name if len(name) <= _NAME_LIMIT else "…" + name[1 - _NAME_LIMIT :]
    if isinstance(value, (str, os.PathLike)):
        return [_path(Path(value).expanduser())]
    if isinstance(value, (bytes, bytearray, memoryview)):
        return [_coded(bytes(value), name)]
    if isinstance(value, (list, tuple)):
        if not value:
            raise VeilError("bad_image", f"{name} is an empty list. Nothing was run.", "Give at least one image.")
        return [source for at, item in enumerate(value) for source in sources(item, f"{name}[{at}]", bgr=bgr)]
    if _is_pil(value):
        return [_pil(value, name)]
    if hasattr(value, "__array__") or hasattr(value, "__array_interface__"):
        return _arrays(value, name, "bgr" if bgr else "rgb")
    raise VeilError(
        "bad_request",
        f"{name} is a {type(value).__name__}, not an image. Nothing was run.",
        "Give a uint8 array (H x W x 3), a PIL image, a path, coded bytes, or a list of these.",
    )


def single(value: object, name: str = "frame", *, bgr: bool = False) -> Frame:
    """The one frame of an object. Raises VeilError also when there are several."""
    found = sources(value, name, bgr=bgr)
    if len(found) != 1:
        raise VeilError("bad_request", f"{name} holds {len(found)} frames. Nothing was run.", "Give one at a time.")
    return found[0].load()


def _path(path: Path) -> Source:
    try:
        size = path.stat().st_size
        if path.is_dir():
            raise _bad(f"{path} is a folder", f"Name its images, for example {path}/*.jpg.")
        if size == 0:
            raise _bad(f"{path} is empty (0 bytes)", "Export or download it again.")
    except FileNotFoundError:
        raise _bad(f"{path} does not exist", "Check the path (and the name's case).") from None
    except OSError as problem:
        raise _bad(f"{path} cannot be read ({problem.strerror})", "Check its permissions.") from None

    def load() -> Frame:
        try:
            return Frame(str(path)[-_NAME_LIMIT:], path.read_bytes())
        except OSError as problem:
            raise _bad(f"{path} cannot be read ({problem.strerror})", "Check its permissions.") from None

    return Source(str(path), f"file of {size:,} bytes", load)


def _coded(data: bytes, name: str) -> Source:
    if not data:
        raise _bad(f"{name} is empty (0 bytes)", "Export or download it again.")
    return Source(name, f"coded image of {len(data):,} bytes", lambda: Frame(name, data))


def _is_pil(value: object) -> bool:
    # Recognised without importing PIL, which is not a dependency.
    return any(kind.__module__ == "PIL.Image" and kind.__name__ == "Image" for kind in type(value).__mro__)


def _pil(image: Any, name: str) -> Source:
    width, height = image.size

    def load() -> Frame:
        import numpy as np

        try:
            pixels = np.asarray(image if image.mode == "RGB" else image.convert("RGB"))
        except (OSError, SyntaxError, ValueError) as problem:
            raise _bad(f"{name} cannot be decoded ({problem})", "Export the file again.") from None
        return Frame(name, _buffer(pixels), (width, height))

    return Source(name, f"{width}x{height} {image.mode} image", load)


def _arrays(value: Any, name: str, order: str) -> list[Source]:
    import numpy as np

    try:
        array = np.asarray(value)
    except Exception as problem:  # whatever a foreign __array__ raises, such as a tensor that lies on a GPU
        raise _bad(f"{name} does not become an array ({problem})", "Copy it to the host first.") from None
    shape = " x ".join(map(str, array.shape)) or "a single number"
    if array.size == 0:
        raise _bad(f"{name} is an empty array ({shape})", "Check how it was made.")
    if array.ndim not in (3, 4) or array.shape[-1] != 3:
        raise _bad(f"{name} is {shape}, not H x W x 3 or N x H x W x 3", _reshape(array.shape, name))
    if array.dtype != np.uint8:
        unit = array.dtype.kind == "f" and float(array.max()) <= 1.0
        remedy = f"({name} * 255).round().astype(np.uint8)" if unit else f"{name}.clip(0, 255).astype(np.uint8)"
        raise _bad(f"{name} holds {array.dtype}, not uint8", f"Convert it: {remedy}.")

    def source(picture: Any, label: str) -> Source:
        size = (picture.shape[1], picture.shape[0])
        return Source(
            label,
            f"{size[0]}x{size[1]} {order} array",
            lambda: Frame(label, _buffer(picture), size, order),
        )

    if array.ndim == 3:
        return [source(array, name)]
    return [source(picture, f"{name}[{at}]") for at, picture in enumerate(array)]


def _buffer(pixels: Any) -> memoryview:
    """The pixels as they lie in memory; copied only when they are not row-major."""
    import numpy as np

    contiguous: Any = np.ascontiguousarray(pixels)
    return memoryview(contiguous).cast("B")


def _reshape(shape: tuple[int, ...], name: str) -> str:
    if len(shape) == 2:
        return f"Give it three channels: np.stack([{name}] * 3, axis=-1)."
    if len(shape) in (3, 4) and shape[-1] == 4:
        return f"Drop the fourth channel: {name}[..., :3]."
    if len(shape) in (3, 4) and shape[-3] == 3:
        return f"Move the channels last: np.moveaxis({name}, -3, -1)."
    return "Give a frame H x W x 3 or frames N x H x W x 3."


def _bad(what: str, remedy: str) -> VeilError:
    return VeilError("bad_image", f"{what}. Nothing was run.", remedy)
