"""Which rows a live canvas has: the tick of prices, the height of a row, and a range with room to move in."""

from __future__ import annotations

from math import floor, frexp, ldexp
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["MAX_VALUE", "MIN_STEP", "choose_step", "fit_rows", "tick_of"]

MAX_VALUE: Final = ldexp(1.0, 900)
"""Values further from 0 (8e270) have no place on a canvas."""

MIN_STEP: Final = ldexp(1.0, -120)
"""Rows of level 0 are at least this high (8e-37), so that `MAX_VALUE` has a row: counted in them it is no infinity."""

_MAX_DECIMALS: Final = 9
_MAX_TICKS: Final = ldexp(1.0, 43)
_MAX_ROW: Final = 1 << 46


def tick_of(values: NDArray[np.float64]) -> float | None:
    """Return the decimal tick that finite `values` (float64[n]) are multiples of; None where there is none.

    It is the largest of 1, 2, 2.5 and 5 times a power of ten, with at most nine decimals. Values may be a few units in
    their last place off the grid, as prices are that were computed. A single value tells only its decimals.
    """
    values = np.unique(values)
    if len(values) == 0:
        return None
    for decimals in range(_MAX_DECIMALS + 1):
        scaled = values * 10.0**decimals
        magnitude = float(np.abs(scaled).max())
        if magnitude >= _MAX_TICKS:
            return None
        ticks = np.rint(scaled)
        if float(np.abs(scaled - ticks).max()) <= magnitude * 2.0**-50:
            return float(_largest_decimal(ticks.astype(np.int64)) / 10**decimals)
    return None


def _largest_decimal(ticks: NDArray[np.int64]) -> int:
    """Return the largest of 1, 2, 5 and 25 times a power of ten that divides all ticks; 1 for a single one."""
    if len(ticks) == 1:
        return 1
    divisor = int(np.gcd.reduce(ticks))
    largest, power = 1, 1
    while divisor % power == 0:
        largest = max([largest, *(power * digit for digit in (1, 2, 5, 25) if divisor % (power * digit) == 0)])
        power *= 10
    return largest


def choose_step(low: float, high: float, tick: float | None, n_rows: int) -> float:
    """Return how high a row of level 0 should be, in the unit of the value.

    With a tick it is the tick where the range holds at least a quarter as many ticks as there are rows. Otherwise it is
    an odd part of it, so that each tick has a row of its own and lies in its middle. Without a tick it is a power of
    two. In the last two cases the range takes at most half of the rows, if they are that many.

    Parameters
    ----------
    low, high : float
        Range of the values.
    tick : float or None
        As `tick_of` returns it.
    n_rows : int
        Rows of the canvas.
    """
    if tick is None:
        finest = max(abs(low), abs(high)) * 2.0**-44
        height = max((high - low) / max(n_rows // 2, 1), finest, MIN_STEP)
        mantissa, exponent = frexp(height)
        return ldexp(1.0, exponent - 1 if mantissa == 0.5 else exponent)
    n_ticks = (high - low) / tick
    if n_ticks >= n_rows / 4:
        return tick
    parts = max(int(n_rows / 2 / (round(n_ticks) + 1)), 1)
    return tick / (parts - 1 + parts % 2)


def fit_rows(low: float, high: float, *, step: float, level: int, n_rows: int) -> tuple[int, int]:
    """Fit a range of values with room to move in, so that it seldom has to be done again.

    The level is raised until the range takes at most three quarters of the rows, and its rows, counted from 0, are
    numbers that floats still tell apart. The range comes to lie in the middle.

    Parameters
    ----------
    low, high : float
        Range of the values, not beyond `MAX_VALUE`.
    step : float
        Height of a row of level 0.
    level : int
        The least level.
    n_rows : int
        Rows of the canvas; at least 2, for no row of any level has both sides of 0.

    Returns
    -------
    level, first_row : int
        As in `Canvas`.
    """
    lowest, highest = _row_below(low / step), _row_above(high / step)
    room = n_rows - 2 * (n_rows // 8)
    while True:
        first, last = lowest >> level, highest >> level
        n_needed = last - first + 1
        if n_needed <= room and first >= -_MAX_ROW and last <= _MAX_ROW:
            return level, first - (n_rows - n_needed) // 2
        level += 1


# A value on the edge of a row needs the rows on both sides: rounding decides which it falls into.
def _row_below(steps: float) -> int:
    return floor(steps + 0.5 - abs(steps) * 2.0**-40)


def _row_above(steps: float) -> int:
    return floor(steps + 0.5 + abs(steps) * 2.0**-40)
