"""Which event times can be believed: one bad stamp must not scroll the window away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.core.clock import NS_PER_SECOND
from pipelines.kernels.gate import (
    AHEAD,
    ANCIENT,
    JUMP,
    LATE,
    N_STATE,
    NEWEST,
    PASS,
    WITNESS,
    confirmed_ns,
    judge_times,
)

__all__ = ["TimeGate", "Verdict"]

_NO_TIME: Final = np.iinfo(np.int64).min
_LONGEST_SLACK_NS: Final = 10 * NS_PER_SECOND


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a batch's rows.

    Parameters
    ----------
    passes : bool[n]
        Rows that are to be stored.
    n_late : int
        Rows older than the window.
    rejected : tuple of (str, int)
        Reasons, and how many rows each concerns.
    """

    passes: NDArray[np.bool_]
    n_late: int
    rejected: tuple[tuple[str, int], ...]

    @property
    def all_pass(self) -> bool:
        """Whether no row was taken out."""
        return not self.n_late and not self.rejected


class TimeGate:
    """Judges event times, row by row in the order of arrival.

    A row further ahead of the clock than `max_ahead_ns` is rejected, and one before 1980, which mostly is a time in
    another unit. A row more than a window ahead of where the stream
    should be by now needs a second witness: another row within a window of it, in the same batch or later. Until then
    it is rejected; a witness in the same batch saves both. A row older than a window, counted back from the confirmed
    edge, is late.

    The confirmed edge is the newest event time that does not rest on a single row: one row that is minutes ahead of all
    others is stored, but neither moves the window nor the live edge.

    Parameters
    ----------
    window_ns : int
        The table's window.
    max_ahead_ns : int
        How far ahead of the clock a row may be.

    Attributes
    ----------
    edge_ns : int or None
        The confirmed edge, nanoseconds UTC; None before the first row.

    Notes
    -----
    *Threads.* The writer judges; any thread reads `edge_ns`.
    """

    def __init__(self, *, window_ns: int, max_ahead_ns: int) -> None:
        self.window_ns = window_ns
        self.max_ahead_ns = max_ahead_ns
        self._slack_ns = min(window_ns // 16, _LONGEST_SLACK_NS)
        self._state = np.full(N_STATE, _NO_TIME, dtype=np.int64)
        self.edge_ns: int | None = None

    def judge(self, times: NDArray[np.int64], *, now_ns: int) -> Verdict:
        """Judge event times (int64[n] nanoseconds UTC) that arrived by `now_ns`."""
        outcomes = np.empty(len(times), dtype=np.uint8)
        state = self._state
        judge_times(times, now_ns, self.window_ns, self.max_ahead_ns, self._slack_ns, state, outcomes)
        edge_ns = confirmed_ns(state[NEWEST], state[WITNESS], now_ns, self._slack_ns)
        self.edge_ns = None if edge_ns == _NO_TIME else int(edge_ns)
        counts = np.bincount(outcomes, minlength=5)
        reasons = (
            (f"event time is over {_seconds(self.max_ahead_ns)} ahead of the clock", int(counts[AHEAD])),
            ("event time is before 1980: is another time_unit= meant?", int(counts[ANCIENT])),
            (f"event time jumps over {_seconds(self.window_ns)} ahead with no second witness", int(counts[JUMP])),
        )
        return Verdict(outcomes == PASS, int(counts[LATE]), tuple(reason for reason in reasons if reason[1]))


def _seconds(duration_ns: int) -> str:
    return f"{duration_ns / NS_PER_SECOND:g} s"
