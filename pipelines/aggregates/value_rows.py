"""The rows of a live canvas: how they are chosen, how they grow, and when others would be better."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ldexp
from typing import Self

import numpy as np
from numpy.typing import NDArray

from pipelines.aggregates.canvas import Canvas
from pipelines.aggregates.point_cells import row_scale_of
from pipelines.aggregates.value_grid import choose_step, fit_rows
from pipelines.kernels.place_points import RowScale

__all__ = ["ValueRows"]


@dataclass(frozen=True, slots=True)
class ValueRows:
    """Rows that cover a range of values, with room to move in.

    Parameters
    ----------
    n_rows, step, level, first_row
        As in `Canvas`.
    tick : float or None
        What the values are multiples of. None where they have no tick, or `is_given`.
    is_given : bool
        Whether the step was given, so that only the level may be better.
    tolerance : float
        Values that lie this close to the edge of a row, in the unit of the value, count as ambiguous. It is as much as
        rounding may move an edge on these rows, and room for rows that are a thousand times as high or as far from 0.
    """

    n_rows: int
    step: float
    level: int
    first_row: int
    tick: float | None
    is_given: bool
    tolerance: float

    @classmethod
    def fitted(cls, low: float, high: float, *, n_rows: int, tick: float | None, step: float | None) -> Self:
        """Fit rows of a step, or of the best one, to a range of values."""
        best = choose_step(low, high, tick, n_rows) if step is None else step
        level, first_row = fit_rows(low, high, step=best, level=0, n_rows=n_rows)
        return cls(n_rows, best, level, first_row, tick, step is not None, 0.0).tolerant()

    @property
    def pitch(self) -> float:
        """Height of a row."""
        return ldexp(self.step, self.level)

    @property
    def row_scale(self) -> RowScale:
        """What the kernels need to find rows."""
        return row_scale_of(self.canvas(0, 0, 1))

    @property
    def rounding(self) -> float:
        """Distance from the edge of a row within which rounding may decide, with a little to spare."""
        lowest, highest, _, _ = self.row_scale
        return (abs(lowest) + abs(highest) + 4 * self.n_rows * self.pitch) * 2.0**-50

    def tolerant(self) -> Self:
        """Return the same rows with a tolerance of their own."""
        return replace(self, tolerance=self.rounding * 2.0**10)

    def canvas(self, column_log2: int, first_column: int, n_columns: int) -> Canvas:
        """Return the canvas of these rows and some columns."""
        return Canvas(column_log2, first_column, n_columns, self.step, self.level, self.first_row, self.n_rows)

    def covers(self, low: float, high: float) -> bool:
        """Tell whether a range of values is on these rows."""
        lowest, highest, _, _ = self.row_scale
        return lowest <= low and high <= highest

    def reaching(self, low: float, high: float, *, level: int = 0) -> Self:
        """Return rows of at least our and the given level that a range of values fits on, with room to move in."""
        level, first_row = fit_rows(low, high, step=self.step, level=max(level, self.level), n_rows=self.n_rows)
        rows = replace(self, level=level, first_row=first_row)
        return rows if self.proves(rows) else rows.tolerant()

    def proves(self, rows: Self) -> bool:
        """Tell whether values that were not ambiguous here fall into the same rows there."""
        return rows.rounding <= self.tolerance

    def targets(self, rows: Self) -> NDArray[np.int64]:
        """Return which of `rows`, of the same step and no lower level, each of ours is a part of (int64[n_rows]).

        Rows outside are empty, or hold a value on the outermost edge: they go to the outermost row.
        """
        shift = rows.level - self.level
        last = rows.n_rows - 1
        targets = [((self.first_row + row) >> shift) - rows.first_row for row in range(self.n_rows)]
        return np.array([min(max(target, 0), last) for target in targets], np.int64)

    def is_coarse_for(self, value_range: tuple[float, float] | None) -> bool:
        """Tell whether values would be seen better on rows fitted to their range.

        They take less than a quarter of the rows, and would be on rows at most half as high; or rows that were parts of
        a tick now hold several, and not all the same number.
        """
        if value_range is None:
            return False
        low, high = value_range
        step = self.step if self.is_given else choose_step(low, high, self.tick, self.n_rows)
        if step == self.tick != self.step:
            return True
        level, _ = fit_rows(low, high, step=step, level=0, n_rows=self.n_rows)
        return 2 * ldexp(step, level) <= self.pitch and high - low < self.pitch * self.n_rows / 4
