"""The range of values that a picture shows while it follows: it does not jump."""

from __future__ import annotations

from typing import Final

__all__ = ["ValueScale"]

_MARGIN: Final = 0.15
_TOO_LARGE: Final = 3.0


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


def _least_height(low: float, high: float) -> float:
    """Return the least height of a range: values that hardly differ are not blown up to noise."""
    return max(abs(low), abs(high)) * 1e-6 or 1.0
