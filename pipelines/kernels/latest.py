"""Kernels behind the first aggregates: the newest row of each key, and counts and last values a bin of time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipelines.kernels.compile import kernel

__all__ = ["latest_rows", "ring_bins"]

_NEVER = np.iinfo(np.int64).min


@kernel("int64, const int32[:], const int64[:], int64[:], int64[:], int64[:], int64[:]")
def latest_rows(
    first: int,
    keys: NDArray[np.int32],
    times: NDArray[np.int64],
    newest: NDArray[np.int64],
    n_rows: NDArray[np.int64],
    rows: NDArray[np.int64],
    codes: NDArray[np.int64],
) -> tuple[int, int]:
    """Count the rows of each key, and find its newest one unless it is older than what is known.

    Of equal times the last wins.

    Parameters
    ----------
    first : int
        The row to begin with.
    keys : int32[n]
        Codes of the rows.
    times : int64[n]
        Event times, nanoseconds.
    newest : int64[n_keys]
        Newest time known of each key. Updated.
    n_rows : int64[n_keys]
        Rows known of each key. Updated.
    rows : int64[n_keys]
        -1. Filled with the row's number at the keys that have a newer row.
    codes : int64[n_keys]
        Filled from the front with these keys.

    Returns
    -------
    (int, int)
        The first row whose key is beyond `n_keys`, n where there is none; and how many keys have a newer row.
    """
    n_found = 0
    keys, times = keys[first:], times[first:]
    for row in range(len(keys)):
        key = np.uint64(keys[row])  # unsigned, since a signed one might count from the end
        if key >= np.uint64(len(newest)):
            return first + row, n_found
        n_rows[key] += 1
        if times[row] >= newest[key]:
            newest[key] = times[row]
            if rows[key] < 0:
                codes[n_found] = np.int64(key)
                n_found += 1
            rows[key] = first + row
    return first + len(keys), n_found


@kernel(
    "int64, const int32[:], const int64[:], const float64[:], int64, int64, int64[:, :], uint32[:, :], float64[:, :], "
    "int64[:, :]",
)
def ring_bins(
    first: int,
    keys: NDArray[np.int32],
    times: NDArray[np.int64],
    values: NDArray[np.float64],
    bin_ns: int,
    n_keys: int,
    bins: NDArray[np.int64],
    counts: NDArray[np.uint32],
    last: NDArray[np.float64],
    last_times: NDArray[np.int64],
) -> int:
    """Count rows and keep the last value by key and bin of event time, in a ring of bins.

    The keys of a bin stand together: what comes at one time is in one bin, so few cache lines are busy.

    Parameters
    ----------
    first, keys, times, values : int, int32[n], int64[n], float64[n]
        The row to begin with; codes, event times (ns) and values of all. NaN is counted but never kept.
    bin_ns, n_keys : int
        Length of a bin, and how many keys there is room for.
    bins : int64[n_bins, n_keys]
        Which bin (time // bin_ns) a place of the ring holds. A newer bin takes over the place; rows of an older one are
        left out.
    counts : uint32[n_bins, n_keys]
        Rows in the bin.
    last, last_times : float64[n_bins, n_keys], int64[n_bins, n_keys]
        Value and event time of the newest row in the bin; of equal times the last wins.

    Returns
    -------
    int
        The first row whose key is beyond `n_keys`; n where there is none.
    """
    time_bin = start_ns = end_ns = 0  # of the row before: dividing is dear
    place = np.uint64(0)
    keys, times, values = keys[first:], times[first:], values[first:]
    for row in range(len(keys)):
        time_ns, value = times[row], values[row]
        if time_ns < start_ns or time_ns >= end_ns:
            time_bin = time_ns // bin_ns
            start_ns, end_ns = time_bin * bin_ns, time_bin * bin_ns + bin_ns
            place = np.uint64(time_bin % len(bins))
        key = np.uint64(keys[row])  # unsigned, since a signed one might count from the end
        if key >= np.uint64(n_keys):
            return first + row
        if time_bin != bins[place, key]:
            if time_bin < bins[place, key]:
                continue
            bins[place, key] = time_bin
            counts[place, key] = 0
            last[place, key] = np.nan
            last_times[place, key] = _NEVER
        counts[place, key] += 1
        if time_ns >= last_times[place, key] and value == value:
            last[place, key] = value
            last_times[place, key] = time_ns
    return first + len(keys)
