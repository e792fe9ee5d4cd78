"""When recorded messages are due again."""

from __future__ import annotations

from pipelines.core.clock import Clock

__all__ = ["Pace"]


class Pace:
    """Messages at their recorded distances in time, counted from the first: a stall is caught up with.

    Parameters
    ----------
    clock : Clock
        Whose monotonic time is kept.
    speed : float
        How many times faster than recorded; 0 is unpaced.
    """

    def __init__(self, clock: Clock, speed: float) -> None:
        self._clock = clock
        self._speed = speed
        self._began: tuple[int, int] | None = None  # the first due time, and when that was by our clock

    def left_ns(self, due_ns: int | None) -> int:
        """Return how long it is until a message is due, nanoseconds; not positive where it is due, or says no time."""
        if due_ns is None or not self._speed:
            return 0
        if self._began is None:
            self._began = (due_ns, self._clock.monotonic_ns())
        first_due_ns, began_ns = self._began
        return began_ns + round((due_ns - first_due_ns) / self._speed) - self._clock.monotonic_ns()
