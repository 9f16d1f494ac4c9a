"""Safetensors in numpy: 8-byte little-endian header length, JSON header, raw little-endian data (F32 and U8)."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .errors import VeilError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Tensor = NDArray[np.float32] | NDArray[np.uint8]

MIME = "application/vnd.safetensors"


def encode(tensors: Mapping[str, Tensor]) -> bytes:
    """The file of these float32 or uint8 arrays, in their order."""
    import numpy as np

    header: dict[str, object] = {}
    parts: list[bytes] = []
    offset = 0
    for name, tensor in tensors.items():
        is_float = tensor.dtype == np.float32
        data = np.ascontiguousarray(tensor, dtype="<f4" if is_float else "u1").tobytes()
        header[name] = {
            "dtype": "F32" if is_float else "U8",
            "shape": list(tensor.shape),
            "data_offsets": [offset, offset + len(data)],
        }
        parts.append(data)
        offset += len(data)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return b"".join([struct.pack("<Q", len(text)), text, *parts])


def decode(body: bytes) -> tuple[dict[str, Any], Any]:
    """Arrays by name (read-only views of ``body``) and the JSON document of the header, or None.

    Raises VeilError ``bad_tensor`` when header, offsets or sizes do not hold.
    """
    import numpy as np

    try:
        (length,) = struct.unpack_from("<Q", body)
        header = json.loads(body[8 : 8 + length])
        start = 8 + length
        metadata = header.pop("__metadata__", {})
        tensors = {}
        for name, entry in header.items():
            dtype = np.dtype({"F32": "<f4", "U8": "u1"}[entry["dtype"]])
            first, last = entry["data_offsets"]
            count = (last - first) // dtype.itemsize
            flat = np.frombuffer(body, dtype=dtype, count=count, offset=start + first)
            tensors[name] = flat.reshape(entry["shape"])
        return tensors, json.loads(metadata["json"]) if "json" in metadata else None
    except (struct.error, ValueError, KeyError, TypeError, AttributeError) as problem:
        raise VeilError(
            "bad_tensor", f"The sidecar's tensors cannot be read ({problem}).", "Restart it with %veil restart."
        ) from None
