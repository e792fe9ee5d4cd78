"""The rows that came lately, so that a redelivered one is known again."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipelines.kernels.recent import add_recent

__all__ = ["RecentRows"]


class RecentRows:
    """A set of the newest pairs of key and identity.

    Parameters
    ----------
    capacity : int
        Most pairs that are remembered. The memory, 20 to 28 bytes a pair, is taken with the first row.

    Notes
    -----
    *Threads.* The writer's only.
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._n_added = 0
        self._table: NDArray[np.int32] | None = None

    def add(self, keys: NDArray[np.int32], identities: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Add pairs (int32[n], int64[n]); return which were not among those remembered (bool[n])."""
        if self._table is None:
            self._table = np.full(1 << (2 * self.capacity - 1).bit_length(), -1, dtype=np.int32)
            self._ring_keys = np.empty(self.capacity, dtype=np.int32)
            self._ring_identities = np.empty(self.capacity, dtype=np.int64)
        fresh = np.empty(len(keys), dtype=np.bool_)
        self._n_added = add_recent(
            keys, identities, self._table, self._ring_keys, self._ring_identities, self._n_added, fresh
        )
        return fresh

    def clear(self) -> None:
        """Forget all pairs."""
        self._table = None
        self._n_added = 0
