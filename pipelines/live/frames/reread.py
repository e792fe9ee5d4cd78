"""A column of a line that is read again from its rows, a slice of time after the other."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.aggregates.line import LineColumns
from pipelines.store.series import Series

__all__ = ["Rereading"]

_SEEK_ROWS: Final = 1_000
"""To find the rows of a slice takes as long as to read these."""


class Rereading:
    """Reads a column with gaps again, in the stable order of time: slices give exactly what all rows at once do.

    Parameters
    ----------
    line : LineColumns
        What the column is one of.
    column : int
        One of its `disordered`.

    Attributes
    ----------
    is_done : bool
        Whether all rows have been read, and `line` has the column as it should be.

    Notes
    -----
    *Threads.* The writer's.
    """

    def __init__(self, line: LineColumns, column: int) -> None:
        self.column = column
        self.is_done = False
        self._line, self._rows = line, line.one_column()
        self._start_ns, self._end_ns = column << line.column_log2, (column + 1) << line.column_log2
        self._next_ns = self._start_ns

    def is_spoiled_by(self, time: NDArray[np.int64]) -> bool:
        """Tell whether any of these new rows belongs to what has been read already."""
        return bool(((time >= self._start_ns) & (time < self._next_ns)).any())

    def read(self, series: Series | None, max_rows: int) -> int:
        """Read the next slice of about so many rows, all of one time at least. Returns what it cost, in rows.

        `series` holds the rows that the line has taken in, and no others; None where none is left.
        """
        n_read = 0
        if series is not None and self._next_ns < self._end_ns:
            until_ns = series.until(self._next_ns, self._end_ns, max_rows)
            rows = series.range(self._next_ns, until_ns, ("time", self._line.value))
            self._rows.take(rows["time"], rows[self._line.value])
            self._next_ns, n_read = until_ns, len(rows["time"])
        if series is None or self._next_ns == self._end_ns:
            self._line.reread(self.column, self._rows)
            self.is_done = True
        return n_read + _SEEK_ROWS
