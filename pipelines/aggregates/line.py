"""A live line of one key: what it needs of each column, at the cost of the new rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from pipelines.aggregates.column_summary import ColumnRuns, ColumnSummary
from pipelines.aggregates.point_rows import arrived_since, newest_ns
from pipelines.core.batch import Batch
from pipelines.core.schema import Schema
from pipelines.kernels.line_columns import (
    LOW,
    N_BROKEN,
    N_ORDERS,
    N_ROWS,
    N_VALUES,
    NO_END,
    advance_columns,
    update_columns,
)
from pipelines.kernels.line_runs import IS_DISORDERED, IS_JOINED, N_GAP_FIELDS, N_SLOTS, cover, gather_spans
from pipelines.kernels.merge_columns import merge_columns, merge_pairs
from pipelines.store.table import Table

__all__ = ["LineColumns", "with_pairs_merged"]


class LineColumns:
    """First, last, lowest and highest value of one key in each of the newest columns, and what gaps leave of its line.

    The ring of columns ends with that of the newest row, or of the latest edge. Rows find their own column however late
    they are, as long as it is in the ring. Merging is associative, and commutes where no two rows have the same time.

    Where the line has gaps inside a column, the ranges of values between them are kept, `MAX_CLOSED` of them at most:
    where there are more that do not overlap, the two nearest become one. They are exact as long as the rows of the
    column come in the order of time. If not, the line passes a row that came late, what this is connected with is not
    known, and a late gap is left out: the column is one of the `disordered`, until its rows are `reread`. In these, and
    where ranges became one, what is inside a column may be other after merging than for the whole.

    Parameters
    ----------
    schema : Schema
        What the rows are.
    code : int
        The key; rows of others are left out.
    column_log2 : int
        A column is ``2**column_log2`` nanoseconds long.
    n_columns : int
        How many columns are kept.
    value : str
        The column that is drawn upwards. Values that are not finite (NaN, infinities) break the line.

    Attributes
    ----------
    next_row : int
        After `rebuild`: the arrival number, in the table, of the first row that it has not taken in.
    n_outside : int
        Rows of the key that came when their column had left the ring.
    """

    def __init__(self, schema: Schema, *, code: int, column_log2: int, n_columns: int, value: str) -> None:
        self.schema = schema
        self.code = code
        self.column_log2 = column_log2
        self.n_columns = n_columns
        self.value = value
        self._forget()

    def _forget(self) -> None:
        self._end = NO_END
        self._orders, self._values = _empty(self.n_columns)
        self._gaps = np.zeros((N_GAP_FIELDS, self.n_columns), np.int64)
        self._spans = np.empty((self.n_columns, N_SLOTS, 2))  # takes memory only where a column has gaps
        self._changed = np.zeros(self.n_columns, np.bool_)
        self.next_row = self.n_outside = 0

    @property
    def end_column(self) -> int | None:
        """The first column behind the ring; None before the first row or edge."""
        return None if self._end == NO_END else self._end

    @property
    def value_range(self) -> tuple[float, float] | None:
        """Least and greatest of the finite values in the ring; None where there is none."""
        low, high = self._values[LOW:, self._orders[N_ROWS] > self._orders[N_BROKEN]]
        return (float(low.min()), float(high.max())) if len(low) else None

    @staticmethod
    def bytes_of(n_columns: int) -> int:
        """Return the memory of so many columns, as if each had gaps."""
        return n_columns * (8 * (N_ORDERS + N_VALUES + N_GAP_FIELDS + 2 * N_SLOTS) + 1)

    @property
    def disordered(self) -> NDArray[np.int64]:
        """The columns with gaps into which a row came late (int64[n], ascending)."""
        return np.sort(self._columns_at((self._gaps[IS_DISORDERED] > 0) & self._has_gap))

    @property
    def n_joined(self) -> int:
        """Columns that have more ranges between gaps than are kept, so that the line covers more than it should."""
        return int(np.count_nonzero((self._gaps[IS_JOINED] > 0) & self._has_gap))

    @property
    def _ring(self) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]]:
        """What `update_columns` keeps of each column."""
        return self._orders, self._values, self._gaps, self._spans

    @property
    def _has_gap(self) -> NDArray[np.bool_]:
        has_gap: NDArray[np.bool_] = (self._orders[N_ROWS] > 0) & (self._orders[N_BROKEN] > 0)
        return has_gap

    def update(self, batch: Batch) -> None:
        """Take in new rows, in order of arrival."""
        time, values = batch.time, batch[self.value]
        is_ours = batch.keys == self.code
        if not is_ours.all():
            time, values = time[is_ours], values[is_ours]
        self.take(time, values)

    def advance(self, edge_ns: int) -> None:
        """Move the ring on, so that it holds the column of `edge_ns`; it never goes back."""
        end = (edge_ns >> self.column_log2) + 1
        if end > self._end:
            advance_columns(self._end, end, self._orders, self._changed)
            self._end = end

    def merge(self, other: Self) -> None:
        """Take in the rows that `other`, with columns of the same length and number, has seen after us."""
        if (other.column_log2, other.n_columns) != (self.column_log2, self.n_columns):
            raise ValueError("lines merge only where their columns are equal in length and number")
        self._end = merge_columns(self._end, *self._ring, self._changed, other._end, *other._ring)
        self.n_outside += other.n_outside

    def snapshot(self) -> ColumnSummary:
        """Return the columns of the ring, oldest first; none before the first row or edge."""
        if self._end == NO_END:
            return _summary(self.column_log2, 0, *_empty(0))
        first_column = self._end - self.n_columns
        split = first_column % self.n_columns
        orders = np.concatenate((self._orders[:, split:], self._orders[:, :split]), axis=1)
        values = np.concatenate((self._values[:, split:], self._values[:, :split]), axis=1)
        summary = _summary(self.column_log2, first_column, orders, values)
        return replace(summary, runs=self._runs(np.flatnonzero(summary.broken), split))

    def _runs(self, positions: NDArray[np.int64], split: int) -> ColumnRuns:
        """Return what the line covers in columns with gaps, which are counted from the oldest, at place `split`."""
        n_spans, spans = np.empty(len(positions), np.int64), np.empty((len(positions), N_SLOTS, 2))
        gather_spans((split + positions) % self.n_columns, self._gaps, self._spans, n_spans, spans)
        return ColumnRuns(positions, n_spans, spans)

    def one_column(self) -> LineColumns:
        """Return a single column without rows, to take in those of a column that is to be `reread`."""
        return LineColumns(self.schema, code=self.code, column_log2=self.column_log2, n_columns=1, value=self.value)

    def reread(self, column: int, rows: LineColumns) -> None:
        """Take what the line covers in a column with gaps from its rows, which makes it exact again.

        Parameters
        ----------
        column : int
            One of the `disordered`.
        rows : LineColumns
            The same as `one_column`, with those of its rows that we have taken in and that are still there, in the
            stable order of time. Of the others, what the line covered stays covered.
        """
        place = column % self.n_columns
        if rows._orders[N_ROWS, 0] == self._orders[N_ROWS, place]:
            for ours, theirs in zip(self._ring[:3], rows._ring[:3], strict=True):
                ours[:, place] = theirs[:, 0]
            self._spans[place] = rows._spans[0]
        else:
            cover(_covered(rows.snapshot()), place, self._gaps, self._spans)
        self._changed[place] = True

    def take_changed(self) -> NDArray[np.int64]:
        """Return the columns of the ring (int64[n], ascending) that have new rows, or are new, since the last call."""
        columns = self._columns_at(self._changed)
        self._changed[:] = False
        return np.sort(columns)

    def _columns_at(self, chosen: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Return the columns of the chosen places."""
        first_column = 0 if self._end == NO_END else self._end - self.n_columns
        return first_column + (np.flatnonzero(chosen) - first_column) % self.n_columns

    def rebuild(self, table: Table) -> Iterator[None]:
        """Forget everything, and take in the rows of the key that `table` keeps and that may be in the ring."""
        self._forget()
        series = table.series(self.code)
        if series is None:
            return
        self.next_row = series.next_row
        newest = newest_ns(series)
        self.advance(newest)
        oldest_ns = ((newest >> self.column_log2) - self.n_columns + 1) << self.column_log2
        for columns in arrived_since(series, oldest_ns, ["time", self.value]):
            self.take(columns["time"], columns[self.value])
            yield

    def take(self, time: NDArray[np.int64], values: NDArray[Any]) -> None:
        """Take in event times and values of new rows of the key (int64[n], any[n]), in order of arrival."""
        values = values.astype(np.float64, copy=False)
        self._end, n_outside = update_columns(time, values, self.column_log2, self._end, *self._ring, self._changed)
        self.n_outside += n_outside


