"""A live line of one key: what it needs of each column, at the cost of the new rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from pipelines.aggregates.column_summary import ColumnSummary
from pipelines.aggregates.point_rows import arrived_since, newest_ns
from pipelines.core.batch import Batch
from pipelines.core.schema import Schema
from pipelines.kernels.line_columns import (
    FIRST,
    FIRST_NS,
    HIGH,
    LAST,
    LAST_NS,
    LOW,
    N_BROKEN,
    N_ORDERS,
    N_ROWS,
    N_VALUES,
    NO_END,
    advance_columns,
    merge_columns,
    merge_pairs,
    update_columns,
)
from pipelines.store.table import Table

__all__ = ["LineColumns", "with_pairs_merged"]


class LineColumns:
    """First, last, lowest and highest value of one key in each of the newest columns.

    The ring of columns ends with that of the newest row, or of the latest edge. Rows find their own column however late
    they are, as long as it is in the ring. Merging is associative, and commutes where no two rows have the same time.

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

    def update(self, batch: Batch) -> None:
        """Take in new rows, in order of arrival."""
        time, values = batch.time, batch[self.value]
        is_ours = batch.keys == self.code
        if not is_ours.all():
            time, values = time[is_ours], values[is_ours]
        self._take(time, values)

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
        self._end = merge_columns(
            self._end, self._orders, self._values, self._changed, other._end, other._orders, other._values
        )
        self.n_outside += other.n_outside

    def snapshot(self) -> ColumnSummary:
        """Return the columns of the ring, oldest first; none before the first row or edge."""
        if self._end == NO_END:
            return _summary(self.column_log2, 0, *_empty(0))
        first_column = self._end - self.n_columns
        split = first_column % self.n_columns
        orders = np.concatenate((self._orders[:, split:], self._orders[:, :split]), axis=1)
        values = np.concatenate((self._values[:, split:], self._values[:, :split]), axis=1)
        return _summary(self.column_log2, first_column, orders, values)

    def take_changed(self) -> NDArray[np.int64]:
        """Return the columns of the ring (int64[n], ascending) that have new rows, or are new, since the last call."""
        places = np.flatnonzero(self._changed)
        self._changed[places] = False
        first_column = 0 if self._end == NO_END else self._end - self.n_columns
        return np.sort(first_column + (places - first_column) % self.n_columns)

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
            self._take(columns["time"], columns[self.value])
            yield

    def _take(self, time: NDArray[np.int64], values: NDArray[Any]) -> None:
        values = values.astype(np.float64, copy=False)
        self._end, n_outside = update_columns(
            time, values, self.column_log2, self._end, self._orders, self._values, self._changed
        )
        self.n_outside += n_outside


def with_pairs_merged(summary: ColumnSummary) -> ColumnSummary:
    """Return the columns of twice the length, each made of two: those of the next smaller class of canvas."""
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
    n_rows = orders[N_ROWS]
    values[:, n_rows == 0] = np.nan
    return ColumnSummary(
        column_log2,
        first_column,
        n_rows=n_rows,
        first_ns=orders[FIRST_NS],
        last_ns=orders[LAST_NS],
        first=values[FIRST],
        last=values[LAST],
        low=values[LOW],
        high=values[HIGH],
        broken=(orders[N_BROKEN] > 0) & (n_rows > 0),
    )
