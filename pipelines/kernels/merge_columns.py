"""Columns of a line from two rings, or from two columns, as if the rows of the second had come later."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipelines.kernels.compile import kernel
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
)
from pipelines.kernels.line_runs import IS_DISORDERED, append_run, append_runs, begin_runs

__all__ = ["merge_columns", "merge_pairs"]


@kernel(
    "int64, int64[:, :], float64[:, :], int64[:, :], float64[:, :, :], bool[:], "
    "int64, int64[:, :], float64[:, :], int64[:, :], float64[:, :, :]"
)
def merge_columns(
    end: int,
    orders: NDArray[np.int64],
    values: NDArray[np.float64],
    gaps: NDArray[np.int64],
    spans: NDArray[np.float64],
    changed: NDArray[np.bool_],
    other_end: int,
    other_orders: NDArray[np.int64],
    other_values: NDArray[np.float64],
    other_gaps: NDArray[np.int64],
    other_spans: NDArray[np.float64],
) -> int:
    """Take a ring of as many places into another, as if its rows had come later; return the end of the ring now.

    `end`, `orders`, `values`, `gaps`, `spans` and `changed` are those of `update_columns`, and updated. The other ring
    is left alone.
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
            _join_runs(orders, values, gaps, spans, place, other_orders, other_values, other_gaps, other_spans)
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
def _join_runs(
    orders: NDArray[np.int64],
    values: NDArray[np.float64],
    gaps: NDArray[np.int64],
    spans: NDArray[np.float64],
    place: int,
    other_orders: NDArray[np.int64],
    other_values: NDArray[np.float64],
    other_gaps: NDArray[np.int64],
    other_spans: NDArray[np.float64],
) -> None:
    """Join the runs of a column that has rows to those of the same one in another ring, before `_join`."""
    if orders[N_ROWS, place] == 0:
        gaps[:, place], spans[place] = other_gaps[:, place], other_spans[place]
        return
    is_behind = other_orders[FIRST_NS, place] >= orders[LAST_NS, place]
    gaps[IS_DISORDERED, place] |= other_gaps[IS_DISORDERED, place] | (0 if is_behind else 1)
    has_gap, other_has_gap = orders[N_BROKEN, place] > 0, other_orders[N_BROKEN, place] > 0
    if not has_gap and other_has_gap:
        begin_runs(gaps, spans, place, orders[N_ROWS, place], values[LOW, place], values[HIGH, place])
    if other_has_gap:
        append_runs(gaps, spans, place, other_values[FIRST, place], other_gaps, other_spans, place)
    elif has_gap:
        n, low, high = other_orders[N_ROWS, place], other_values[LOW, place], other_values[HIGH, place]
        append_run(gaps, spans, place, n, low, high)


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
