"""Kernels behind the first aggregates: the newest row of each key, and counts and last values a bin of time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipelines.kernels.compile import kernel

__all__ = ["latest_rows", "ring_bins"]

_NEVER = np.iinfo(np.int64).min


@kernel("const int32[:], const int64[:], int64[:], int64[:]")
def latest_rows(
    keys: NDArray[np.int32], times: NDArray[np.int64], newest: NDArray[np.int64], rows: NDArray[np.int64]
) -> None:
    """Find each key's newest row of a batch, where it is not older than what is known. Of equal times the last wins.

    Parameters
    ----------
    keys : int32[n]
        Codes of the rows.
    times : int64[n]
        Event times, nanoseconds.
    newest : int64[n_keys]
        Newest time known of each key. Updated.
    rows : int64[n_keys]
        Filled with the row's index at the keys that have a newer row; others are left alone.
    """
    for row in range(len(keys)):
        key = keys[row]
        if times[row] >= newest[key]:
            newest[key] = times[row]
            rows[key] = row


@kernel(
    "const int32[:], const int64[:], const float64[:], int64, int64[:, :], uint32[:, :], float64[:, :], int64[:, :]",
)
def ring_bins(
    keys: NDArray[np.int32],
    times: NDArray[np.int64],
    values: NDArray[np.float64],
    bin_ns: int,
    bins: NDArray[np.int64],
    counts: NDArray[np.uint32],
    last: NDArray[np.float64],
    last_times: NDArray[np.int64],
) -> None:
    """Count rows and keep the last value by key and bin of event time, in a ring of bins.

    Parameters
    ----------
    keys : int32[n]
        Codes of the rows.
    times : int64[n]
        Event times, nanoseconds.
    values : float64[n]
        What the last value is kept of; NaN is counted but never kept.
    bin_ns : int
        Length of a bin.
    bins : int64[n_keys, n_bins]
        Which bin (time // bin_ns) a place of the ring holds. A newer bin takes over the place; rows of an older one are
        left out.
    counts : uint32[n_keys, n_bins]
        Rows in the bin.
    last : float64[n_keys, n_bins]
        Value of the newest row in the bin; of equal times the last wins.
    last_times : int64[n_keys, n_bins]
        Its event time.
    """
    n_bins = bins.shape[1]
    for row in range(len(keys)):
        key = keys[row]
        time_bin = times[row] // bin_ns
        place = time_bin % n_bins
        if time_bin < bins[key, place]:
            continue
        if time_bin > bins[key, place]:
            bins[key, place] = time_bin
            counts[key, place] = 0
            last[key, place] = np.nan
            last_times[key, place] = _NEVER
        counts[key, place] += 1
        if times[row] >= last_times[key, place] and values[row] == values[row]:
            last[key, place] = values[row]
            last_times[key, place] = times[row]
