"""The rows of one key, as a reader sees them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.core.batch import Batch
from pipelines.core.schema import Schema
from pipelines.store.segment import SEGMENT_ROWS, SealedSegment

__all__ = ["Rows", "Series"]


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows in order of arrival, and where to go on.

    Parameters
    ----------
    columns : dict of str to array
        One array a column, all of one length.
    next_row : int
        What to ask for next, to get what came after these.
    n_missed : int
        Rows asked for that had been evicted.
    """

    columns: dict[str, NDArray[Any]]
    next_row: int
    n_missed: int


@dataclass(frozen=True, slots=True)
class _Piece:
    """Some rows of one segment, or of the pages."""

    columns: Mapping[str, NDArray[Any]]
    rows: slice | NDArray[Any]

    def __getitem__(self, name: str) -> NDArray[Any]:
        values: NDArray[Any] = self.columns[name][self.rows]
        return values


class Series:
    """The rows that a table had of one key when it was asked.

    Arrays that its methods return are copies, or read-only views of memory that never changes.

    Parameters
    ----------
    schema : Schema
        What the columns are.
    code : int
        The key.
    segments : tuple of SealedSegment
        Oldest first, without a gap.
    open_columns : mapping of str to any[n]
        The rows behind the last segment in order of arrival. Read-only.
    next_row : int
        One above the arrival number of the newest row.

    Attributes
    ----------
    n_rows : int
        How many rows there are.
    first_row : int
        Arrival number of the oldest row. A key's rows are counted from 0 as they come.

    Notes
    -----
    *Threads.* Any: nothing of it changes, whatever the table does meanwhile. It holds the memory of its rows.
    """

    def __init__(
        self,
        schema: Schema,
        code: int,
        *,
        segments: tuple[SealedSegment, ...],
        open_columns: Mapping[str, NDArray[Any]],
        next_row: int,
    ) -> None:
        self.schema = schema
        self.code = code
        self.segments = segments
        self.next_row = next_row
        self.n_rows = len(segments) * SEGMENT_ROWS + len(open_columns["time"])
        self.first_row = next_row - self.n_rows
        self._open = open_columns

    def range(self, start_ns: int, end_ns: int, columns: Sequence[str] | None = None) -> dict[str, NDArray[Any]]:
        """Return the rows with ``start_ns <= time < end_ns``, sorted by time, those of equal time in order of arrival.

        Parameters
        ----------
        start_ns, end_ns : int
            Event times, nanoseconds UTC.
        columns : sequence of str, optional
            Which columns; all where not given.
        """
        pieces = [
            _Piece(segment.columns, _between(segment.columns["time"], start_ns, end_ns))
            for segment in self.segments
            if segment.min_ns < end_ns and segment.max_ns >= start_ns
        ]
        pieces.append(self._open_between(start_ns, end_ns))
        pieces = [piece for piece in pieces if len(piece["time"])]
        order = _order(pieces)
        result = self._join(pieces, columns)
        return result if order is None else {name: array[order] for name, array in result.items()}

    def since(self, row: int, columns: Sequence[str] | None = None) -> Rows:
        """Return the rows with an arrival number of at least `row`, in order of arrival."""
        row = max(row, 0)
        start = max(row, self.first_row)
        next_row = max(row, self.next_row)  # a cursor from a newer series must not go back
        return Rows(self._arrived(start, columns), next_row, start - row)

    def batches(self) -> Iterator[Batch]:
        """Yield all rows in order of arrival, a segment at a time."""
        for segment in self.segments:
            rows = slice(None) if segment.arrival is None else segment.arrival
            yield self._batch(_Piece(segment.columns, rows))
        yield self._batch(_Piece(self._open, slice(None)))

    def tail(self, n: int, columns: Sequence[str] | None = None) -> dict[str, NDArray[Any]]:
        """Return the newest `n` rows to arrive, in order of arrival; all where there are fewer."""
        return self._arrived(max(self.next_row - max(n, 0), self.first_row), columns)

    def _batch(self, piece: _Piece) -> Batch:
        return Batch(self.schema, self._join([piece], None))

    def _arrived(self, start: int, columns: Sequence[str] | None) -> dict[str, NDArray[Any]]:
        """Return the rows that arrived as number `start` or later; `start` is at least `first_row`."""
        pieces: list[_Piece] = []
        for segment in self.segments[(start - self.first_row) // SEGMENT_ROWS :]:
            rows = slice(max(start - segment.first_row, 0), SEGMENT_ROWS)
            pieces.append(_Piece(segment.columns, rows if segment.arrival is None else segment.arrival[rows]))
        open_row = self.first_row + len(self.segments) * SEGMENT_ROWS
        pieces.append(_Piece(self._open, slice(max(start - open_row, 0), None)))
        return self._join(pieces, columns)

    def _open_between(self, start_ns: int, end_ns: int) -> _Piece:
        time = self._open["time"]
        if (time[:-1] <= time[1:]).all():
            return _Piece(self._open, _between(time, start_ns, end_ns))
        order = time.argsort(kind="stable")
        return _Piece(self._open, order[_between(time[order], start_ns, end_ns)])

    def _join(self, pieces: list[_Piece], columns: Sequence[str] | None) -> dict[str, NDArray[Any]]:
        names = self.schema.names if columns is None else columns
        return {name: self._column(pieces, name) for name in names}

    def _column(self, pieces: list[_Piece], name: str) -> NDArray[Any]:
        dtype = self.schema.column(name).dtype
        if name == self.schema.key:
            return np.full(sum(len(piece["time"]) for piece in pieces), self.code, dtype)
        if len(pieces) == 1:
            return pieces[0][name]
        return np.concatenate([np.empty(0, dtype), *(piece[name] for piece in pieces)])


def _between(time: NDArray[np.int64], start_ns: int, end_ns: int) -> slice:
    start, end = time.searchsorted(np.array([start_ns, end_ns], np.int64))
    return slice(int(start), int(end))


def _order(pieces: list[_Piece]) -> NDArray[np.intp] | None:
    """Return what sorts the rows of pieces that are sorted each; None where one begins after the other ends."""
    times = [piece["time"] for piece in pieces]
    if all(before[-1] <= after[0] for before, after in pairwise(times)):
        return None
    return np.concatenate(times).argsort(kind="stable")
