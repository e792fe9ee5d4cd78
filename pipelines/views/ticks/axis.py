"""The time axis of a picture: milliseconds since a midnight of the viewer's zone, exact to the nanosecond."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, overload
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from pipelines.core.clock import NS_PER_SECOND
from pipelines.core.errors import SpecError
from pipelines.live.wire.scripts import FORMATS_JS

__all__ = ["NS_PER_MS", "TICK_LABEL_JS", "VALUE_LABEL_JS", "TimeAxis", "date_label"]

NS_PER_MS: Final = 1_000_000

_MAX_DISTANCE_NS: Final = 3 * 24 * 3_600 * NS_PER_SECOND

TICK_LABEL_JS: Final = (
    FORMATS_JS
    + """
const instant = (ms) => BigInt(axis.origin) + BigInt(Math.round(ms * 1e6));
const step_ns = ticks.length > 1 ? (ticks[ticks.length - 1] - ticks[0]) / (ticks.length - 1) * 1e6 : 1;
const whole_minutes = ticks.length > 1 && ticks.every((value) => Math.round(value * 1e6) % 60e9 === 0);
const digits = Math.max(0, Math.min(9, 9 - Math.floor(Math.log10(step_ns) + 1e-6)));
const text = formatTime(instant(tick), axis.zone, whole_minutes ? -1 : digits);
if (index === 0) return text;
const day = formatDay(instant(tick), axis.zone);
return day === formatDay(instant(ticks[index - 1]), axis.zone) ? text : day + " " + text;
"""
)
"""Body of a Bokeh `CustomJSTickFormatter` that is given `axis`: a model with the strings `origin` and `zone`."""

VALUE_LABEL_JS: Final = f"{FORMATS_JS}\nreturn formatTick(tick, ticks);"
"""Body of such a formatter for an axis of values."""


@dataclass(frozen=True, slots=True)
class TimeAxis:
    """Where a picture's time axis begins to count.

    A float64 of milliseconds since midnight resolves 0.015 ns; epoch milliseconds would resolve 244 ns.

    Parameters
    ----------
    origin_ns : int
        The midnight that is 0 on the axis, nanoseconds UTC.
    zone : str
        Name of the viewer's time zone, such as ``"Europe/Berlin"``.
    """

    origin_ns: int
    zone: str

    @classmethod
    def around(cls, time_ns: int, zone: str) -> TimeAxis:
        """Make the axis of the day that `time_ns` falls on in `zone`; raises `SpecError` for an unknown zone."""
        day = datetime.fromtimestamp(time_ns // NS_PER_SECOND, _zone(zone))
        midnight = day.replace(hour=0, minute=0, second=0, microsecond=0)
        return cls(int(midnight.timestamp()) * NS_PER_SECOND, zone)

    @overload
    def to_axis(self, time_ns: int) -> float: ...
    @overload
    def to_axis(self, time_ns: NDArray[np.int64]) -> NDArray[np.float64]: ...
    def to_axis(self, time_ns: int | NDArray[np.int64]) -> float | NDArray[np.float64]:
        """Return where times stand on the axis, float64[n] milliseconds."""
        return (time_ns - self.origin_ns) / NS_PER_MS

    def to_ns(self, axis_ms: float) -> int:
        """Return the time at a place of the axis, rounded to the nanosecond."""
        return self.origin_ns + round(axis_ms * NS_PER_MS)

    def reaches(self, time_ns: int) -> bool:
        """Tell whether `time_ns` is so near the origin that the axis resolves it well."""
        return abs(time_ns - self.origin_ns) <= _MAX_DISTANCE_NS


def date_label(start_ns: int, end_ns: int, zone: str) -> str:
    """Return the days from `start_ns` to `end_ns` in words, such as ``8 Aug 2024`` or ``8 Aug to 9 Aug 2024``."""
    first, last = (datetime.fromtimestamp(ns // NS_PER_SECOND, _zone(zone)) for ns in (start_ns, end_ns - 1))
    label = f"{last.day} {last:%b %Y}"
    if last - first < timedelta() or first.date() == last.date():
        return label
    return f"{first.day} {first:%b}{'' if first.year == last.year else f' {first.year}'} to {label}"


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise SpecError(f"unknown time zone {name!r}: write a name such as UTC, Europe/Berlin or Asia/Tokyo") from None
