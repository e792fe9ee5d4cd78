"""Bars that close by what was traded, not by the clock: tick, volume and dollar bars of all keys at once.

A bar closes with the row that brings its amount to the threshold or above; the next begins at nothing. First and last
are the rows that came first and last, whatever their times.

The bars are in these arrays:

bars, marks : float64[n_keys, 8], int64[n_keys, 5]
    Figures and marks of the forming bars, as `pipelines.kernels.one_bar` names them; no rows where the next bar has not
    begun.
amounts : float64[n_keys]
    What the forming bars hold.
closed_bars, closed_marks : float64[n_keys, n_room, 8], int64[n_keys, n_room, 5]
    Bars that closed.
n_closed : int64[n_keys]
    How many there are.
"""

from __future__ import annotations

from math import isfinite
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.kernels.compile import kernel
from pipelines.kernels.one_bar import CLOSE, LAST_NS, N_ROWS, NUMBER, add_row, begin_bar

__all__ = ["ROWS", "SIZES", "TURNOVERS", "event_bars"]

ROWS: Final = 0
SIZES: Final = 1
TURNOVERS: Final = 2


@kernel(
    "int64, const int32[:], const int64[:], const float64[:], const float64[:], const int8[:], int64, float64, int64, "
    "float64[:, :], int64[:, :], float64[:], float64[:, :, :], int64[:, :, :], int64[:]"
)
def event_bars(
    first: int,
    keys: NDArray[np.int32],
    times: NDArray[np.int64],
    values: NDArray[np.float64],
    sizes: NDArray[np.float64],
    sides: NDArray[np.int8],
    amount_of: int,
    threshold: float,
    generation: int,
    bars: NDArray[np.float64],
    marks: NDArray[np.int64],
    amounts: NDArray[np.float64],
    closed_bars: NDArray[np.float64],
    closed_marks: NDArray[np.int64],
    n_closed: NDArray[np.int64],
) -> int:
    """Add rows, from row `first` on, until a key has no room for a bar that may close; return which row, n when none.

    `values` are what bars are of: NaN and infinities are none, their rows are left out. `sizes` and `sides` (+1 a buy,
    -1 a sell) are empty where the kind has none. A row adds 1 to the amount (`ROWS`), its size (`SIZES`) or value times
    size (`TURNOVERS`), and nothing where that is no positive number. Bars that change are marked with `generation`.
    """
    has_sizes, has_sides = len(sizes) > 0, len(sides) > 0
    for row in range(first, len(keys)):
        value = values[row]
        if not isfinite(value):
            continue
        key = keys[row]
        if n_closed[key] == closed_bars.shape[1]:
            return row
        if marks[key, N_ROWS] == 0:
            begin_bar(key, marks[key, NUMBER], times[row], value, generation, bars, marks)
        size = sizes[row] if has_sizes else np.nan
        side = sides[row] if has_sides else 0
        bars[key, CLOSE] = value
        marks[key, LAST_NS] = times[row]
        add_row(key, value, size, side, generation, bars, marks)
        amount = 1.0
        if amount_of != ROWS:
            amount = size if isfinite(size) else 0.0
        if amount_of == TURNOVERS:
            amount *= value
        if amount > 0.0 and isfinite(amount):
            amounts[key] += amount
        if amounts[key] >= threshold:
            _close(key, bars, marks, closed_bars, closed_marks, n_closed)
            amounts[key] = 0.0
    return len(keys)


@kernel
def _close(
    key: int,
    bars: NDArray[np.float64],
    marks: NDArray[np.int64],
    closed_bars: NDArray[np.float64],
    closed_marks: NDArray[np.int64],
    n_closed: NDArray[np.int64],
) -> None:
    """Put a forming bar to those that closed."""
    closed_bars[key, n_closed[key]] = bars[key]
    closed_marks[key, n_closed[key]] = marks[key]
    n_closed[key] += 1
    marks[key, NUMBER] += 1
    marks[key, N_ROWS] = 0
