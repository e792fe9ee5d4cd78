"""Merging cells: rows into coarser or shifted rows, columns into longer ones, and one raster into another."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pipelines.kernels.compile import kernel

__all__ = ["ADD", "GREATEST", "LEAST", "SUM", "merge_cells", "merge_last"]

ADD: Final = 0
"""Counts, and totals whose empty cells are 0."""

SUM: Final = 1
"""Sums whose empty cells are NaN."""

LEAST: Final = 2
GREATEST: Final = 3


@kernel
def _merged(mine: Any, value: Any, how: int) -> Any:
    if how == ADD:
        return mine + value
    if value != value:
        return mine
    if mine != mine:
        return value
    if how == SUM:
        return mine + value
    if how == LEAST:
        return min(mine, value)
    return max(mine, value)


@kernel(
    "uint32[:, :, :], int64[:], int64[:], int64, uint32[:, :, :]",
    "float64[:, :, :], int64[:], int64[:], int64, float64[:, :, :]",
)
def merge_cells(
    source: NDArray[Any], columns: NDArray[np.int64], rows: NDArray[np.int64], how: int, into: NDArray[Any]
) -> None:
    """Merge each cell of `source` into a cell of `into`, column by column from the lowest row up.

    Exact for counts, least and greatest values in any order. Sums are added in the order of the cells, which is another
    than that of the points, so their last bits differ.

    Parameters
    ----------
    source : any[n_columns, n_rows, n_layers]
        Cells. Their NaN is no value, except with `ADD`.
    columns : int64[n_columns]
        Into which column each goes; nowhere where it is negative.
    rows : int64[n_rows]
        Into which row each goes.
    how : int
        `ADD`, `SUM`, `LEAST` or `GREATEST`.
    into : any[m_columns, m_rows, n_layers]
        Updated.
    """
    for column in range(len(columns)):
        if columns[column] < 0:
            continue
        for row in range(len(rows)):
            for layer in range(source.shape[2]):
                mine = into[columns[column], rows[row], layer]
                into[columns[column], rows[row], layer] = _merged(mine, source[column, row, layer], how)


@kernel("float64[:, :, :], int64[:, :, :], int64[:], int64[:], int64, float64[:, :, :], int64[:, :, :]")
def merge_last(
    source: NDArray[np.float64],
    source_arrivals: NDArray[np.int64],
    columns: NDArray[np.int64],
    rows: NDArray[np.int64],
    offset: int,
    into: NDArray[np.float64],
    arrivals: NDArray[np.int64],
) -> None:
    """Merge each cell of `source` into a cell of `into`, where it arrived later. Exact in any order.

    Parameters
    ----------
    source : float64[n_columns, n_rows, n_layers]
        Last values. NaN is no value.
    source_arrivals : int64[n_columns, n_rows, n_layers]
        Their arrival numbers.
    columns, rows
        As in `merge_cells`.
    offset : int
        Added to the arrival numbers of `source`.
    into : float64[m_columns, m_rows, n_layers]
        Updated.
    arrivals : int64[m_columns, m_rows, n_layers]
        Its arrival numbers. Updated.
    """
    for column in range(len(columns)):
        target = columns[column]
        if target < 0:
            continue
        for row in range(len(rows)):
            for layer in range(source.shape[2]):
                value = source[column, row, layer]
                arrival = source_arrivals[column, row, layer] + offset
                mine = into[target, rows[row], layer]
                if value == value and (mine != mine or arrival > arrivals[target, rows[row], layer]):
                    into[target, rows[row], layer] = value
                    arrivals[target, rows[row], layer] = arrival
