"""Finding the cell that each point falls into, on a canvas that scrolls or one that stays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipelines.kernels.compile import kernel

__all__ = ["NOT_DRAWN", "Limits", "RowScale", "place_in_ring", "place_on_canvas"]

NOT_DRAWN = -1
"""The cell of a point that has none."""

RowScale = tuple[float, float, float, float]
"""Lower and upper edge of a canvas, then scale and translation: a row is ``value * scale + translation``."""

Limits = tuple[float, float]
"""How far from 0 a value is drawn; and how close to the edge of a row, in rows, it is ambiguous: rounding may put it on
the other side where the canvas has other rows."""


@kernel
def _layer_of(side: int) -> int:
    return 1 + int(side > 0) - int(side < 0)


@kernel("const int64[:], const float64[:], const int8[:], int64, int64, int64, int64, float64 x 4, int64[:]")
def place_on_canvas(
    times: NDArray[np.int64],
    values: NDArray[np.float64],
    sides: NDArray[np.int8],
    column_log2: int,
    first_column: int,
    n_columns: int,
    n_rows: int,
    row_scale: RowScale,
    cells: NDArray[np.int64],
) -> None:
    """Find the cell of each point on a canvas. Points outside it and NaN have none.

    Parameters
    ----------
    times : int64[n]
        Event times, nanoseconds.
    values : float64[n]
        What is drawn upwards.
    sides : int8[n] or int8[0]
        The sign of a side is its layer: -1, 0, 1 are 0, 1, 2. Where it is empty there is one layer.
    column_log2 : int
        A column is ``2**column_log2`` nanoseconds long.
    first_column, n_columns, n_rows : int
        The canvas, which is half-open in time, and closed in value.
    row_scale : RowScale
        Its edges, and the way from a value to a row.
    cells : int64[n]
        Filled: column, row and layer in one number, or `NOT_DRAWN`.
    """
    lowest, highest, scale, translation = row_scale
    n_layers = 3 if len(sides) > 0 else 1
    for point in range(len(times)):
        column = times[point] >> column_log2
        value = values[point]
        if first_column <= column < first_column + n_columns and lowest <= value <= highest:
            row = max(min(int(value * scale + translation), n_rows - 1), 0)
            cell = ((column - first_column) * n_rows + row) * n_layers
            cells[point] = cell if n_layers == 1 else cell + _layer_of(sides[point])
        else:
            cells[point] = NOT_DRAWN


@kernel(
    "const int64[:], const float64[:], const int8[:], int64, int64, int64, int64, float64 x 4, float64 x 2, "
    "float64[:], float64[:], int64[:], bool[:], int64[:]"
)
def place_in_ring(
    times: NDArray[np.int64],
    values: NDArray[np.float64],
    sides: NDArray[np.int8],
    start: int,
    column_log2: int,
    newest_column: int,
    n_rows: int,
    row_scale: RowScale,
    limits: Limits,
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    n_ambiguous: NDArray[np.int64],
    changed: NDArray[np.bool_],
    cells: NDArray[np.int64],
) -> tuple[int, int]:
    """Find the cell of each point in a ring of columns, from `start` up to the first value that the rows don't reach.

    Points that are older, NaN and values beyond the limit have no cell. The arguments are those of `place_on_canvas`
    and: the newest column (column `i` has the place ``i % n_columns``; no point is newer), `limits`, and by place the
    least and greatest value, the number of ambiguous ones and whether a point fell there (any[n_columns]), all updated.

    Returns
    -------
    stop, n_outside : int
        The point that is not reached (n where all are), and how many before it are older or beyond the limit.
    """
    lowest, highest, scale, translation = row_scale
    limit, tolerance = limits
    n_columns = len(low)
    oldest_column, newest_place = newest_column - n_columns + 1, newest_column % n_columns
    n_layers = 3 if len(sides) > 0 else 1
    n_outside = 0
    for point in range(start, len(times)):
        column = times[point] >> column_log2
        value = values[point]
        if column >= oldest_column and lowest <= value <= highest:
            position = value * scale + translation
            row = min(int(position), n_rows - 1)  # the upper edge belongs to the last row
            place = newest_place - (newest_column - column)
            if place < 0:
                place += n_columns
            spot = np.uint64(place)  # a signed index costs a look whether it counts from the end
            if abs(position - row - 0.5) > 0.5 - tolerance:
                n_ambiguous[spot] += 1
            if value < low[spot]:
                low[spot] = value
            if value > high[spot]:
                high[spot] = value
            changed[spot] = True
            cell = (place * n_rows + row) * n_layers
            cells[point] = cell if n_layers == 1 else cell + _layer_of(sides[point])
        elif column >= oldest_column and abs(value) <= limit:
            return point, n_outside
        else:
            n_outside += int(column < oldest_column or abs(value) < np.inf)
            cells[point] = NOT_DRAWN
    return len(times), n_outside
