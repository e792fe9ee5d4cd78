"""Summaries of a column over 64 rows, then over four of these, and so on up to all of it."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.kernels.compile import kernel

__all__ = [
    "BIN_ROWS",
    "COUNT",
    "ENDS",
    "EXTREMES",
    "FAN_OUT",
    "FIRST",
    "HIGH",
    "LAST",
    "LOW",
    "N_STATISTICS",
    "SUM",
    "TOTALS",
    "is_ascending",
    "level_ends",
    "span_bins",
    "summarise",
    "summarise_segment",
]

BIN_ROWS: Final = 64
FAN_OUT: Final = 4

EXTREMES: Final = 0
"""Statistics of a bin: `LOW` and `HIGH`. They lie together, since a query needs these of many bins."""
LOW: Final = 0
HIGH: Final = 1
ENDS: Final = 1
"""Statistics of a bin: `FIRST` and `LAST`."""
FIRST: Final = 0
LAST: Final = 1
TOTALS: Final = 2
"""Statistics of a bin: `SUM` and `COUNT`."""
SUM: Final = 0
COUNT: Final = 1
N_STATISTICS: Final = 3


def level_ends(n_rows: int) -> tuple[int, ...]:
    """Return where the bins of each level end: (64, 80, 84, 85) for 4,096 rows. A level's last bin may be short."""
    n_bins = -(-n_rows // BIN_ROWS)
    ends = [n_bins]
    while n_bins > 1:
        n_bins = -(-n_bins // FAN_OUT)
        ends.append(ends[-1] + n_bins)
    return tuple(ends)


@kernel("int64[:]")
def is_ascending(times: NDArray[np.int64]) -> bool:
    """Tell whether no time (int64[n]) is less than the one before."""
    n_back = 0
    for row in range(1, len(times)):
        n_back += times[row] < times[row - 1]  # all of them at once: looking at each costs more than it could save
    return n_back == 0


@kernel("const int64[:, :], int64, int64[:, :], int64[:, :, :], float64[:, :, :, :], float64[:, :, :, :, :]")
def summarise_segment(
    wide: NDArray[np.int64],
    place: int,
    spans: NDArray[np.int64],
    bin_spans: NDArray[np.int64],
    statistics: NDArray[np.float64],
    bin_statistics: NDArray[np.float64],
) -> None:
    """Build the pyramids of a segment.

    Parameters
    ----------
    wide : int64[1 + n_columns, n]
        Event times, ascending, and the memory of columns of float64.
    place : int
        Where the segment's summaries go.
    spans : int64[n_places, 2]
        Filled there: when the first and the last row of the segment were.
    bin_spans : int64[n_places, n_bins, 2]
        Filled there as `span_bins` does.
    statistics : float64[n_columns, n_places, 3, 2]
        Filled there: what is said of the last bin, which is the segment.
    bin_statistics : float64[n_columns, n_places, 3, n_bins, 2]
        Filled there as `summarise` does.
    """
    span_bins(wide[0], bin_spans[place])
    spans[place] = bin_spans[place, -1]
    for column in range(len(wide) - 1):
        summarise(wide[1 + column].view(np.float64), bin_statistics[column, place])
        statistics[column, place] = bin_statistics[column, place, :, -1]


@kernel
def summarise(values: NDArray[np.float64], statistics: NDArray[np.float64]) -> None:
    """Build the pyramid of a column.

    Lowest, highest, sum and count are of the finite values; where there is none they are NaN, and the count is 0. First
    and last are the values of the first and the last row, finite or not. Sums are taken in the order of the rows, then
    of the bins.

    Parameters
    ----------
    values : float64[n]
        In the order of time; n is at least 1.
    statistics : float64[3, n_bins, 2]
        Filled: `EXTREMES`, `ENDS` and `TOTALS` of each bin, level after level as `level_ends` says.
    """
    n_bins = (len(values) + BIN_ROWS - 1) // BIN_ROWS
    for position in range(n_bins):
        _summarise_rows(values, position, statistics)
    start, end = 0, n_bins
    while end - start > 1:
        n_bins = (end - start + FAN_OUT - 1) // FAN_OUT
        for position in range(n_bins):
            child = start + position * FAN_OUT
            _summarise_bins(child, min(child + FAN_OUT, end), end + position, statistics)
        start, end = end, end + n_bins


@kernel
def span_bins(times: NDArray[np.int64], spans: NDArray[np.int64]) -> None:
    """Find when the first and the last row of each bin of a pyramid were.

    Parameters
    ----------
    times : int64[n]
        Event times of the rows, ascending; n is at least 1.
    spans : int64[n_bins, 2]
        Filled, in the order of the bins of `summarise`.
    """
    bin_rows, position = BIN_ROWS, 0
    while True:
        for start in range(0, len(times), bin_rows):
            spans[position, 0] = times[start]
            spans[position, 1] = times[min(start + bin_rows, len(times)) - 1]
            position += 1
        if bin_rows >= len(times):
            return
        bin_rows *= FAN_OUT


@kernel
def _summarise_rows(values: NDArray[np.float64], position: int, statistics: NDArray[np.float64]) -> None:
    low, high, total = np.inf, -np.inf, 0.0
    count = 0
    start, end = position * BIN_ROWS, min((position + 1) * BIN_ROWS, len(values))
    for row in range(start, end):
        value = values[row]
        if math.isfinite(value):
            low = min(low, value)
            high = max(high, value)
            total += value
            count += 1
    _write_bin(position, low, high, values[start], values[end - 1], total, count, statistics)


@kernel
def _summarise_bins(begin: int, end: int, position: int, statistics: NDArray[np.float64]) -> None:
    low, high, total = np.inf, -np.inf, 0.0
    count = 0
    for child in range(begin, end):
        if statistics[TOTALS, child, COUNT] > 0:
            low = min(low, statistics[EXTREMES, child, LOW])
            high = max(high, statistics[EXTREMES, child, HIGH])
            total += statistics[TOTALS, child, SUM]
            count += int(statistics[TOTALS, child, COUNT])
    first, last = statistics[ENDS, begin, FIRST], statistics[ENDS, end - 1, LAST]
    _write_bin(position, low, high, first, last, total, count, statistics)


@kernel
def _write_bin(
    position: int,
    low: float,
    high: float,
    first: float,
    last: float,
    total: float,
    count: int,
    statistics: NDArray[np.float64],
) -> None:
    statistics[EXTREMES, position, LOW] = low if count > 0 else np.nan
    statistics[EXTREMES, position, HIGH] = high if count > 0 else np.nan
    statistics[ENDS, position, FIRST] = first
    statistics[ENDS, position, LAST] = last
    statistics[TOTALS, position, SUM] = total if count > 0 else np.nan
    statistics[TOTALS, position, COUNT] = count
