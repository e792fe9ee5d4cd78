"""How often a session draws: as often as it may, and less where the process has no time for it."""

from __future__ import annotations

from typing import Final

__all__ = ["Pace"]

_SLOWEST: Final = 10
_RECOVERY: Final = 0.9
_TOLERANCE: Final = 4


class Pace:
    """Decides at each beat of a session's loop whether a frame may be drawn.

    A beat that comes late by a quarter of its period says that the loop has more to do than it can. Then the time
    between frames doubles, up to ten periods; it shrinks again bit by bit. After a frame the loop is left alone for as
    long as the frame took, so clicks and other sessions get half of the time whatever a frame costs.

    Parameters
    ----------
    period_ns : int
        Time between beats, and least time between frames.

    Attributes
    ----------
    interval_ns : int
        Time between frames at the moment.
    """

    def __init__(self, period_ns: int) -> None:
        self._period_ns = period_ns
        self.interval_ns = period_ns
        self._beat_ns: int | None = None
        self._next_ns = 0

    def beat(self, now_ns: int) -> bool:
        """Note a beat. Returns whether a frame may be drawn now."""
        late_ns = 0 if self._beat_ns is None else now_ns - self._beat_ns - self._period_ns
        self._beat_ns = now_ns
        if late_ns > self._period_ns // _TOLERANCE:
            self.interval_ns = min(2 * self.interval_ns, _SLOWEST * self._period_ns)
        else:
            self.interval_ns = max(int(self.interval_ns * _RECOVERY), self._period_ns)
        return now_ns >= self._next_ns

    def drew(self, began_ns: int, ended_ns: int) -> None:
        """Note a frame. The next beat counts from its end: its own cost does not make that late."""
        self._beat_ns = ended_ns
        self._next_ns = max(began_ns + self.interval_ns, 2 * ended_ns - began_ns)
