"""Summaries of a column over 64 rows, then over four of these, and so on up to all of it."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.kernels.compile import kernel

__all__ = ["BIN_ROWS", "FAN_OUT", "FIRST", "LAST", "MAX", "MIN", "N_STATISTICS", "SUM", "level_ends", "summarise"]

BIN_ROWS: Final = 64
FAN_OUT: Final = 4

MIN: Final = 0
MAX: Final = 1
FIRST: Final = 2
LAST: Final = 3
SUM: Final = 4
N_STATISTICS: Final = 5


def level_ends(n_rows: int) -> tuple[int, ...]:
    """Return where the bins of each level end: (64, 80, 84, 85) for 4,096 rows. A level's last bin may be short."""
    n_bins = -(-n_rows // BIN_ROWS)
    ends = [n_bins]
    while n_bins > 1:
        n_bins = -(-n_bins // FAN_OUT)
        ends.append(ends[-1] + n_bins)
    return tuple(ends)


@kernel
def summarise(values: NDArray[np.float64], statistics: NDArray[np.float64], counts: NDArray[np.int32]) -> None:
    """Build the pyramid of a column.

    NaN is no value: minimum, maximum, sum and count leave it out, first and last are the first and last value that is
    none. Where all are NaN the statistics are NaN and the count is 0. Sums are taken in the order of the rows, then of
    the bins.

    Parameters
    ----------
    values : float64[n]
        In the order of time; n is at least 1.
    statistics : float64[5, n_bins]
        Filled: `MIN`, `MAX`, `FIRST`, `LAST` and `SUM` of each bin, level after level as `level_ends` says.
    counts : int32[n_bins]
        Filled: values in each bin.
    """
    n_bins = (len(values) + BIN_ROWS - 1) // BIN_ROWS
    for position in range(n_bins):
        _summarise_rows(values, position, statistics, counts)
    start, end = 0, n_bins
    while end - start > 1:
        n_bins = (end - start + FAN_OUT - 1) // FAN_OUT
        for position in range(n_bins):
            child = start + position * FAN_OUT
            _summarise_bins(child, min(child + FAN_OUT, end), end + position, statistics, counts)
        start, end = end, end + n_bins


@kernel
def _summarise_rows(
    values: NDArray[np.float64], position: int, statistics: NDArray[np.float64], counts: NDArray[np.int32]
) -> None:
    low, high, total = np.inf, -np.inf, 0.0
    first = last = np.nan
    count = 0
    for row in range(position * BIN_ROWS, min((position + 1) * BIN_ROWS, len(values))):
        value = values[row]
        if value != value:
            continue
        if count == 0:
            first = value
        last = value
        low = min(low, value)
        high = max(high, value)
        total += value
        count += 1
    _write_bin(position, low, high, first, last, total, count, statistics, counts)


@kernel
def _summarise_bins(
    begin: int, end: int, position: int, statistics: NDArray[np.float64], counts: NDArray[np.int32]
) -> None:
    low, high, total = np.inf, -np.inf, 0.0
    first = last = np.nan
    count = 0
    for child in range(begin, end):
        if counts[child] == 0:
            continue
        if count == 0:
            first = statistics[FIRST, child]
        last = statistics[LAST, child]
        low = min(low, statistics[MIN, child])
        high = max(high, statistics[MAX, child])
        total += statistics[SUM, child]
        count += counts[child]
    _write_bin(position, low, high, first, last, total, count, statistics, counts)


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
    counts: NDArray[np.int32],
) -> None:
    statistics[MIN, position] = low if count > 0 else np.nan
    statistics[MAX, position] = high if count > 0 else np.nan
    statistics[FIRST, position] = first
    statistics[LAST, position] = last
    statistics[SUM, position] = total if count > 0 else np.nan
    counts[position] = count
