"""Raw frames in memory that the sidecar reads itself: a memfd mapped once, so that a frame costs one copy here."""

from __future__ import annotations

import mmap
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

_NAME = "veilbook-frame"
_GRAIN = 1 << 20
_KEPT = 4


class _Slot:
    def __init__(self, capacity: int) -> None:
        self.descriptor = os.memfd_create(_NAME, os.MFD_CLOEXEC)
        try:
            os.ftruncate(self.descriptor, capacity)
            self.memory = mmap.mmap(self.descriptor, capacity)
        except BaseException:
            os.close(self.descriptor)
            raise

    def close(self) -> None:
        self.memory.close()
        os.close(self.descriptor)


@dataclass(frozen=True)
class Place:
    """Where one frame will lie, for the sidecar to read."""

    slot: _Slot
    data: memoryview

    @property
    def path(self) -> str:
        return f"/proc/{os.getpid()}/fd/{self.slot.descriptor}"

    def fill(self) -> None:
        """Copy the frame there."""
        self.slot.memory[: self.data.nbytes] = self.data


class SharedFrames:
    """Memory for the frames of the requests that are under way; thread-safe. Only where the system has memfds."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._free: list[_Slot] = []
        self._pid = os.getpid()

    @staticmethod
    def available() -> bool:
        return hasattr(os, "memfd_create")

    @contextmanager
    def hold(self, data: memoryview) -> Iterator[Place]:
        """A place for these bytes that the sidecar can read while the block runs; they are not copied there yet.

        After a failed request the memory is given up, for the sidecar may still be reading it.
        """
        slot = self._take(data.nbytes)
        try:
            yield Place(slot, data)
        except BaseException:
            slot.close()
            raise
        with self._lock:
            keep = len(self._free) < _KEPT
            if keep:
                self._free.append(slot)
        if not keep:
            slot.close()

    def close(self) -> None:
        """Give the memory back."""
        with self._lock:
            free, self._free = self._free, []
        for slot in free:
            slot.close()

    def _take(self, needed: int) -> _Slot:
        with self._lock:
            if self._pid != os.getpid():  # a forked child would write into its parent's frames
                self._free, self._pid = [], os.getpid()
            slot = self._free.pop() if self._free else None
        if slot is not None:
            if len(slot.memory) >= needed:
                return slot
            slot.close()
        return _Slot((needed + _GRAIN - 1) // _GRAIN * _GRAIN)
