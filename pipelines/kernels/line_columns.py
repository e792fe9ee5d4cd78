"""What a line needs of each column of time, kept in a ring: first, last, lowest and highest value, and when they were.

In a ring of n places, column i has the place ``i % n``. All that is kept of a column without rows is that it has none.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.kernels.compile import kernel
from pipelines.kernels.line_runs import IS_DISORDERED, N_TAIL, TAIL, begin_runs, insert_span

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
    "const int64[:], const float64[:], int64, int64, "
    "int64[:, :], float64[:, :], int64[:, :], float64[:, :, :], bool[:]",
    "int64[:], float64[:], int64, int64, int64[:, :], float64[:, :], int64[:, :], float64[:, :, :], bool[:]",
)
def update_columns(
    times: NDArray[np.int64],
    row_values: NDArray[np.float64],
    column_log2: int,
    end: int,
    orders: NDArray[np.int64],
    values: NDArray[np.float64],
    gaps: NDArray[np.int64],
    spans: NDArray[np.float64],
    changed: NDArray[np.bool_],
) -> tuple[int, int]:
    """Take rows into a ring of columns.

    A value that is not finite (NaN, infinities) counts, can be first and last, breaks the line, and is never lowest or
    highest.

    Parameters
    ----------
    times, row_values : int64[n], float64[n]
        Event times (ns) and what is drawn, in order of arrival. Of equal times the one that came first is earlier.
    column_log2, end : int
        A column is ``2**column_log2`` nanoseconds long; the first one behind the ring, or `NO_END`.
    orders : int64[4, n_columns]
        `N_ROWS`, `N_BROKEN` (rows without a finite value), `FIRST_NS` and `LAST_NS` of each place. Updated; the ring
        moves on to the newest row.
    values : float64[4, n_columns]
        `FIRST`, `LAST`, `LOW` and `HIGH`, the last two NaN where no value is finite. Updated.
    gaps, spans : int64[4, n_columns], float64[n_columns, 34, 2]
        The runs between gaps, where a column has any; see `begin_runs`. Updated. Where a row comes behind a newer one
        of its column, its run can't be told: the column is disordered, and the line passes at least that row.
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
        if orders[N_ROWS, place] == 0:
            _begin_column(times[row], row_values[row], place, orders, values, gaps)
        if orders[N_BROKEN, place] == 0:
            row = _take_run(times, row_values, row, column_log2, place, orders, values, gaps)
        if row < len(times) and times[row] >> column_log2 == column:
            row = _take_beside_gaps(times, row_values, row, column_log2, place, orders, values, gaps, spans)
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


@kernel
def _begin_column(
    time: int,
    value: float,
    place: int,
    orders: NDArray[np.int64],
    values: NDArray[np.float64],
    gaps: NDArray[np.int64],
) -> None:
    """Let a column without rows begin with this one, which is not counted yet."""
    orders[N_BROKEN, place] = gaps[IS_DISORDERED, place] = 0
    orders[FIRST_NS, place] = orders[LAST_NS, place] = time
    values[FIRST, place] = values[LAST, place] = value
    values[LOW, place] = values[HIGH, place] = np.nan


@kernel
def _take_run(
    times: NDArray[np.int64],
    row_values: NDArray[np.float64],
    row: int,
    column_log2: int,
    place: int,
    orders: NDArray[np.int64],
    values: NDArray[np.float64],
    gaps: NDArray[np.int64],
) -> int:
    """Take rows from `row` on into its column, without gaps so far, up to the first gap; return the row behind them."""
    column, start, is_disordered = times[row] >> column_log2, row, False
    first_ns, last_ns = orders[FIRST_NS, place], orders[LAST_NS, place]
    first, last, low, high = values[FIRST, place], values[LAST, place], np.inf, -np.inf
    while row < len(times) and times[row] >> column_log2 == column and math.isfinite(row_values[row]):
        time, value = times[row], row_values[row]
        is_disordered |= time < last_ns
        if time >= last_ns:
            last_ns, last = time, value
        elif time < first_ns:
            first_ns, first = time, value
        low, high = min(low, value), max(high, value)
        row += 1
    # Written out in `_take_beside_gaps` too: a kernel for both took 30 ns longer a column, handing it the arrays.
    orders[N_ROWS, place] += row - start
    orders[FIRST_NS, place], orders[LAST_NS, place] = first_ns, last_ns
    values[FIRST, place], values[LAST, place] = first, last
    if row > start:
        values[LOW, place], values[HIGH, place] = np.fmin(values[LOW, place], low), np.fmax(values[HIGH, place], high)
    if is_disordered:
        gaps[IS_DISORDERED, place] = 1
    return row


@kernel
def _take_beside_gaps(
    times: NDArray[np.int64],
    row_values: NDArray[np.float64],
    row: int,
    column_log2: int,
    place: int,
    orders: NDArray[np.int64],
    values: NDArray[np.float64],
    gaps: NDArray[np.int64],
    spans: NDArray[np.float64],
) -> int:
    """Take rows from `row` on into its column, which has a gap, or gets one with the first; return the row behind."""
    if orders[N_BROKEN, place] == 0:
        begin_runs(gaps, spans, place, orders[N_ROWS, place], values[LOW, place], values[HIGH, place])
    column, start, n_broken, is_disordered = times[row] >> column_log2, row, 0, False
    first_ns, last_ns = orders[FIRST_NS, place], orders[LAST_NS, place]
    first, last, lowest, highest = values[FIRST, place], values[LAST, place], np.inf, -np.inf
    n_tail, low, high = gaps[N_TAIL, place], np.inf, -np.inf
    if n_tail > 0:
        low, high = spans[place, TAIL, 0], spans[place, TAIL, 1]
    while row < len(times) and times[row] >> column_log2 == column:
        time, value = times[row], row_values[row]
        row += 1
        is_late = time < last_ns
        if math.isfinite(value):
            lowest, highest = min(lowest, value), max(highest, value)
            if is_late:
                insert_span(gaps, spans, place, value, value)
            else:
                n_tail, low, high = n_tail + 1, min(low, value), max(high, value)
        else:
            n_broken += 1
            if not is_late:
                if n_tail > 1:
                    insert_span(gaps, spans, place, low, high)
                n_tail, low, high = 0, np.inf, -np.inf
        is_disordered |= is_late
        if not is_late:
            last_ns, last = time, value
        elif time < first_ns:
            first_ns, first = time, value
    orders[N_ROWS, place] += row - start
    orders[N_BROKEN, place] += n_broken
    orders[FIRST_NS, place], orders[LAST_NS, place] = first_ns, last_ns
    values[FIRST, place], values[LAST, place] = first, last
    if lowest <= highest:
        values[LOW, place] = np.fmin(values[LOW, place], lowest)
        values[HIGH, place] = np.fmax(values[HIGH, place], highest)
    gaps[N_TAIL, place], spans[place, TAIL, 0], spans[place, TAIL, 1] = n_tail, low, high
    if is_disordered:
        gaps[IS_DISORDERED, place] = 1
    return row