def _covered(column: ColumnSummary) -> NDArray[np.float64]:
    """Return what the line covers inside a single column: ranges, from lowest to highest (float64[n, 2])."""
    if column.runs is not None and len(column.runs.places):
        return column.runs.spans[0, : column.runs.n_spans[0]]
    return np.stack((column.low, column.high), axis=1)[column.n_rows > 1]


def with_pairs_merged(summary: ColumnSummary) -> ColumnSummary:
    """Return the columns of twice the length, each made of two: those of the next smaller class of canvas.

    What the line covers between gaps is left out.
    """
    first_column = summary.first_column >> 1
    n_merged = ((summary.first_column + len(summary.n_rows) + 1) >> 1) - first_column
    merged_orders, merged_values = _empty(n_merged)
    orders = np.array((summary.n_rows, summary.broken, summary.first_ns, summary.last_ns), np.int64)
    values = np.array((summary.first, summary.last, summary.low, summary.high))
    merge_pairs(summary.first_column, orders, values, merged_orders, merged_values)
    return _summary(summary.column_log2 + 1, first_column, merged_orders, merged_values)


def _empty(n_columns: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    return np.zeros((N_ORDERS, n_columns), np.int64), np.full((N_VALUES, n_columns), np.nan)


def _summary(
    column_log2: int, first_column: int, orders: NDArray[np.int64], values: NDArray[np.float64]
) -> ColumnSummary:
    """Take over arrays as `update_columns` describes them, in the order of time."""
    n_rows, n_broken, first_ns, last_ns = orders
    values[:, n_rows == 0] = np.nan
    first, last, low, high = values
    return ColumnSummary(
        column_log2,
        first_column,
        n_rows=n_rows,
        first_ns=first_ns,
        last_ns=last_ns,
        first=first,
        last=last,
        low=low,
        high=high,
        broken=(n_broken > 0) & (n_rows > 0),
    )
