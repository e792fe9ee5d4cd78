"""Scales that don't jump: the range of values and of counts that a picture shows while it follows."""

from __future__ import annotations

from typing import Final

__all__ = ["CountScale", "ValueScale"]

_MARGIN: Final = 0.15
_TOO_LARGE: Final = 3.0
_LEAST_HIGH: Final = 16
_DECAY_NS: Final = 2_000_000_000


class ValueScale:
    """The range of values on the price axis.

    It grows as soon as a value is outside, with a margin, and shrinks only where it is three times as large as what is
    shown: so it stays as it is in most frames, and rows keep their pixels.

    Attributes
    ----------
    range : tuple of float
        Lower and upper edge.
    """

    def __init__(self) -> None:
        self.range = (0.0, 1.0)
        self._fitted = False

    def fit(self, low: float, high: float) -> tuple[float, float]:
        """Return the range for values from `low` to `high`, as little changed as can be."""
        height = max(high - low, _least_height(low, high))
        margin = _MARGIN * height
        bottom = self.range[0] if self.range[0] <= low else low - margin
        top = self.range[1] if self.range[1] >= high else high + margin
        if not self._fitted or top - bottom > _TOO_LARGE * height:
            slack = (height - (high - low)) / 2 + margin
            bottom, top = low - slack, high + slack
        self.range, self._fitted = (bottom, top), True
        return self.range


class CountScale:
    """The count that has the last colour: a power of two, so that colours move rarely and by a whole octave.

    It grows as soon as a count is larger, and shrinks by one octave every two seconds where a quarter would do.

    Attributes
    ----------
    high : int
        The count that has the last colour.
    """

    def __init__(self) -> None:
        self.high = _LEAST_HIGH
        self._changed_ns = 0

    def fit(self, largest: int, now_ns: int) -> int:
        """Return the scale's end for counts up to `largest`, at the monotonic time `now_ns`."""
        wanted = max(1 << max(largest - 1, 0).bit_length(), _LEAST_HIGH)
        if wanted > self.high:
            self.high, self._changed_ns = wanted, now_ns
        elif wanted * 4 > self.high:
            self._changed_ns = now_ns
        elif now_ns - self._changed_ns >= _DECAY_NS:
            self.high, self._changed_ns = self.high // 2, now_ns
        return self.high


def _least_height(low: float, high: float) -> float:
    """Return the least height of a range: values that hardly differ are not blown up to noise."""
    return max(abs(low), abs(high)) * 1e-6 or 1.0
