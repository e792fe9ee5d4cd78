"""The cells of a live picture: a ring of columns, on rows that grow with the values."""

from __future__ import annotations

from dataclasses import replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from pipelines.aggregates.column_ring import ColumnRing
from pipelines.aggregates.point_cells import PointCells
from pipelines.aggregates.value_rows import ValueRows
from pipelines.core.spec import Reduction

__all__ = ["LiveCells"]


class LiveCells:
    """Cells of points, with what tells where they are and whether they are right.

    Parameters
    ----------
    reduction : Reduction
        What the points of a cell come to.
    column_log2, n_columns, n_rows, n_layers : int
        Length of a column, and the shape of the cells.

    Attributes
    ----------
    ring : ColumnRing
        Where the columns are.
    rows : ValueRows or None
        Where the rows are; None before the first value.
    cells : PointCells
        The cells, by place in the ring.
    is_unproven : bool
        Whether the rows have become others while a value was ambiguous, so that a point may be one row off.
    """

    def __init__(self, reduction: Reduction, *, column_log2: int, n_columns: int, n_rows: int, n_layers: int) -> None:
        self.ring = ColumnRing(column_log2, n_columns)
        self.rows: ValueRows | None = None
        self.cells = PointCells(reduction, n_columns, n_rows, n_layers)
        self.is_unproven = False

    def scroll(self, column: int) -> None:
        """Make `column` the newest, if it is newer."""
        self.ring.scroll(column, self.cells.clear)

    def fit(self, rows: ValueRows) -> None:
        """Take the first rows."""
        self.rows = rows
        self.ring.changed[:] = True

    def draw(
        self,
        rows: ValueRows,
        time: NDArray[np.int64],
        values: NDArray[np.float64],
        sides: NDArray[np.int8],
        of: NDArray[np.float64],
        first_arrival: int,
    ) -> int:
        """Draw points, none of them newer than the ring, on the rows, which grow where a value is outside.

        Returns
        -------
        int
            Points that are older than the ring, or beyond `MAX_VALUE`.
        """
        n_outside = 0
        placed = np.empty(len(time), np.int64)
        start = 0
        while start < len(time):
            stop, n_skipped = self.ring.place(time, values, sides, start, rows, placed)
            n_outside += n_skipped
            self.cells.take(placed[start:stop], of[start:stop], first_arrival + start)
            if stop < len(time):
                rows = self._reach(rows, float(values[stop]), float(values[stop]))
            start = stop
        return n_outside

    def merge(self, other: Self, *, offset: int) -> None:
        """Take in the cells of `other`, with arrival numbers `offset` higher: newer ring, coarser rows, all values.

        Raises
        ------
        ValueError
            Where it has another step.
        """
        self.scroll(other.ring.newest_column)
        self.is_unproven |= other.is_unproven
        if (arriving := other.rows) is None:
            return
        rows = arriving if self.rows is None else self.rows
        if rows.step != arriving.step:
            raise ValueError(f"rasters with steps of {rows.step} and {arriving.step} can't be merged")
        if self.rows is None:
            self.fit(rows)
        places = self.ring.places_for(other.ring)
        if not (places >= 0).any():
            return
        low, high = float(other.ring.low[places >= 0].min()), float(other.ring.high[places >= 0].max())
        if rows.level < arriving.level or not rows.covers(low, high):
            rows = self._reach(rows, low, high, level=arriving.level)
        is_moved = (rows.level, rows.first_row) != (arriving.level, arriving.first_row)
        self.is_unproven |= is_moved and (bool(other.ring.n_ambiguous.any()) or not arriving.proves(rows))
        # What either did not count as ambiguous is all that can be proved later.
        self.rows = replace(rows, tolerance=min(rows.tolerance, arriving.tolerance))
        self.ring.merge(other.ring, places)
        self.cells.merge(other.cells, places, arriving.targets(rows), offset=offset)

    def _reach(self, rows: ValueRows, low: float, high: float, *, level: int = 0) -> ValueRows:
        """Grow, so that a range of values is on the canvas together with what is there."""
        there = self.ring.value_range
        if there is not None:
            low, high = min(low, there[0]), max(high, there[1])
        self.rows = grown = rows.reaching(low, high, level=level)
        self.ring.changed[:] = True
        if there is not None:
            self.is_unproven |= bool(self.ring.n_ambiguous.any()) or not rows.proves(grown)
            cells, self.cells = self.cells, self.cells.emptied()
            places = np.where(self.ring.is_filled, np.arange(self.ring.n_columns), -1)
            self.cells.merge(cells, places, rows.targets(grown))
        return grown
