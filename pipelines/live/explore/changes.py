"""The rows of a range in order of arrival, and whether they are still the same, as arrival numbers tell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pipelines.store.segment import SEGMENT_ROWS, SealedSegment
from pipelines.store.series import Series

__all__ = ["RangeState", "rows_since", "state_of"]

_CHUNK_ROWS: Final = 1 << 16
"""Rows that are handed over at once: few enough to stay in a core's cache."""


@dataclass(frozen=True, slots=True)
class RangeState:
    """Which rows of a key were in a range of time when it was looked at.

    Parameters
    ----------
    start_ns, end_ns : int
        The range, half-open.
    oldest_row : int or None
        The lowest arrival number of its rows; None where it had none. Rows are evicted in order of arrival.
    next_row : int
        One above the highest arrival number that the key had given out.
    """

    start_ns: int
    end_ns: int
    oldest_row: int | None
    next_row: int

    def has_lost(self, series: Series | None) -> bool:
        """Return whether one of the rows has been evicted since. None stands for a key that has no rows."""
        if self.oldest_row is None:
            return False
        return series is None or self.oldest_row < series.first_row

    def has_gained(self, series: Series | None) -> bool:
        """Return whether rows that came since are in the range."""
        if series is None:
            return False
        return any(True for _ in _pieces(series, self.next_row, self.start_ns, self.end_ns))

    def is_current(self, series: Series | None) -> bool:
        """Return whether the rows in the range are the same."""
        return not self.has_lost(series) and not self.has_gained(series)


def state_of(series: Series | None, start_ns: int, end_ns: int) -> RangeState:
    """Return which rows are in the range now."""
    if series is None:
        return RangeState(start_ns, end_ns, None, 0)
    oldest = next(_pieces(series, series.first_row, start_ns, end_ns), None)
    return RangeState(start_ns, end_ns, None if oldest is None else oldest.first_row, series.next_row)


def rows_since(
    series: Series,
    row: int,
    start_ns: int,
    end_ns: int,
    columns: Sequence[str] | None = None,
    *,
    max_rows: int = _CHUNK_ROWS,
) -> Iterator[dict[str, NDArray[Any]]]:
    """Yield the rows in a range of time that came as number `row` or later, in order of arrival, as read-only arrays.

    Costs the rows of the segments that reach into the range.

    Parameters
    ----------
    series : Series
        The rows of the key.
    row : int
        Arrival number to begin with.
    start_ns, end_ns : int
        The range, half-open.
    columns : sequence of str, optional
        Which columns; all where not given.
    max_rows : int
        Rows of which no more are joined into one: a segment more than this at the most.
    """
    names = series.schema.names if columns is None else columns
    pieces: list[_Piece] = []
    n_rows = 0
    for piece in _pieces(series, row, start_ns, end_ns):
        pieces.append(piece)
        n_rows += piece.n_rows
        if n_rows >= max_rows:
            yield _joined(series, pieces, names)
            pieces, n_rows = [], 0
    if pieces:
        yield _joined(series, pieces, names)


@dataclass(frozen=True, slots=True)
class _Piece:
    """Rows of one segment, or of those behind the last one, in order of arrival; at least one."""

    columns: Mapping[str, NDArray[Any]]
    rows: slice | NDArray[np.integer[Any]]
    n_rows: int
    first_row: int


def _pieces(series: Series, row: int, start_ns: int, end_ns: int) -> Iterator[_Piece]:
    """Yield the rows in the range that came as number `row` or later."""
    for block in series.blocks:
        if block.end_row <= row or block.min_ns >= end_ns or block.max_ns < start_ns:
            continue
        reaches = (block.spans[:, 0] < end_ns) & (block.spans[:, 1] >= start_ns)
        reaches[: max(row - block.first_row, 0) // SEGMENT_ROWS] = False
        for place in np.flatnonzero(reaches).tolist():
            yield from _of_segment(block.segments[place], row, start_ns, end_ns)
    n_before = max(row - series.open_row, 0)
    time = series.open_columns["time"][n_before:]
    (rows,) = np.nonzero((time >= start_ns) & (time < end_ns))
    if len(rows):
        yield _Piece(series.open_columns, rows + n_before, len(rows), series.open_row + n_before + int(rows[0]))


def _of_segment(segment: SealedSegment, row: int, start_ns: int, end_ns: int) -> Iterator[_Piece]:
    n_before = max(row - segment.first_row, 0)
    begin, end = segment.time.searchsorted(np.array([start_ns, end_ns], np.int64)).tolist()
    if segment.arrival is None:
        begin = max(begin, n_before)
        if begin < end:
            yield _Piece(segment.columns, slice(begin, end), end - begin, segment.first_row + begin)
        return
    places = segment.arrival[n_before:]
    (came,) = np.nonzero((places >= begin) & (places < end))
    if len(came):
        yield _Piece(segment.columns, places[came], len(came), segment.first_row + n_before + int(came[0]))


def _joined(series: Series, pieces: list[_Piece], names: Sequence[str]) -> dict[str, NDArray[Any]]:
    return {name: _column(series, pieces, name) for name in names}


def _column(series: Series, pieces: list[_Piece], name: str) -> NDArray[Any]:
    if name == series.schema.key:
        return np.full(sum(piece.n_rows for piece in pieces), series.code, series.schema.column(name).dtype)
    arrays = [piece.columns[name][piece.rows] for piece in pieces]
    joined = arrays[0] if len(arrays) == 1 else np.concatenate(arrays)
    joined.flags.writeable = False
    return joined
