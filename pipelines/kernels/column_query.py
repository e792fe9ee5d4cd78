"""The columns of a canvas, from summaries where these lie inside one column, and from rows where they don't.

A row's place is the arrival number in whose stead it stands once its segment is sorted.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from pipelines.kernels.compile import kernel
from pipelines.kernels.known_columns import FIRST_NS, LAST_NS, take_first, take_last, take_summary
from pipelines.kernels.pyramid import BIN_ROWS, COUNT, ENDS, EXTREMES, FAN_OUT, FIRST, HIGH, LAST, LOW, TOTALS

__all__ = ["merge_bins", "merge_rows", "merge_segments"]


@kernel(
    "const int64[:, :], const int64[:, :, :], const float64[:, :, :], int64, int64, int64, int64[:, :], float64[:, :],"
    " int64[:, :], int32[:, :]"
)
def merge_segments(
    spans: NDArray[np.int64],
    bin_spans: NDArray[np.int64],
    statistics: NDArray[np.float64],
    first_place: int,
    column_log2: int,
    first_column: int,
    orders: NDArray[np.int64],
    values: NDArray[np.float64],
    runs: NDArray[np.int64],
    bins: NDArray[np.int32],
) -> tuple[int, int]:
    """Merge the segments that lie inside one column, and list what of the others is still to be merged.

    Parameters
    ----------
    spans : int64[n, 2]
        Event times of the first and the last row of each segment. The segments came one after the other.
    bin_spans : int64[n, n_bins, 2]
        The same of the bins of their pyramids, the smallest first; the last bin is the segment.
    statistics : float64[n, 3, 2]
        Summaries of the segments; see `pipelines.kernels.pyramid`.
    first_place : int
        Place of the first segment's first row.
    column_log2, first_column : int
        Columns are ``2**column_log2`` nanoseconds long; those of `orders` and `values` begin with `first_column`.
    orders, values : array
        See `clear_columns`. Updated.
    runs : int64[n_runs, 2]
        Filled for `merge_rows`, with the rows of bins that lie in several columns; none spans two segments. There must
        be room for one to every two of the smallest bins.
    bins : int32[n_listed, 3]
        Filled for `merge_bins`, with the largest bins that lie inside one column: its number, the segment's and the
        bin's. There must be room for all of the smallest bins.

    Returns
    -------
    int, int
        How many runs and bins there are.
    """
    end_column = first_column + orders.shape[1]
    n_rows = _n_leaves(bin_spans.shape[1]) * BIN_ROWS
    n_runs = n_listed = 0
    for segment in range(len(spans)):
        begin, end = spans[segment, 0] >> column_log2, spans[segment, 1] >> column_log2
        if end < first_column or begin >= end_column:
            continue
        place = first_place + segment * n_rows
        if begin == end:
            column = begin - first_column
            low, high = statistics[segment, EXTREMES, LOW], statistics[segment, EXTREMES, HIGH]
            take_summary(column, n_rows, statistics[segment, TOTALS, COUNT], low, high, orders, values)
            take_first(column, spans[segment, 0], place, statistics[segment, ENDS, FIRST], orders, values)
            take_last(column, spans[segment, 1], place + n_rows - 1, statistics[segment, ENDS, LAST], orders, values)
        else:
            n_runs, n_listed = _divide(
                bin_spans, segment, place, column_log2, first_column, end_column, runs, n_runs, bins, n_listed
            )
    return n_runs, n_listed


@kernel("int32[:, :], const int64[:, :, :], const float64[:, :, :, :], int64, int64[:, :], float64[:, :]")
def merge_bins(
    bins: NDArray[np.int32],
    bin_spans: NDArray[np.int64],
    bin_statistics: NDArray[np.float64],
    first_place: int,
    orders: NDArray[np.int64],
    values: NDArray[np.float64],
) -> None:
    """Merge the summaries of bins.

    It is fastest after `merge_rows`: the first and the last row of a column are mostly of a run, and then the values
    at the ends of bins are not looked at.

    Parameters
    ----------
    bins : int32[n_listed, 3]
        From `merge_segments`, as are the others.
    bin_statistics : float64[n, 3, n_bins, 2]
        Summaries of the bins.
    """
    n_leaves = _n_leaves(bin_spans.shape[1])
    for listed in range(len(bins)):
        column, segment, position = int(bins[listed, 0]), int(bins[listed, 1]), int(bins[listed, 2])
        leaf, width, n_level = position, 1, n_leaves
        while leaf >= n_level:
            leaf -= n_level
            n_level //= FAN_OUT
            width *= FAN_OUT
        n_rows = width * BIN_ROWS
        place = first_place + (segment * n_leaves + leaf * width) * BIN_ROWS
        statistics = bin_statistics[segment]
        low, high = statistics[EXTREMES, position, LOW], statistics[EXTREMES, position, HIGH]
        take_summary(column, n_rows, statistics[TOTALS, position, COUNT], low, high, orders, values)
        first_ns, last_ns = bin_spans[segment, position, 0], bin_spans[segment, position, 1]
        if first_ns <= orders[FIRST_NS, column]:
            take_first(column, first_ns, place, statistics[ENDS, position, FIRST], orders, values)
        if last_ns >= orders[LAST_NS, column]:
            take_last(column, last_ns, place + n_rows - 1, statistics[ENDS, position, LAST], orders, values)


@kernel(
    "int64[:], float64[:], int64[:, :], int64, int64, int64[:, :], float64[:, :]",
    "const int64[:], const float64[:], int64[:, :], int64, int64, int64[:, :], float64[:, :]",
)
def merge_rows(
    times: NDArray[np.int64],
    row_values: NDArray[np.float64],
    runs: NDArray[np.int64],
    column_log2: int,
    first_column: int,
    orders: NDArray[np.int64],
    values: NDArray[np.float64],
) -> None:
    """Merge rows. Infinities and NaN are no values, but the first or the last row may have one.

    Parameters
    ----------
    times : int64[n]
        Event times, in any order.
    row_values : float64[n]
        Values.
    runs : int64[n_runs, 2]
        The place of the first row, and how many rows there are whose places go on from it; all runs together have n.
    column_log2, first_column, orders, values
        See `merge_segments`.
    """
    n_columns = orders.shape[1]
    row = 0
    for run in range(len(runs)):
        place = runs[run, 0] - row
        end = row + runs[run, 1]
        while row < end:
            absolute = times[row] >> column_log2
            begin, n_finite, low, high = row, 0, np.inf, -np.inf
            first, last = row, row
            while row < end and times[row] >> column_log2 == absolute:
                first = row if times[row] < times[first] else first
                last = row if times[row] >= times[last] else last
                value = row_values[row]
                if math.isfinite(value):
                    n_finite += 1
                    low = min(low, value)
                    high = max(high, value)
                row += 1
            if first_column <= absolute < first_column + n_columns:
                column = absolute - first_column
                take_summary(column, row - begin, n_finite, low, high, orders, values)
                take_first(column, times[first], place + first, row_values[first], orders, values)
                take_last(column, times[last], place + last, row_values[last], orders, values)


@kernel
def _n_leaves(n_bins: int) -> int:
    """Return how many of a pyramid's bins are the smallest: 64 of 85."""
    return ((FAN_OUT - 1) * n_bins + 1) // FAN_OUT


