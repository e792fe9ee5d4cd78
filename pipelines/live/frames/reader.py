"""A drawing of one key's rows, and how far it has read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from pipelines.core.batch import Batch
from pipelines.core.clock import Clock
from pipelines.live.frames.drawing import Drawing
from pipelines.store.series import Series
from pipelines.store.table import Table

__all__ = ["Reader"]

_CHUNK_ROWS: Final = 1 << 16
"""Rows between two looks at the clock: well under a millisecond."""

_ALMOST: Final = 0.99

_FOREVER_NS: Final = np.iinfo(np.int64).max


class Reader:
    """A drawing, and how far it has read: first what the table keeps, then what arrives.

    Parameters
    ----------
    drawing : Drawing
        Still empty.
    table : Table
        Where the rows are.
    series : Series
        Those of the key, as they are now. They are held until the drawing is built from them.
    edge_ns : int
        The live edge, nanoseconds UTC.

    Attributes
    ----------
    progress : float
        Which share of the rows that there were at first has been drawn.
    newest_ns : int or None
        Event time of the newest row, of those that there were at first and those that were read since.

    Notes
    -----
    *Threads.* The writer's, but `n_held` may be asked by anybody.
    """

    def __init__(self, drawing: Drawing, table: Table, series: Series, edge_ns: int) -> None:
        self.drawing = drawing
        self.progress = 0.0
        self.newest_ns = series.time_before(_FOREVER_NS)
        self._table, self._code = table, series.code
        self._steps: Iterator[float] = drawing.rebuild(table, edge_ns)
        self._first_row, self._n_rows = series.first_row, series.n_rows
        self._cursor = 0
        self._seen_generation = -1

    @property
    def has_caught_up(self) -> bool:
        """Whether it has taken in all rows."""
        return self.progress == 1.0 and self._seen_generation == self._table.generation

    def read(self, *, clock: Clock, deadline_ns: int) -> bool:
        """Take in rows until there are no more or the time is over. Returns whether there were any.

        Costs next to nothing while the table does not change.
        """
        is_new = self.progress < 1.0
        while self.progress < 1.0:
            self._build()
            if clock.monotonic_ns() >= deadline_ns:
                return True
        while not self.has_caught_up:
            is_new |= self._read_on()
            if clock.monotonic_ns() >= deadline_ns:
                break
        return is_new

    def n_held(self, series: Series | None) -> int:
        """Return how many rows are kept for it alone: the table, which has `series` now, has let go of them."""
        if self.progress == 1.0:
            return 0
        return self._n_rows if series is None else min(max(series.first_row - self._first_row, 0), self._n_rows)

    def _build(self) -> None:
        try:
            self.progress = min(next(self._steps), _ALMOST)
        except StopIteration:
            self.progress, self._cursor = 1.0, self.drawing.next_row

    def _read_on(self) -> bool:
        generation = self._table.generation
        rows = self._table.since(self._code, self._cursor, max_rows=_CHUNK_ROWS)
        time_ns = rows.columns["time"]
        self._cursor = rows.next_row
        if len(time_ns) < _CHUNK_ROWS:
            self._seen_generation = generation
        if len(time_ns) == 0:
            return False
        self.drawing.update(Batch(self._table.schema, rows.columns))
        newest_ns = int(time_ns.max())
        self.newest_ns = newest_ns if self.newest_ns is None else max(self.newest_ns, newest_ns)
        return True
