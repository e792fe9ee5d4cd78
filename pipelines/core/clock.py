"""Time as int64 nanoseconds UTC, from a clock that is handed in."""

from __future__ import annotations

import time
from typing import Final, Protocol

from pipelines.core.errors import SpecError

__all__ = ["NS_PER_MS", "NS_PER_SECOND", "Clock", "ManualClock", "SystemClock", "duration", "parse_duration_ns"]

NS_PER_MS: Final = 1_000_000
NS_PER_SECOND: Final = 1_000_000_000

_UNITS_NS: Final = {
    "ns": 1,
    "us": 1_000,
    "ms": 1_000_000,
    "s": NS_PER_SECOND,
    "m": 60 * NS_PER_SECOND,
    "h": 3_600 * NS_PER_SECOND,
    "d": 86_400 * NS_PER_SECOND,
}

_LONGEST_NS: Final = 36_500 * _UNITS_NS["d"]


class Clock(Protocol):
    """Where the time comes from. Safe to read from any thread."""

    def now_ns(self) -> int:
        """Return nanoseconds since 1970-01-01 UTC."""
        ...

    def monotonic_ns(self) -> int:
        """Return nanoseconds since some moment; never goes back."""
        ...


class SystemClock:
    """The machine's clock."""

    def now_ns(self) -> int:
        """Return nanoseconds since 1970-01-01 UTC."""
        return time.time_ns()

    def monotonic_ns(self) -> int:
        """Return nanoseconds since some moment; never goes back."""
        return time.monotonic_ns()


class ManualClock:
    """A clock that moves when it is told to: for tests and for replays.

    Parameters
    ----------
    now_ns : int
        The time that it starts at, nanoseconds since 1970-01-01 UTC.
    """

    def __init__(self, now_ns: int = 0) -> None:
        self._now_ns = now_ns

    def now_ns(self) -> int:
        """Return nanoseconds since 1970-01-01 UTC."""
        return self._now_ns

    def monotonic_ns(self) -> int:
        """Return the same time as `now_ns`."""
        return self._now_ns

    def advance(self, *, seconds: float = 0.0, ns: int = 0) -> None:
        """Move the clock forward by `seconds` and `ns`."""
        self._now_ns += round(seconds * NS_PER_SECOND) + ns


def parse_duration_ns(text: str) -> int:
    """Read a duration such as ``30m``, ``1.5h``, ``500ms`` or ``90`` (seconds) as nanoseconds.

    Raises
    ------
    SpecError
        Where `text` is no positive duration.
    """
    digits = text.strip().rstrip("abcdefghijklmnopqrstuvwxyz")
    unit = text.strip()[len(digits) :] or "s"
    try:
        duration_ns = round(float(digits) * _UNITS_NS[unit])
    except (ValueError, KeyError, OverflowError):
        duration_ns = 0
    if duration_ns <= 0:
        raise SpecError(f"{text!r} is no duration: write a number and a unit, such as 30m, 12h, 90s or 500ms")
    if duration_ns > _LONGEST_NS:
        raise SpecError(f"{text!r} is too long: at most 36500d, lest sums of times overflow")
    return duration_ns


def duration(duration_ns: int) -> str:
    """Return a duration in its largest unit: ``8 ms``, ``5 s``, ``3 min``, ``2 h``, ``4 d``."""
    milliseconds = duration_ns // 1_000_000
    if milliseconds < 1_000:
        return f"{milliseconds} ms"
    seconds = milliseconds // 1_000
    for limit, unit_s, unit in ((120, 1, "s"), (7_200, 60, "min"), (172_800, 3_600, "h")):
        if seconds < limit:
            return f"{seconds // unit_s:,} {unit}"
    return f"{seconds // 86_400:,} d"
