"""What was drawn is kept while there is room: the least recently used goes first."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

__all__ = ["ByteCache"]

_K = TypeVar("_K", bound=Hashable)
_V = TypeVar("_V")


class ByteCache(Generic[_K, _V]):
    """Values by key, bounded by the bytes that they take.

    Parameters
    ----------
    capacity_bytes : int
        Most bytes. A value that is larger is not kept.

    Attributes
    ----------
    n_bytes : int
        Bytes of what is kept.

    Notes
    -----
    *Threads.* Any.
    """

    def __init__(self, capacity_bytes: int) -> None:
        self.capacity_bytes = capacity_bytes
        self.n_bytes = 0
        self._entries: OrderedDict[_K, tuple[_V, int]] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: _K) -> _V | None:
        """Return what is kept under `key`, now the most recently used; None where there is nothing."""
        with self._lock:
            if key not in self._entries:
                return None
            self._entries.move_to_end(key)
            return self._entries[key][0]

    def put(self, key: _K, value: _V, n_bytes: int) -> None:
        """Keep `value` in place of what was kept under `key`, and drop what there is no more room for."""
        with self._lock:
            self._drop(key)
            if n_bytes > self.capacity_bytes:
                return
            self._entries[key] = (value, n_bytes)
            self.n_bytes += n_bytes
            while self.n_bytes > self.capacity_bytes:
                self._drop(next(iter(self._entries)))

    def _drop(self, key: _K) -> None:
        _, n_bytes = self._entries.pop(key, (None, 0))
        self.n_bytes -= n_bytes
