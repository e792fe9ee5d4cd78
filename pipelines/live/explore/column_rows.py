"""The rows in one column of a canvas, a segment a time, in place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.aggregates.canvas import Canvas
from pipelines.store.pieces import sorted_between
from pipelines.store.segment import SealedSegment
from pipelines.store.series import Series

__all__ = ["ColumnPiece", "column_pieces"]


@dataclass(frozen=True, slots=True)
class ColumnPiece:
    """Rows of one segment, or of those behind the last one, stably sorted by time; at least one.

    Parameters
    ----------
    columns : mapping of str to any[n]
        Where they are.
    rows : slice or int64[n]
        Which of them.
    first_row : int
        Arrival number of the row that came first to `columns`.
    arrival : uint16[n] or None
        As in `SealedSegment`.
    """

    columns: Mapping[str, NDArray[Any]]
    rows: slice | NDArray[Any]
    first_row: int
    arrival: NDArray[np.uint16] | None

    def __getitem__(self, name: str) -> NDArray[Any]:
        values: NDArray[Any] = self.columns[name][self.rows]
        return values

    @property
    def newest_ns(self) -> int:
        """Event time of the newest row."""
        return int(self["time"][-1])

    def arrivals(self, places: NDArray[np.intp]) -> NDArray[np.int64]:
        """Return the arrival numbers of some of the rows."""
        stands = np.arange(len(self.columns["time"]))[self.rows][places]
        return self.first_row + (stands if self.arrival is None else self.arrival.argsort(kind="stable")[stands])


def column_pieces(series: Series, canvas: Canvas, time_ns: int) -> Iterator[ColumnPiece]:
    """Yield the rows of the column that a time is in, those that came last first; none where it is not on the canvas.

    Costs little more than a look at each segment that has any: nothing is copied, and of what lies in the column as a
    whole not even the time is read.
    """
    if not canvas.start_ns <= time_ns < canvas.end_ns:
        return
    start_ns = canvas.column_of(time_ns) << canvas.column_log2
    end_ns = start_ns + canvas.column_ns
    opened = sorted_between(series.open_columns, start_ns, end_ns)
    if len(opened):
        yield ColumnPiece(series.open_columns, opened.rows, series.open_row, None)
    for block in reversed(series.blocks):
        if block.min_ns >= end_ns or block.max_ns < start_ns:
            continue
        oldest, newest = block.spans.T
        reaches = (oldest < end_ns) & (newest >= start_ns)
        is_whole = (oldest >= start_ns) & (newest < end_ns)
        for place in np.flatnonzero(reaches)[::-1].tolist():
            segment = block.segments[place]
            rows = slice(None) if is_whole[place] else _between(segment, start_ns, end_ns)
            if rows.start is None or rows.start < rows.stop:
                yield ColumnPiece(segment.columns, rows, segment.first_row, segment.arrival)


def _between(segment: SealedSegment, start_ns: int, end_ns: int) -> slice:
    start, end = segment.time.searchsorted(np.array([start_ns, end_ns], np.int64)).tolist()
    return slice(start, end)
