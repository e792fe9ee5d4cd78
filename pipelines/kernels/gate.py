"""Judging event times, row by row."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.kernels.compile import kernel

__all__ = [
    "AHEAD",
    "ANCIENT",
    "JUMP",
    "LATE",
    "NEWEST",
    "N_STATE",
    "PASS",
    "SEEN_AT",
    "WITNESS",
    "confirmed_ns",
    "judge_times",
]

PASS: Final = 0
LATE: Final = 1
AHEAD: Final = 2
JUMP: Final = 3
ANCIENT: Final = 4

_1980_NS: Final = 315_532_800_000_000_000

NEWEST: Final = 0
"""Where the state holds the newest event time that was believed."""

WITNESS: Final = 1
"""Where it holds the newest but one."""

SEEN_AT: Final = 2
"""Where it holds the clock when the newest was believed."""

_SUSPECT: Final = 3
_SUSPECT_AT: Final = 4
N_STATE: Final = 5

_NO_TIME: Final = np.iinfo(np.int64).min


@kernel("int64, int64, int64, int64")
def confirmed_ns(newest_ns: int, witness_ns: int, now_ns: int, slack_ns: int) -> int:
    """Return up to where the stream has come, as far as no single row says so; the least int64 before the first row.

    That is the newest event time, where another row is at most `slack_ns` older; else the time of that other row. The
    very first row is believed as far as it is not ahead of the clock.
    """
    if newest_ns == _NO_TIME:
        return _NO_TIME
    if witness_ns == _NO_TIME:
        return min(newest_ns, now_ns)
    return newest_ns if newest_ns - witness_ns <= slack_ns else witness_ns


@kernel("const int64[:], int64, int64, int64, int64, int64[:], uint8[:]")
def judge_times(
    times: NDArray[np.int64],
    now_ns: int,
    window_ns: int,
    max_ahead_ns: int,
    slack_ns: int,
    state: NDArray[np.int64],
    outcomes: NDArray[np.uint8],
) -> None:
    """Write `PASS`, `LATE`, `AHEAD`, `JUMP` or `ANCIENT` (before 1980) for each event time.

    Parameters
    ----------
    times : int64[n]
        Event times in the order of arrival, nanoseconds UTC.
    now_ns, window_ns, max_ahead_ns, slack_ns : int
        The clock, the length of the window, how far ahead of the clock a row may be, and how far ahead of all others a
        single row is believed.
    state : int64[N_STATE]
        The least int64 where there is nothing yet. Updated in place.
    outcomes : uint8[n]
        Filled.
    """
    newest, witness, seen_at = state[NEWEST], state[WITNESS], state[SEEN_AT]
    suspect, suspect_at = state[_SUSPECT], state[_SUSPECT_AT]
    suspect_row = -1  # where in this batch the suspect stands, so that its witness can save it
    for row in range(len(times)):
        time = times[row]
        if time > now_ns + max_ahead_ns or time < _1980_NS:
            outcomes[row] = AHEAD if time > now_ns else ANCIENT
            continue
        edge = confirmed_ns(newest, witness, now_ns, slack_ns)
        outcomes[row] = PASS
        if edge != _NO_TIME and time > max(newest, edge + max(now_ns - seen_at, 0) + window_ns):
            if suspect == _NO_TIME or abs(time - suspect) > window_ns or now_ns - suspect_at > window_ns:
                outcomes[row] = JUMP
                suspect, suspect_at, suspect_row = time, now_ns, row
                continue
            if suspect_row >= 0:
                outcomes[suspect_row] = PASS
                suspect_row = -1
            newest, witness, seen_at = max(time, suspect), min(time, suspect), now_ns
            suspect = _NO_TIME
        elif edge != _NO_TIME and time < edge - window_ns:
            outcomes[row] = LATE
        elif time >= newest:
            newest, witness, seen_at = time, newest, now_ns
        elif time > witness:
            witness = time
    state[NEWEST], state[WITNESS], state[SEEN_AT] = newest, witness, seen_at
    state[_SUSPECT], state[_SUSPECT_AT] = suspect, suspect_at
