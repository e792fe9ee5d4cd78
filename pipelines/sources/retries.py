"""When to try a lost connection again, and when its loss is no accident."""

from __future__ import annotations

import random
from typing import Final

from pipelines.core.clock import NS_PER_SECOND

__all__ = ["LONGEST_RETRY_S", "STABLE_NS", "Retries"]

LONGEST_RETRY_S: Final = 10.0

STABLE_NS: Final = 30 * NS_PER_SECOND
"""A connection that lived this long was a good one."""

_FIRST_RETRY_S: Final = 0.1
_MOST_SHORT_CONNECTIONS: Final = 3


class Retries:
    """Exponential backoff from 0.1 s to 10 s, with jitter so that many collectors don't return to a broker at once.

    Notes
    -----
    *Threads.* One thread uses it.
    """

    def __init__(self) -> None:
        self._n_failed = 0
        self._n_short = 0

    @property
    def contested(self) -> bool:
        """Whether three connections in a row were lost before they were stable, with no failure to connect in between.

        So it goes where two clients take one session from each other.
        """
        return self._n_short >= _MOST_SHORT_CONNECTIONS

    def settle(self) -> None:
        """Take notice that the connection is stable."""
        self._n_failed = self._n_short = 0

    def fail(self, *, lived_ns: int | None) -> None:
        """Take notice that a connection was lost after `lived_ns`, or could not be made (None)."""
        if lived_ns is None:
            self._n_failed += 1
            self._n_short = 0
        else:
            self._n_failed = 1
            self._n_short = self._n_short + 1 if lived_ns < STABLE_NS else 0

    def delay_s(self) -> float:
        """Return how long to wait before the next try."""
        if self.contested:
            return LONGEST_RETRY_S
        longest_s = min(LONGEST_RETRY_S, _FIRST_RETRY_S * 2.0 ** min(self._n_failed, 10))
        return longest_s * random.uniform(0.5, 1.0)
