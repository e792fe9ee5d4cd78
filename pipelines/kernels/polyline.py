"""Lines through points, in exactly the cells that Datashader's ``Canvas.line`` gives them with the reduction ``any``.

A segment is clipped in the coordinates of the data (Liang and Barsky, "A New Concept and Method for Line Clipping", ACM
Transactions on Graphics 3(1), 1984), its ends fall into cells by multiplication and addition, and the cells between are
those of Bresenham ("Algorithm for computer control of a digital plotter", IBM Systems Journal 4(1), 1965). Cells are
stored by column, so steep segments are drawn by runs of cells (Bresenham, "Run length slice algorithm for incremental
lines", in Fundamental Algorithms for Computer Graphics, 1985).
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipelines.kernels.compile import kernel

__all__ = ["draw_columns", "draw_polyline", "draw_spans"]

_REACH_CELLS: Final = float(1 << 49)


class _Axis(NamedTuple):
    """How coordinates fall into cells along one direction.

    Parameters
    ----------
    low, high : float
        The range that is seen; both belong to it.
    scale, shift : float
        The cell of a coordinate is the integer part of ``coordinate * scale + shift``.
    n_cells : int
        How many cells there are.
    floor, ceiling : float
        Coordinates further away count as these, for beyond them the floats of the arithmetic are further apart than
        cells.
    """

    low: float
    high: float
    scale: float
    shift: float
    n_cells: int
    floor: float
    ceiling: float


@kernel(
    "int64[:], float64[:], float64, float64, float64, float64, bool[:, :]",
    "int64[:], const float64[:], float64, float64, float64, float64, bool[:, :]",
)
def draw_polyline(
    x: NDArray[np.float64] | NDArray[np.int64],
    y: NDArray[np.float64],
    x_low: float,
    x_high: float,
    y_low: float,
    y_high: float,
    cells: NDArray[np.bool_],
) -> None:
    """Draw a line through points, in their order.

    A point with a coordinate that is not finite (NaN, infinities) is a gap. A point between two gaps draws nothing.

    Parameters
    ----------
    x : float64[n] or int64[n]
        Across the columns.
    y : float64[n]
        Across the rows.
    x_low, x_high, y_low, y_high : float
        What is seen, all ends included.
    cells : bool[n_columns, n_rows]
        Set to True where the line passes; others are left alone.

    Notes
    -----
    Of points more than ``2**49`` cells away only the side is kept. There Datashader draws something else, or beyond its
    arrays: the floats of its arithmetic are further apart than cells. For infinities it may crash.
    """
    x_axis, y_axis = _axis(x_low, x_high, cells.shape[0]), _axis(y_low, y_high, cells.shape[1])
    for point in range(1, len(x)):
        x0, y0, x1, y1 = float(x[point - 1]), float(y[point - 1]), float(x[point]), float(y[point])
        if math.isfinite(x0) and math.isfinite(y0) and math.isfinite(x1) and math.isfinite(y1):
            _draw_segment(x0, y0, x1, y1, x_axis, y_axis, cells)


@kernel(
    "int64[:], int64[:], int64[:], float64[:], float64[:], float64[:], float64[:], bool[:], "
    "int64, int64, int64, float64, float64, bool[:, :]"
)
def draw_columns(
    n_rows: NDArray[np.int64],
    first_ns: NDArray[np.int64],
    last_ns: NDArray[np.int64],
    first: NDArray[np.float64],
    last: NDArray[np.float64],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    filled: NDArray[np.bool_],
    first_column: int,
    start_ns: int,
    column_ns: int,
    y_low: float,
    y_high: float,
    cells: NDArray[np.bool_],
) -> None:
    """Draw the line through the rows of columns from the first, last, lowest and highest value of each.

    Where the last value of a column or the first of the next with rows is not finite, no segment leads from one to the
    other. `low` and `high` may be NaN.

    Parameters
    ----------
    n_rows, first_ns, last_ns, first, last, low, high : array of [n]
        Columns in the order of time; see `ColumnSummary`.
    filled : bool[n]
        Which columns the line covers from the lowest to the highest value.
    first_column : int
        The column of `cells` that they begin with.
    start_ns, column_ns : int
        When `cells` begins, and how long each of its columns is.
    y_low, y_high : float
        The values that are seen, both included.
    cells : bool[n_columns, n_rows]
        Set to True where the line passes; others are left alone.
    """
    x_axis, y_axis = _axis(0.0, float(cells.shape[0] * column_ns), cells.shape[0]), _axis(y_low, y_high, cells.shape[1])
    x0, y0 = 0.0, np.nan
    for column in range(len(n_rows)):
        if n_rows[column] == 0:
            continue
        if filled[column]:
            _cover(cells, first_column + column, low[column], high[column], y_axis)
        x1, y1 = float(first_ns[column] - start_ns), float(first[column])
        if math.isfinite(y0) and math.isfinite(y1):
            _draw_segment(x0, y0, x1, y1, x_axis, y_axis, cells)
        x0, y0 = float(last_ns[column] - start_ns), float(last[column])


@kernel("int64[:], int64[:], float64[:, :, :], float64, float64, bool[:, :]")
def draw_spans(
    columns: NDArray[np.int64],
    n_spans: NDArray[np.int64],
    spans: NDArray[np.float64],
    y_low: float,
    y_high: float,
    cells: NDArray[np.bool_],
) -> None:
    """Cover columns from the lowest to the highest value of some ranges, as lines inside a column do.

    Parameters
    ----------
    columns : int64[n]
        Which columns of `cells`; those outside are left out.
    n_spans : int64[n]
        How many ranges each has.
    spans : float64[n, n_slots, 2]
        The ranges, finite, from lowest to highest; behind `n_spans` of a column they are undefined.
    y_low, y_high : float
        The values that are seen, both included.
    cells : bool[n_columns, n_rows]
        Set to True where they are covered; others are left alone.
    """
    y_axis = _axis(y_low, y_high, cells.shape[1])
    for number in range(len(columns)):
        if 0 <= columns[number] < cells.shape[0]:
            for slot in range(n_spans[number]):
                _cover(cells, columns[number], spans[number, slot, 0], spans[number, slot, 1], y_axis)


@kernel
def _axis(low: float, high: float, n_cells: int) -> _Axis:
    scale = n_cells / (high - low)
    shift = -low * scale
    reach = _REACH_CELLS / scale
    return _Axis(low, high, scale, shift, n_cells, low - reach, high + reach)


@kernel
def _draw_segment(
    x0: float, y0: float, x1: float, y1: float, x_axis: _Axis, y_axis: _Axis, cells: NDArray[np.bool_]
) -> None:
    """Draw what is seen of a segment, both ends included: one that goes on where another ended draws a cell twice."""
    x0, x1 = _within_reach(x_axis, x0), _within_reach(x_axis, x1)
    y0, y1 = _within_reach(y_axis, y0), _within_reach(y_axis, y1)
    if _is_beside(x_axis, x0, x1) or _is_beside(y_axis, y0, y1):
        return
    enter, leave = _clip(x_axis, x0, x1 - x0, 0.0, 1.0)
    enter, leave = _clip(y_axis, y0, y1 - y0, enter, leave)
    if enter > leave:
        return
    dx, dy = x1 - x0, y1 - y0
    if leave < 1.0:
        x1, y1 = x0 + leave * dx, y0 + leave * dy
    if enter > 0.0:
        x0, y0 = x0 + enter * dx, y0 + enter * dy
    column, row = _cell(x_axis, x0), _cell(y_axis, y0)
    end_column, end_row = _cell(x_axis, x1), _cell(y_axis, y1)
    cells[column, row] = True
    if abs(end_column - column) >= abs(end_row - row):
        _draw_flat(column, row, end_column, end_row, cells)
    else:
        _draw_steep(column, row, end_column, end_row, cells)


@kernel
def _within_reach(axis: _Axis, coordinate: float) -> float:
    return min(max(coordinate, axis.floor), axis.ceiling)


@kernel
def _is_beside(axis: _Axis, start: float, end: float) -> bool:
    return (start < axis.low and end < axis.low) or (start > axis.high and end > axis.high)


@kernel
def _clip(axis: _Axis, start: float, delta: float, enter: float, leave: float) -> tuple[float, float]:
    """Return which part of a segment (0 to 1) is between the ends of an axis; none where it enters after it leaves."""
    if delta > 0.0:
        if start < axis.low:
            enter = max(enter, (start - axis.low) / -delta)
        if axis.high - start < delta:
            leave = min(leave, (axis.high - start) / delta)
    elif delta < 0.0:
        if start - axis.low < -delta:
            leave = min(leave, (start - axis.low) / -delta)
        if start > axis.high:
            enter = max(enter, (axis.high - start) / delta)
    return enter, leave


@kernel
def _cell(axis: _Axis, coordinate: float) -> int:
    position = coordinate * axis.scale + axis.shift
    return int(min(max(position, 0.0), float(axis.n_cells - 1)))  # the upper end belongs to the cell below


@kernel
def _draw_flat(column: int, row: int, end_column: int, end_row: int, cells: NDArray[np.bool_]) -> None:
    """Draw from behind the first cell to the last, one cell a column."""
    n_right, n_up = abs(end_column - column), abs(end_row - row)
    right, up = (1 if end_column > column else -1), (1 if end_row > row else -1)
    error = 2 * n_up - n_right
    while column != end_column:
        if error > 0 or (error == 0 and right > 0):  # a tie takes the step where the line goes right
            error -= 2 * n_right
            row += up
        error += 2 * n_up
        column += right
        cells[column, row] = True


@kernel
def _draw_steep(column: int, row: int, end_column: int, end_row: int, cells: NDArray[np.bool_]) -> None:
    """Draw from behind the first cell to the last, one cell a row: a run of them in each column."""
    n_right, n_up = abs(end_column - column), abs(end_row - row)
    right, up = (1 if end_column > column else -1), (1 if end_row > row else -1)
    tie = 1 if up < 0 else 0  # a tie takes the step where the line goes up
    done = 0
    for n_columns in range(n_right + 1):
        behind = n_up
        if n_columns < n_right:
            behind = (n_up * (2 * n_columns + 1) + tie - 1) // (2 * n_right)
        if behind > done:
            start, end = row + up * (done + 1), row + up * behind
            _fill(cells, column + right * n_columns, min(start, end), max(start, end))
        done = max(done, behind)


@kernel
def _cover(cells: NDArray[np.bool_], column: int, low: float, high: float, axis: _Axis) -> None:
    """Cover what is seen of the values from `low` to `high`; nothing where they are NaN."""
    if low <= axis.high and high >= axis.low:
        low_row = _cell(axis, max(float(low), axis.low))
        high_row = _cell(axis, min(float(high), axis.high))
        _fill(cells, column, low_row, high_row)


@kernel
def _fill(cells: NDArray[np.bool_], column: int, low_row: int, high_row: int) -> None:
    for row in range(low_row, high_row + 1):
        cells[column, row] = True
