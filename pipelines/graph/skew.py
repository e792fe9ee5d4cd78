"""How far a source's clock is from ours."""

from __future__ import annotations

from collections import deque
from typing import Final

from pipelines.core.clock import NS_PER_SECOND

__all__ = ["SkewEstimate"]

_PERIOD_NS: Final = 5 * NS_PER_SECOND
_N_PERIODS: Final = 4


class SkewEstimate:
    """The largest difference between event time and time of receipt that was seen lately.

    The message that was delayed least tells most about the clocks, so the maximum over the last 20 s is taken (the
    minimum filter of RFC 5905, section 10). The skew may be years: a recording that is replayed through a broker is
    live, not late.

    Notes
    -----
    *Threads.* The writer observes; any thread reads `ns`.
    """

    def __init__(self) -> None:
        self.ns: int | None = None
        self._periods: deque[tuple[int, int]] = deque(maxlen=_N_PERIODS)

    def observe(self, *, newest_event_ns: int, now_ns: int) -> None:
        """Take notice of rows that have come: their newest event time, and the time now. Both nanoseconds UTC."""
        skew_ns = newest_event_ns - now_ns
        period = now_ns // _PERIOD_NS
        if self._periods and self._periods[-1][0] == period:
            self._periods[-1] = (period, max(self._periods[-1][1], skew_ns))
        else:
            self._periods.append((period, skew_ns))
        recent = [ns for seen, ns in self._periods if period - seen < _N_PERIODS]
        self.ns = max(recent)
