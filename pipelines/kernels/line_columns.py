"""What a line needs of each column of time, kept in a ring: first, last, lowest and highest value, and when they were.

In a ring of n places, column i has the place ``i % n``. All that is kept of a column without rows is that it has none.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.kernels.compile import kernel

__all__ = [
    "FIRST",
    "FIRST_NS",
    "HIGH",
    "LAST",
    "LAST_NS",
    "LOW",
    "NO_END",
    "N_BROKEN",
    "N_ORDERS",
    "N_ROWS",
    "N_VALUES",
    "advance_columns",
    "merge_columns",
    "merge_pairs",
    "update_columns",
]

N_ROWS: Final = 0
N_BROKEN: Final = 1
FIRST_NS: Final = 2
LAST_NS: Final = 3
N_ORDERS: Final = 4

FIRST: Final = 0
LAST: Final = 1
LOW: Final = 2
HIGH: Final = 3
N_VALUES: Final = 4

NO_END: Final = -(1 << 63)
"""The end of a ring that has had no column yet."""


@kernel(
    "const int64[:], const float64[:], int64, int64, int64[:, :], float64[:, :], bool[:]",
    "int64[:], float64[:], int64, int64, int64[:, :], float64[:, :], bool[:]",
)
def update_columns(
    times: NDArray[np.int64],
    row_values: NDArray[np.float64],
    column_log2: int,
    end: int,
    orders: NDArray[np.int64],
    values: NDArray[np.float64],
    changed: NDArray[np.bool_],
) -> tuple[int, int]:
    """Take rows into a ring of columns.

    A value that is not finite (NaN, infinities) is counted, can be first and last, and breaks the line. Lowest and
    highest leave it out.

    Parameters
    ----------
    times : int64[n]
        Event times, nanoseconds, in order of arrival. Of equal times the one that came first is earlier.
    row_values : float64[n]
        What is drawn.
    column_log2 : int
        A column is ``2**column_log2`` nanoseconds long.
    end : int
        The first column behind the ring, or `NO_END`.
    orders : int64[4, n_columns]
        `N_ROWS`, `N_BROKEN` (rows without a finite value), `FIRST_NS` and `LAST_NS` of each place. Updated; the ring
        moves on to the newest row.
    values : float64[4, n_columns]
        `FIRST`, `LAST`, `LOW` and `HIGH`, the last two NaN where no value is finite. Updated.
    changed : bool[n_columns]
        Set to True where a column has new rows, or is new.

    Returns
    -------
    tuple of int
        The first column behind the ring now, and how many rows were older than the ring.
    """
    n_places = len(changed)
    n_outside = 0
    row = 0
    while row < len(times):
        column = times[row] >> column_log2
        if column >= end:
            advance_columns(end, column + 1, orders, changed)
            end = column + 1
        if column < end - n_places:
            n_outside += 1
            row += 1
            continue
        place = column % n_places
        changed[place] = True
        row = _take_run(times, row_values, row, column_log2, place, orders, values)
    return end, n_outside


@kernel("int64, int64, int64[:, :], bool[:]")
def advance_columns(end: int, new_end: int, orders: NDArray[np.int64], changed: NDArray[np.bool_]) -> None:
    """Move a ring on: empty the places of the columns from `end` (or `NO_END`) up to `new_end`, which is not before.

    `orders` and `changed` are those of `update_columns`, and updated.
    """
    n_places = len(changed)
    for column in range(max(end, new_end - n_places), new_end):
        orders[N_ROWS, column % n_places] = 0
        changed[column % n_places] = True


@kernel("int64, int64[:, :], float64[:, :], bool[:], int64, int64[:, :], float64[:, :]")
def merge_columns(
    end: int,
    orders: NDArray[np.int64],
    values: NDArray[np.float64],
    changed: NDArray[np.bool_],
    other_end: int,
    other_orders: NDArray[np.int64],
    other_values: NDArray[np.float64],
) -> int:
    """Take a ring of as many places into another, as if its rows had come later; return the end of the ring now.

    `end`, `orders`, `values` and `changed` are those of `update_columns`, and updated. The other ring is left alone.
    """
    n_places = len(changed)
    if other_end == NO_END:
        return end
    if other_end > end:
        advance_columns(end, other_end, orders, changed)
        end = other_end
    for column in range(end - n_places, other_end):
        place = column % n_places
        if other_orders[N_ROWS, place] > 0:
            _join(orders, values, place, other_orders, other_values, place)
            changed[place] = True
    return end


@kernel("int64, int64[:, :], float64[:, :], int64[:, :], float64[:, :]")
def merge_pairs(
    first_column: int,
    orders: NDArray[np.int64],
    values: NDArray[np.float64],
    merged_orders: NDArray[np.int64],
    merged_values: NDArray[np.float64],
) -> None:
    """Join the columns 2i and 2i + 1 to column i.

    Parameters
    ----------
    first_column : int
        The column that `orders` and `values` begin with.
    orders, values : int64[4, n_columns], float64[4, n_columns]
        Columns in the order of time; see `update_columns`.
    merged_orders, merged_values : int64[4, n_merged], float64[4, n_merged]
        Filled, from column ``first_column >> 1`` on. `N_ROWS` must be 0.
    """
    for position in range(orders.shape[1]):
        if orders[N_ROWS, position] > 0:
            place = ((first_column + position) >> 1) - (first_column >> 1)
            _join(merged_orders, merged_values, place, orders, values, position)


@kernel
def _take_run(
    times: NDArray[np.int64],
    row_values: NDArray[np.float64],
    row: int,
    column_log2: int,
    place: int,
    orders: NDArray[np.int64],
    values: NDArray[np.float64],
) -> int:
    """Take rows from `row` on for as long as they fall into its column; return the row behind them."""
    column = times[row] >> column_log2
    n_rows, n_broken = orders[N_ROWS, place], orders[N_BROKEN, place]
    first_ns, last_ns = orders[FIRST_NS, place], orders[LAST_NS, place]
    first, last, low, high = values[FIRST, place], values[LAST, place], np.inf, -np.inf
    if n_rows == 0:
        n_broken, first_ns, last_ns, first, last = 0, times[row], times[row], row_values[row], row_values[row]
        values[LOW, place] = values[HIGH, place] = np.nan
    while row < len(times) and times[row] >> column_log2 == column:
        time, value = times[row], row_values[row]
        n_rows += 1
        if time >= last_ns:
            last_ns, last = time, value
        elif time < first_ns:
            first_ns, first = time, value
        if math.isfinite(value):
            low, high = min(low, value), max(high, value)
        else:
            n_broken += 1
        row += 1
    orders[N_ROWS, place], orders[N_BROKEN, place] = n_rows, n_broken
    orders[FIRST_NS, place], orders[LAST_NS, place] = first_ns, last_ns
    values[FIRST, place], values[LAST, place] = first, last
    if low <= high:
        values[LOW, place], values[HIGH, place] = np.fmin(values[LOW, place], low), np.fmax(values[HIGH, place], high)
    return row


@kernel
def _join(
    orders: NDArray[np.int64],
    values: NDArray[np.float64],
    place: int,
    other_orders: NDArray[np.int64],
    other_values: NDArray[np.float64],
    position: int,
) -> None:
    """Join a column that has rows to another, as if its rows had come later."""
    if orders[N_ROWS, place] == 0:
        for field in range(N_ORDERS):
            orders[field, place] = other_orders[field, position]
        for field in range(N_VALUES):
            values[field, place] = other_values[field, position]
        return
    orders[N_ROWS, place] += other_orders[N_ROWS, position]
    orders[N_BROKEN, place] += other_orders[N_BROKEN, position]
    if other_orders[FIRST_NS, position] < orders[FIRST_NS, place]:
        orders[FIRST_NS, place] = other_orders[FIRST_NS, position]
        values[FIRST, place] = other_values[FIRST, position]
    if other_orders[LAST_NS, position] >= orders[LAST_NS, place]:
        orders[LAST_NS, place] = other_orders[LAST_NS, position]
        values[LAST, place] = other_values[LAST, position]
    values[LOW, place] = np.fmin(values[LOW, place], other_values[LOW, position])
    values[HIGH, place] = np.fmax(values[HIGH, place], other_values[HIGH, position])
