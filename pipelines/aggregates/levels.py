"""The values that codes of 8 bits stand for."""

from __future__ import annotations

from dataclasses import dataclass
from math import frexp, isfinite
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pipelines.kernels.codes import N_CODES

__all__ = ["Levels", "count_levels", "step_levels", "sum_levels", "unit_log2_for"]

_EXPONENT_BITS: Final = 4
_MAX_UNIT_LOG2: Final = 1_000
"""So that neither a unit times the largest small float nor its reciprocal overflows."""


@dataclass(frozen=True, slots=True, eq=False)
class Levels:
    """What codes stand for. A level is one code, or all that differ in tone only; level 0 is nothing.

    Parameters
    ----------
    of_code : uint8[256]
        The level of each code.
    lowest, highest : float64[n_levels]
        Least and greatest value of each level, ascending. Those clamped to the first or last are not counted; where
        values are no whole numbers, the greatest belongs to the next level. NaN at level 0.
    n_values : float64[n_levels]
        How many values each has: infinitely many where they are no whole numbers.
    """

    of_code: NDArray[np.uint8]
    lowest: NDArray[np.float64]
    highest: NDArray[np.float64]
    n_values: NDArray[np.float64]


def count_levels(mantissa_bits: int, of_code: NDArray[Any]) -> Levels:
    """Return levels that are small floats, of whole numbers.

    Parameters
    ----------
    mantissa_bits : int
        As in `pipelines.kernels.codes`.
    of_code : integer[256] or bool[256]
        The level of each code.
    """
    edges = _small_floats(mantissa_bits, of_code)
    return _levels(of_code, edges[:-1], edges[1:] - 1.0, np.diff(edges))


def sum_levels(mantissa_bits: int, of_code: NDArray[Any], unit_log2: int) -> Levels:
    """Return levels that are small floats of a unit, the first of which begins at 0."""
    edges = np.ldexp(_small_floats(mantissa_bits, of_code), unit_log2)
    edges[1] = 0.0
    return _levels(of_code, edges[:-1], edges[1:], np.full(len(edges) - 1, np.inf))


def step_levels(low: float, step: float) -> Levels:
    """Return levels, one a code, in equal steps from `low`."""
    edges = low + step * np.maximum(np.arange(-1.0, N_CODES), 0.0)
    return _levels(np.arange(N_CODES), edges[:-1], edges[1:], np.full(N_CODES, np.inf))


def unit_log2_for(largest: float, mantissa_bits: int) -> int:
    """Return the least unit in which small floats go up to `largest`, as its binary logarithm; 0 where that is none."""
    if not isfinite(largest) or largest <= 0.0:
        return 0
    n_octaves = (1 << _EXPONENT_BITS) - 1 + mantissa_bits
    return min(max(frexp(largest)[1] - n_octaves, -_MAX_UNIT_LOG2), _MAX_UNIT_LOG2)


def _small_floats(mantissa_bits: int, of_code: NDArray[Any]) -> NDArray[np.float64]:
    """Return the numbers whose bits, as small floats, are 0 to one above the last level."""
    bits = np.arange(int(of_code[-1]) + 2)
    exponent = np.maximum((bits >> mantissa_bits) - 1, 0)
    numbers: NDArray[np.float64] = (bits - (exponent << mantissa_bits)) * 2.0**exponent
    return numbers


def _levels(
    of_code: NDArray[Any], lowest: NDArray[np.float64], highest: NDArray[np.float64], n_values: NDArray[np.float64]
) -> Levels:
    nothing = np.arange(len(lowest)) == 0
    lowest, highest = np.where(nothing, np.nan, lowest), np.where(nothing, np.nan, highest)
    return Levels(of_code.astype(np.uint8), lowest, highest, n_values)
