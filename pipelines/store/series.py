"""The rows of one key, as a reader sees them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.core.batch import Batch
from pipelines.core.schema import Schema
from pipelines.store.pieces import (
    FOREVER,
    NEVER,
    Piece,
    Spans,
    arrived_between,
    before,
    from_then,
    in_order,
    sorted_between,
    within,
)
from pipelines.store.sealed import SealedBlock
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


class Series:
    """The rows that a table had of one key when it was asked.

    Arrays that its methods return are copies, or read-only views of memory that never changes.

    Parameters
    ----------
    schema : Schema
        What the columns are.
    code : int
        The key.
    blocks : tuple of SealedBlock
        The sealed segments, oldest first, without a gap.
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
        blocks: tuple[SealedBlock, ...],
        open_columns: Mapping[str, NDArray[Any]],
        next_row: int,
    ) -> None:
        self.schema = schema
        self.code = code
        self.blocks = blocks
        self.open_columns = open_columns
        self.next_row = next_row
        self.first_row = blocks[0].first_row if blocks else self.open_row
        self.n_rows = next_row - self.first_row

    @property
    def open_row(self) -> int:
        """Arrival number of the first row behind the segments."""
        return self.next_row - len(self.open_columns["time"])

    @property
    def segments(self) -> tuple[SealedSegment, ...]:
        """The sealed segments, oldest first."""
        return tuple(segment for block in self.blocks for segment in block.segments)

    def range(self, start_ns: int, end_ns: int, columns: Sequence[str] | None = None) -> dict[str, NDArray[Any]]:
        """Return the rows with ``start_ns <= time < end_ns``, sorted by time, those of equal time in order of arrival.

        Only rows between which others came that are older or newer are sorted; the rest is as it was sealed.

        Parameters
        ----------
        start_ns, end_ns : int
            Event times, nanoseconds UTC.
        columns : sequence of str, optional
            Which columns; all where not given.
        """
        pieces = [piece for block in self.blocks for piece in within(block, start_ns, end_ns)]
        open_piece = sorted_between(self.open_columns, start_ns, end_ns)
        if len(open_piece):
            pieces.append(open_piece)
        return self._join(in_order(pieces), columns)

    def until(self, start_ns: int, end_ns: int, n_rows: int) -> int:
        """Return up to when there are about `n_rows` rows from `start_ns` on; `end_ns` where there are fewer.

        Rows are taken to be spread evenly over the time of their segment, so that none is looked at. It is later than
        `start_ns`: rows of one time may be more.
        """
        spans = [block.spans for block in self.blocks]
        counts = [np.full(sum(map(len, spans)), SEGMENT_ROWS)]
        open_times = self.open_columns["time"]
        if len(open_times):
            spans.append(np.array([[open_times.min(), open_times.max()]], np.int64))
            counts.append(np.array([len(open_times)]))
        counted = Spans(np.concatenate([np.empty((0, 2), np.int64), *spans]), np.concatenate(counts))
        return counted.until(start_ns, end_ns, n_rows)

    def time_before(self, time_ns: int) -> int | None:
        """Return the newest event time that is older than `time_ns`; None where there is none."""
        newest = [before(block, time_ns) for block in self.blocks]
        open_times = self.open_columns["time"]
        newest.append(int(open_times[open_times < time_ns].max(initial=NEVER)))
        found = max(newest)
        return None if found == NEVER else found

    def time_from(self, time_ns: int) -> int | None:
        """Return the oldest event time that is not older than `time_ns`; None where there is none."""
        oldest = [from_then(block, time_ns) for block in self.blocks]
        open_times = self.open_columns["time"]
        oldest.append(int(open_times[open_times >= time_ns].min(initial=FOREVER)))
        found = min(oldest)
        return None if found == FOREVER else found

    def since(self, row: int, columns: Sequence[str] | None = None, *, max_rows: int | None = None) -> Rows:
        """Return the rows with an arrival number of at least `row`, in order of arrival; the first `max_rows` of them.

        Parameters
        ----------
        row : int
            What to begin with: 0, or the `next_row` of rows returned before.
        columns : sequence of str, optional
            Which columns; all where not given.
        max_rows : int, optional
            Most rows to return; all where not given.
        """
        row = max(row, 0)
        start = max(row, self.first_row)
        end = self.next_row if max_rows is None else min(start + max_rows, self.next_row)
        next_row = max(row, end)  # a cursor from a newer series must not go back
        return Rows(self._arrived(start, end, columns), next_row, start - row)

    def batches(self) -> Iterator[Batch]:
        """Yield all rows in order of arrival, a segment at a time."""
        for segment in self.segments:
            rows = slice(None) if segment.arrival is None else segment.arrival
            yield self._batch(Piece(segment.columns, rows))
        yield self._batch(Piece(self.open_columns, slice(None)))

    def tail(self, n: int, columns: Sequence[str] | None = None) -> dict[str, NDArray[Any]]:
        """Return the newest `n` rows to arrive, in order of arrival; all where there are fewer."""
        return self._arrived(max(self.next_row - max(n, 0), self.first_row), self.next_row, columns)

    def _batch(self, piece: Piece) -> Batch:
        return Batch(self.schema, self._join([piece], None))

    def _arrived(self, start: int, end: int, columns: Sequence[str] | None) -> dict[str, NDArray[Any]]:
        """Return the rows that arrived as number `start` to `end`; `start` is at least `first_row`."""
        pieces: list[Piece] = []
        for block in self.blocks:
            if start < block.end_row and end > block.first_row:
                first, last = (
                    (row - block.first_row) // SEGMENT_ROWS for row in (max(start, block.first_row), end - 1)
                )
                pieces += [arrived_between(segment, start, end) for segment in block.segments[first : last + 1]]
        rows = slice(max(start - self.open_row, 0), max(end - self.open_row, 0))
        pieces.append(Piece(self.open_columns, rows))
        return self._join(pieces, columns)

    def _join(self, pieces: list[Piece], columns: Sequence[str] | None) -> dict[str, NDArray[Any]]:
        names = self.schema.names if columns is None else columns
        return {name: self._column(pieces, name) for name in names}

    def _column(self, pieces: list[Piece], name: str) -> NDArray[Any]:
        dtype = self.schema.column(name).dtype
        if name == self.schema.key:
            return np.full(sum(len(piece["time"]) for piece in pieces), self.code, dtype)
        if len(pieces) == 1:
            return pieces[0][name]
        return np.concatenate([np.empty(0, dtype), *(piece[name] for piece in pieces)])
