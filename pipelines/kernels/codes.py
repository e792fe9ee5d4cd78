"""Cells of a picture as codes of 8 bits: 0 where there is nothing, larger codes for larger values.

Every kernel encodes some columns in place, keeps a histogram of the codes in step, and tells which columns have other
codes than before, so that what follows costs the columns that changed.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.kernels.compile import kernel

__all__ = [
    "LAST_TONE",
    "MANTISSA_BITS",
    "N_CODES",
    "TONE_BITS",
    "TOTAL_MANTISSA_BITS",
    "UNTOLD_TONE",
    "encode_any",
    "encode_counts",
    "encode_linear",
    "encode_sides",
    "encode_sums",
]

N_CODES: Final = 256

MANTISSA_BITS: Final = 4
"""Of the small floats that codes are: with 4 bits of exponent, 16 codes an octave, and all numbers up to 31 exact."""

TOTAL_MANTISSA_BITS: Final = 1
"""The same of the total beside a tone: with 4 bits of exponent, 2 levels an octave, and all numbers up to 3 exact."""

TONE_BITS: Final = 3
LAST_TONE: Final = 6
"""Tones tell which share was bought, in sixths: from 0, all sold, to 6, all bought."""
UNTOLD_TONE: Final = 7
"""The tone of cells that are mostly of no known side."""

_MAX_CODE: Final = N_CODES - 1
_MAX_LEVEL: Final = (N_CODES >> TONE_BITS) - 1
_MOST_UNITS: Final = float(1 << 19)
"""More would have the last code too."""
_MOST_OF_A_SIDE: Final = 1e300
"""So that totals stay finite."""
_FLOAT_BIAS: Final = 1023
_FLOAT_MANTISSA_BITS: Final = 52


@kernel("const uint32[:, :], const int64[:], uint8[:], uint8[:, :], int64[:], bool[:]")
def encode_counts(
    cells: NDArray[np.uint32],
    columns: NDArray[np.int64],
    fresh: NDArray[np.uint8],
    codes: NDArray[np.uint8],
    histogram: NDArray[np.int64],
    changed: NDArray[np.bool_],
) -> None:
    """Encode counts: a piecewise linear logarithm with 16 codes an octave that tells all numbers up to 31 apart.

    Parameters
    ----------
    cells : uint32[n_columns, n_rows]
        Counts. 0 is nothing; those from 507,904 on share a code.
    columns : int64[n]
        Which columns to encode.
    fresh : uint8[n_rows]
        Room for a column.
    codes : uint8[n_columns, n_rows]
        Codes of all cells. Updated.
    histogram : int64[256]
        Cells of each code. Updated.
    changed : bool[n_columns]
        Set where a column has other codes than before; others are left alone.
    """
    for column in columns:
        for row in range(cells.shape[1]):
            fresh[row] = min(_small_float(float(cells[column, row]), MANTISSA_BITS), _MAX_CODE)
        changed[column] |= _replace(fresh, codes[column], histogram)


@kernel("const float64[:, :], float64, const int64[:], uint8[:], uint8[:, :], int64[:], bool[:]")
def encode_sums(
    cells: NDArray[np.float64],
    units: float,
    columns: NDArray[np.int64],
    fresh: NDArray[np.uint8],
    codes: NDArray[np.uint8],
    histogram: NDArray[np.int64],
    changed: NDArray[np.bool_],
) -> None:
    """Encode sums of what is not negative as `encode_counts` does counts.

    NaN is nothing. What is less than a unit, negative numbers included, has code 1; infinity has 255.

    Parameters
    ----------
    cells : float64[n_columns, n_rows]
        Sums.
    units : float
        Units in 1: a power of two, so that nothing is rounded.
    columns, fresh, codes, histogram, changed
        As in `encode_counts`.
    """
    most = _MOST_UNITS / units
    for column in columns:
        for row in range(cells.shape[1]):
            value = cells[column, row]
            code = min(max(_small_float(min(value, most) * units, MANTISSA_BITS), 1), _MAX_CODE)
            fresh[row] = code if value == value else 0
        changed[column] |= _replace(fresh, codes[column], histogram)


@kernel("const float64[:, :], float64, float64, float64, const int64[:], uint8[:], uint8[:, :], int64[:], bool[:]")
def encode_linear(
    cells: NDArray[np.float64],
    low: float,
    high: float,
    steps: float,
    columns: NDArray[np.int64],
    fresh: NDArray[np.uint8],
    codes: NDArray[np.uint8],
    histogram: NDArray[np.int64],
    changed: NDArray[np.bool_],
) -> None:
    """Encode values in 255 equal steps.

    NaN is nothing. What is below the first step has its code, what is above the last has the last's.

    Parameters
    ----------
    cells : float64[n_columns, n_rows]
        Values.
    low, high : float
        Where code 1 begins, and code 255 ends.
    steps : float
        Steps in 1.
    columns, fresh, codes, histogram, changed
        As in `encode_counts`.
    """
    for column in columns:
        for row in range(cells.shape[1]):
            value = cells[column, row]
            place = (min(max(low, value), high) - low) * steps  # in this order NaN becomes a number in Python too
            fresh[row] = min(int(place), _MAX_CODE - 1) + 1 if value == value else 0
        changed[column] |= _replace(fresh, codes[column], histogram)


@kernel("const bool[:, :], const int64[:], uint8[:], uint8[:, :], int64[:], bool[:]")
def encode_any(
    cells: NDArray[np.bool_],
    columns: NDArray[np.int64],
    fresh: NDArray[np.uint8],
    codes: NDArray[np.uint8],
    histogram: NDArray[np.int64],
    changed: NDArray[np.bool_],
) -> None:
    """Encode whether there is anything: code 1, as a count of one.

    Parameters
    ----------
    cells : bool[n_columns, n_rows]
        Whether.
    columns, fresh, codes, histogram, changed
        As in `encode_counts`.
    """
    for column in columns:
        for row in range(cells.shape[1]):
            fresh[row] = cells[column, row]
        changed[column] |= _replace(fresh, codes[column], histogram)


@kernel(
    "const uint32[:, :, :], float64, const int64[:], uint8[:], uint8[:, :], int64[:], bool[:]",
    "const float64[:, :, :], float64, const int64[:], uint8[:], uint8[:, :], int64[:], bool[:]",
)
def encode_sides(
    cells: NDArray[np.uint32] | NDArray[np.float64],
    units: float,
    columns: NDArray[np.int64],
    fresh: NDArray[np.uint8],
    codes: NDArray[np.uint8],
    histogram: NDArray[np.int64],
    changed: NDArray[np.bool_],
) -> None:
    """Encode counts, or sums of what is not negative, by side: 3 bits of tone under 5 bits of the total's logarithm.

    NaN counts for nothing. A cell whose total is not positive is nothing.

    Parameters
    ----------
    cells : uint32[n_columns, n_rows, 3] or float64[n_columns, n_rows, 3]
        What was sold, of no known side, and bought.
    units : float
        Units in 1: a power of two. Totals from 49,152 units on share a level.
    columns, fresh, codes, histogram, changed
        As in `encode_counts`.
    """
    most = _MOST_UNITS / units
    for column in columns:
        for row in range(cells.shape[1]):
            sold = _number(cells[column, row, 0])
            untold = _number(cells[column, row, 1])
            bought = _number(cells[column, row, 2])
            known = sold + bought
            code = 0
            if known + untold > 0.0:
                level = _small_float(min(known + untold, most) * units, TOTAL_MANTISSA_BITS)
                tone = UNTOLD_TONE
                if untold <= known:
                    tone = 0
                    for odd in range(1, 2 * LAST_TONE, 2):  # the nearest sixth, without a division
                        tone += 2 * LAST_TONE * bought >= odd * known
                code = (min(max(level, 1), _MAX_LEVEL) << TONE_BITS) | tone
            fresh[row] = code
        changed[column] |= _replace(fresh, codes[column], histogram)


@kernel
def _small_float(value: float, mantissa_bits: int) -> int:
    """Return the bits of `value`, cut off, as a float without sign, of any exponent, that underflows gradually.

    Whole numbers below ``2 << mantissa_bits`` are their own bits.
    """
    if value < (2 << mantissa_bits):
        return int(max(value, 0.0))
    bits = np.float64(value).view(np.int64) >> (_FLOAT_MANTISSA_BITS - mantissa_bits)
    return int(bits) - ((_FLOAT_BIAS + mantissa_bits - 1) << mantissa_bits)


@kernel
def _number(value: float) -> float:
    return min(float(value), _MOST_OF_A_SIDE) if value == value else 0.0


@kernel
def _replace(fresh: NDArray[np.uint8], codes: NDArray[np.uint8], histogram: NDArray[np.int64]) -> bool:
    """Put a column's new codes in the place of those before. Returns whether any differs."""
    differs = False
    for row in range(len(codes)):
        before, code = codes[row], fresh[row]
        if code != before:
            codes[row] = code
            histogram[before] -= 1
            histogram[code] += 1
            differs = True
    return differs
