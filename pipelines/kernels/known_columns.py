"""What is known of the rows in each column of a canvas: which was the first, which the last, and the extremes.

Rows have a place, by which those of equal time are ordered. Whatever is taken in brings the times and places of its
first and last row, so the order of taking in does not matter.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.kernels.compile import kernel

__all__ = [
    "FIRST_NS",
    "FIRST_PLACE",
    "FIRST_VALUE",
    "HIGHEST",
    "LAST_NS",
    "LAST_PLACE",
    "LAST_VALUE",
    "LOWEST",
    "N_FINITE",
    "N_ORDERS",
    "N_ROWS",
    "N_VALUES",
    "clear_columns",
    "take_first",
    "take_last",
    "take_summary",
]

N_ROWS: Final = 0
N_FINITE: Final = 1
FIRST_NS: Final = 2
LAST_NS: Final = 3
FIRST_PLACE: Final = 4
LAST_PLACE: Final = 5
N_ORDERS: Final = 6

FIRST_VALUE: Final = 0
LAST_VALUE: Final = 1
LOWEST: Final = 2
HIGHEST: Final = 3
N_VALUES: Final = 4

_INT64: Final = np.iinfo(np.int64)
_EARLIEST: Final = _INT64.min
_LATEST: Final = _INT64.max


def clear_columns(n_columns: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return columns that nothing was merged into.

    Returns
    -------
    orders : int64[N_ORDERS, n_columns]
        `N_ROWS` and `N_FINITE` count rows; the others say when the first and the last row were, and their places.
    values : float64[N_VALUES, n_columns]
        Values of the first and the last row, NaN where there is none; least and greatest finite value, infinite.
    """
    orders = np.zeros((N_ORDERS, n_columns), np.int64)
    orders[[FIRST_NS, FIRST_PLACE]] = _LATEST
    orders[LAST_NS] = _EARLIEST
    orders[LAST_PLACE] = -1
    values = np.full((N_VALUES, n_columns), np.nan)
    values[LOWEST], values[HIGHEST] = np.inf, -np.inf
    return orders, values


@kernel
def take_summary(
    column: int,
    n_rows: int,
    n_finite: float,
    low: float,
    high: float,
    orders: NDArray[np.int64],
    values: NDArray[np.float64],
) -> None:
    """Take in all but the first and the last row. NaN, the extremes of no value, is neither less nor greater."""
    orders[N_ROWS, column] += n_rows
    orders[N_FINITE, column] += int(n_finite)
    if low < values[LOWEST, column]:
        values[LOWEST, column] = low
    if high > values[HIGHEST, column]:
        values[HIGHEST, column] = high


@kernel
def take_first(
    column: int, time: int, place: int, value: float, orders: NDArray[np.int64], values: NDArray[np.float64]
) -> None:
    """Take in a row as the first one, where it is."""
    known = orders[FIRST_NS, column]
    if time < known or (time == known and place < orders[FIRST_PLACE, column]):
        orders[FIRST_NS, column] = time
        orders[FIRST_PLACE, column] = place
        values[FIRST_VALUE, column] = value


@kernel
def take_last(
    column: int, time: int, place: int, value: float, orders: NDArray[np.int64], values: NDArray[np.float64]
) -> None:
    """Take in a row as the last one, where it is."""
    known = orders[LAST_NS, column]
    if time > known or (time == known and place > orders[LAST_PLACE, column]):
        orders[LAST_NS, column] = time
        orders[LAST_PLACE, column] = place
        values[LAST_VALUE, column] = value
