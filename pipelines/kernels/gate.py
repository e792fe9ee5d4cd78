"""Judging event times, row by row."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.kernels.compile import kernel

__all__ = ["AHEAD", "JUMP", "LATE", "PASS", "judge_times"]

PASS: Final = 0
LATE: Final = 1
AHEAD: Final = 2
JUMP: Final = 3

_NO_TIME = np.iinfo(np.int64).min


@kernel
def judge_times(
    times: NDArray[np.int64],
    now_ns: int,
    window_ns: int,
    max_ahead_ns: int,
    state: NDArray[np.int64],
    outcomes: NDArray[np.uint8],
) -> None:
    """Write `PASS`, `LATE`, `AHEAD` or `JUMP` for each event time.

    Parameters
    ----------
    times : int64[n]
        Event times in the order of arrival, nanoseconds UTC.
    now_ns, window_ns, max_ahead_ns : int
        The clock, the length of the window, and how far ahead of the clock a row may be.
    state : int64[3]
        Newest event time believed, the clock when it was believed, and the last time that lacks a witness; the least
        int64 where there is none. Updated in place.
    outcomes : uint8[n]
        Filled.
    """
    newest, newest_at, suspect = state[0], state[1], state[2]
    suspect_row = -1  # where in this batch the suspect stands, so that its witness can save it
    for row in range(len(times)):
        time = times[row]
        if time > now_ns + max_ahead_ns:
            outcomes[row] = AHEAD
            continue
        expected = newest if newest == _NO_TIME else newest + max(now_ns - newest_at, 0)
        if newest != _NO_TIME and time > expected + window_ns:
            if suspect == _NO_TIME or abs(time - suspect) > window_ns:
                outcomes[row] = JUMP
                suspect = time
                suspect_row = row
                continue
            if suspect_row >= 0:
                outcomes[suspect_row] = PASS
            time = max(time, suspect)
            suspect = _NO_TIME
            suspect_row = -1
        elif newest != _NO_TIME and time < newest - window_ns:
            outcomes[row] = LATE
            continue
        outcomes[row] = PASS
        if time > newest:
            newest = time
            newest_at = now_ns
    state[0], state[1], state[2] = newest, newest_at, suspect
