"""How much of the loop one client may take."""

from __future__ import annotations

from typing import Final

from pipelines.core.clock import NS_PER_SECOND

__all__ = ["Pace"]

_MOST_NS: Final = NS_PER_SECOND // 4
"""What a client may take at once: more than a page with many panes does when it is opened."""

_SLICE_NS: Final = NS_PER_SECOND // 100
"""After so much of it others have their turn."""

_SHARE: Final = 0.2
"""How much of the time it may take in the long run."""


class Pace:
    """Tells when not to hear a client for a while: a leaky bucket of the time that its messages took.

    Notes
    -----
    *Threads.* One: the loop that sends.
    """

    def __init__(self) -> None:
        self._taken_ns = 0.0
        self._slice_ns = self._ended_ns = 0

    def rest_s(self, began_ns: int, ended_ns: int) -> float | None:
        """Take notice of when a message was dealt with (monotonic clock).

        Returns how many seconds to wait before the next one, 0 where others only have their turn; None for not at all.
        """
        leaked_ns = (began_ns - self._ended_ns) * _SHARE
        self._taken_ns = max(self._taken_ns - leaked_ns, 0.0) + ended_ns - began_ns
        self._slice_ns += ended_ns - began_ns
        self._ended_ns = ended_ns
        if self._slice_ns < _SLICE_NS:
            return None
        self._slice_ns = 0
        return max(self._taken_ns - _MOST_NS, 0.0) / _SHARE / NS_PER_SECOND
