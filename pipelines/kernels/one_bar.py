"""One bar: open, high, low, close and sums of the rows of one key.

A bar is a row of two arrays: figures (float64, one cache line) and marks (int64). A value that is NaN or infinite is no
value: the caller leaves its row out. A size that is NaN or infinite adds nothing to the sums. Sums are taken in the
order of the rows.
"""

from __future__ import annotations

from math import isfinite
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.kernels.compile import kernel

__all__ = [
    "BUY",
    "CLOSE",
    "FIRST_NS",
    "GENERATION",
    "HIGH",
    "LAST_NS",
    "LOW",
    "NUMBER",
    "N_FIGURES",
    "N_MARKS",
    "N_ROWS",
    "OPEN",
    "SELL",
    "TURNOVER",
    "VOLUME",
    "add_row",
    "begin_bar",
]

OPEN: Final = 0
HIGH: Final = 1
LOW: Final = 2
CLOSE: Final = 3
VOLUME: Final = 4
TURNOVER: Final = 5
BUY: Final = 6
SELL: Final = 7
N_FIGURES: Final = 8

NUMBER: Final = 0
FIRST_NS: Final = 1
LAST_NS: Final = 2
N_ROWS: Final = 3
GENERATION: Final = 4
N_MARKS: Final = 5


@kernel
def begin_bar(
    place: int | np.uint64,
    number: int,
    time_ns: int,
    value: float,
    generation: int,
    bars: NDArray[np.float64],
    marks: NDArray[np.int64],
) -> None:
    """Make `place` an empty bar that the row at `time_ns` will open."""
    bars[place, OPEN] = bars[place, HIGH] = bars[place, LOW] = bars[place, CLOSE] = value
    bars[place, VOLUME] = bars[place, TURNOVER] = bars[place, BUY] = bars[place, SELL] = 0.0
    marks[place, NUMBER] = number
    marks[place, FIRST_NS] = marks[place, LAST_NS] = time_ns
    marks[place, N_ROWS] = 0
    marks[place, GENERATION] = generation


@kernel
def add_row(
    place: int | np.uint64,
    value: float,
    size: float,
    side: int,
    generation: int,
    bars: NDArray[np.float64],
    marks: NDArray[np.int64],
) -> None:
    """Add a row with a finite value to all of the bar at `place` but its open and close."""
    if value > bars[place, HIGH]:
        bars[place, HIGH] = value
    if value < bars[place, LOW]:
        bars[place, LOW] = value
    marks[place, N_ROWS] += 1
    marks[place, GENERATION] = generation
    if isfinite(size):
        bars[place, VOLUME] += size
        bars[place, TURNOVER] += value * size
        bars[place, BUY] += size if side > 0 else 0.0  # no branches: which side is next can't be predicted
        bars[place, SELL] += size if side < 0 else 0.0
