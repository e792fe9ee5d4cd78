"""What a live canvas keeps of each of its columns, beside their cells."""

from __future__ import annotations

from collections.abc import Callable
from typing import Self

import numpy as np
from numpy.typing import NDArray

from pipelines.aggregates.value_grid import MAX_VALUE
from pipelines.aggregates.value_rows import ValueRows
from pipelines.kernels.place_points import place_in_ring

__all__ = ["ColumnRing"]


class ColumnRing:
    """A ring of columns of time: column `i` has the place ``i % n_columns``.

    Parameters
    ----------
    column_log2 : int
        A column is ``2**column_log2`` nanoseconds long.
    n_columns : int
        How many columns there are, the newest last.

    Attributes
    ----------
    has_begun : bool
        Whether it has come to stand anywhere in time.
    newest_column : int
        The newest column.
    low, high : float64[n_columns]
        Least and greatest value drawn in each place; infinities where there is none.
    n_ambiguous : int64[n_columns]
        Values in each place that are as close to the edge of a row as float rounding may decide on.
    changed : bool[n_columns]
        Whether its cells have changed since `take_changed`.
    """

    def __init__(self, column_log2: int, n_columns: int) -> None:
        self.column_log2 = column_log2
        self.n_columns = n_columns
        self.has_begun = False
        self.newest_column = 0
        self.low = np.full(n_columns, np.inf)
        self.high = np.full(n_columns, -np.inf)
        self.n_ambiguous = np.zeros(n_columns, np.int64)
        self.changed = np.zeros(n_columns, np.bool_)

    @property
    def first_column(self) -> int:
        """The oldest column."""
        return self.newest_column - self.n_columns + 1

    @property
    def is_filled(self) -> NDArray[np.bool_]:
        """Whether any value is drawn in each place (bool[n_columns])."""
        return self.low <= self.high

    @property
    def value_range(self) -> tuple[float, float] | None:
        """Least and greatest value in the ring; None where there is none."""
        low, high = float(self.low.min()), float(self.high.max())
        return (low, high) if low <= high else None

    def places_for(self, other: Self) -> NDArray[np.int64]:
        """Return our place for each place of `other` (int64[n_columns]); -1 where it is empty, or too old for us."""
        columns = other.columns()
        inside = other.is_filled & (columns >= self.first_column) & (columns <= self.newest_column)
        return np.where(inside, columns % self.n_columns, -1)

    def columns(self) -> NDArray[np.int64]:
        """Return which column has each place (int64[n_columns])."""
        return self.first_column + (np.arange(self.n_columns) - self.first_column) % self.n_columns

    def scroll(self, column: int, clear: Callable[[slice], None]) -> None:
        """Make `column` the newest if it is newer, and have the cells of the places that are taken over cleared."""
        if not self.has_begun:
            self.has_begun, self.newest_column = True, column
            self.changed[:] = True
            return
        n_new = min(column - self.newest_column, self.n_columns)
        if n_new <= 0:
            return
        first = (column - n_new + 1) % self.n_columns
        for places in (slice(first, first + n_new), slice(0, max(first + n_new - self.n_columns, 0))):
            self.low[places], self.high[places] = np.inf, -np.inf
            self.n_ambiguous[places] = 0
            self.changed[places] = True
            clear(places)
        self.newest_column = column

    def place(
        self,
        time: NDArray[np.int64],
        values: NDArray[np.float64],
        sides: NDArray[np.int8],
        start: int,
        rows: ValueRows,
        placed: NDArray[np.int64],
    ) -> tuple[int, int]:
        """Find the cells of points, none of them newer than the ring; see `place_in_ring`."""
        return place_in_ring(
            time,
            values,
            sides,
            start,
            self.column_log2,
            self.newest_column,
            rows.n_rows,
            rows.row_scale,
            (MAX_VALUE, rows.tolerance / rows.pitch),
            self.low,
            self.high,
            self.n_ambiguous,
            self.changed,
            placed,
        )

    def merge(self, other: Self, places: NDArray[np.int64]) -> None:
        """Take in what `other` has drawn, except the cells; its places (int64[n_columns]) go to ours, or nowhere."""
        theirs = places >= 0
        ours = places[theirs]
        self.low[ours] = np.minimum(self.low[ours], other.low[theirs])
        self.high[ours] = np.maximum(self.high[ours], other.high[theirs])
        self.n_ambiguous[ours] += other.n_ambiguous[theirs]
        self.changed[ours] = True

    def take_changed(self) -> NDArray[np.int64]:
        """Return the columns (int64[n], ascending) that have changed since the last call."""
        changed = np.sort(self.columns()[self.changed])
        self.changed[:] = False
        return changed
