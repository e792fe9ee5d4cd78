"""The rows that pictures are measured on: a window full of one key, and new rows as they come."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pipelines.core.batch import Batch
from pipelines.core.clock import NS_PER_SECOND
from pipelines.core.schema import TRADES

__all__ = ["KEY", "SPAN_NS", "START_NS", "Walk"]

KEY: Final = "BTC"
START_NS: Final = 1_723_118_400 * NS_PER_SECOND
"""8 August 2024, 12:00 UTC."""

SPAN_NS: Final = 1_200 << 26
"""80 s: a canvas of 1,200 columns has exactly that many."""

_CHUNK_ROWS: Final = 100_000


class Walk:
    """A random walk of a price, whose rows fill a window evenly, and that goes on from there.

    Parameters
    ----------
    n_rows : int
        Rows in the window; more than 100,000 only in multiples of that.

    Attributes
    ----------
    edge_ns : int
        The time that it has come to, nanoseconds UTC.
    """

    def __init__(self, n_rows: int) -> None:
        self.n_rows = n_rows
        self.edge_ns = START_NS
        self._random = np.random.Generator(np.random.SFC64(1))
        self._price = 100.0

    def window(self) -> Iterator[Batch]:
        """Yield the rows of the window, in batches of at most 100,000."""
        n_batches = max(self.n_rows // _CHUNK_ROWS, 1)
        for number in range(1, n_batches + 1):
            end_ns = START_NS + SPAN_NS * number // n_batches
            yield self.go_on(end_ns - self.edge_ns, self.n_rows // n_batches)

    def go_on(self, duration_ns: int, n_rows: int) -> Batch:
        """Return the next rows, evenly in the time that follows."""
        path = self._price + np.cumsum(self._random.standard_normal(n_rows)) * 0.01
        columns: dict[str, NDArray[Any]] = {
            "time": self.edge_ns + (np.arange(n_rows) * (duration_ns / n_rows)).astype(np.int64),
            "symbol": np.zeros(n_rows, np.int32),
            "price": np.round(path, 2),
            "size": np.ones(n_rows),
            "side": np.ones(n_rows, np.int8),
        }
        self._price = float(path[-1])
        self.edge_ns += duration_ns
        return Batch(TRADES, columns)