@kernel
def _divide(
    bin_spans: NDArray[np.int64],
    segment: int,
    first_place: int,
    column_log2: int,
    first_column: int,
    end_column: int,
    runs: NDArray[np.int64],
    n_runs: int,
    bins: NDArray[np.int32],
    n_listed: int,
) -> tuple[int, int]:
    """List the largest bins of a segment that lie inside one column, and the rows of the smallest that do not."""
    n_bins = bin_spans.shape[1]
    n_leaves = _n_leaves(n_bins)
    leaf = 0
    while leaf < n_leaves:
        width, level = n_leaves // FAN_OUT, n_bins - 1 - FAN_OUT  # leaves below a bin; the first bin of its size
        while True:
            if leaf % width == 0:
                position = level + leaf // width
                begin = bin_spans[segment, position, 0] >> column_log2
                end = bin_spans[segment, position, 1] >> column_log2
                if end < first_column or begin >= end_column:
                    break
                if begin == end:
                    bins[n_listed, 0] = begin - first_column
                    bins[n_listed, 1] = segment
                    bins[n_listed, 2] = position
                    n_listed += 1
                    break
                if width == 1:
                    n_runs = _add_run(first_place + leaf * BIN_ROWS, leaf > 0, runs, n_runs)
                    break
            width //= FAN_OUT
            level -= n_leaves // width
        leaf += width
    return n_runs, n_listed


@kernel
def _add_run(place: int, may_go_on: bool, runs: NDArray[np.int64], n_runs: int) -> int:
    """List the rows of a bin, as more of the run before where they follow on it in the same segment."""
    if may_go_on and n_runs > 0 and runs[n_runs - 1, 0] + runs[n_runs - 1, 1] == place:
        runs[n_runs - 1, 1] += BIN_ROWS
        return n_runs
    runs[n_runs, 0] = place
    runs[n_runs, 1] = BIN_ROWS
    return n_runs + 1
