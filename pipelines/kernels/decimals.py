"""The float that is nearest to a decimal number, as Python's ``float`` finds it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from pipelines.kernels.compile import kernel

__all__ = ["MAX_POWER", "nearest_float"]

MAX_POWER: Final = 64
"""Powers of ten up to this one, up and down, are known."""

_MAX_EXACT_POWER: Final = 22
_MAX_EXACT_WHOLE: Final = np.uint64(2**53)
_EXACT_POWERS: Final = np.array([10.0**power for power in range(_MAX_EXACT_POWER + 1)])

_U1, _U2, _U3, _U9, _U11, _U32, _U52, _U63 = (np.uint64(number) for number in (1, 2, 3, 9, 11, 32, 52, 63))
_ALL: Final = np.uint64(2**64 - 1)
_LOW_HALF: Final = np.uint64(2**32 - 1)
_HIDDEN_BIT: Final = np.uint64(2**52)
_BELOW_MANTISSA: Final = np.uint64(2**9 - 1)
_FLOAT_BIAS: Final = 1_023
_LEAST_ROUNDED_UP: Final = -27
_LEAST_TIE: Final = -4
_LAST_TIE: Final = 23


def _powers_of_five() -> Iterator[tuple[int, int]]:
    """Yield the leading 128 bits of each power in two halves: rounded up from -27 to -1, or else cut off."""
    for power in range(-MAX_POWER, MAX_POWER + 1):
        five = 5 ** abs(power)
        n_bits = five.bit_length()
        if power < 0:
            bits = (1 << (n_bits + 127 if power >= _LEAST_ROUNDED_UP else 2 * n_bits + 128)) // five + 1
        else:
            bits = five << 128
        leading = bits >> (bits.bit_length() - 128)
        yield leading >> 64, leading & (2**64 - 1)


_FIVES: Final = np.array(list(_powers_of_five()), np.uint64)


@kernel
def nearest_float(digits: np.uint64, power: int) -> float:
    """Return the float nearest to ``digits * 10**power``; of two that are as near, the one with an even mantissa.

    Parameters
    ----------
    digits : uint64
        Up to 19 digits.
    power : int
        From ``-MAX_POWER`` to `MAX_POWER`.

    Notes
    -----
    One division or multiplication of two floats that are exact rounds as the number itself would (Clinger, "How to read
    floating point numbers accurately", PLDI 1990). Where they are not, 128 bits of the power of five decide (Lemire,
    "Number parsing at a gigabyte per second", Software: Practice and Experience 51, 2021), and always suffice (Mushtak
    and Lemire, "Fast number parsing without fallback", same place 53, 2023). NaN and infinities do not occur.
    """
    if digits <= _MAX_EXACT_WHOLE and abs(power) <= _MAX_EXACT_POWER:
        exact = float(np.int64(digits))
        return float(exact / _EXACT_POWERS[-power] if power < 0 else exact * _EXACT_POWERS[power])
    if power == 0:
        return float(digits)
    return _from_product(digits, power) if digits else 0.0


@kernel
def _from_product(digits: np.uint64, power: int) -> float:
    zeros = _leading_zeros(digits)
    normal = digits << np.uint64(zeros)
    high, low = _multiply(normal, _FIVES[power + MAX_POWER, 0])
    if high & _BELOW_MANTISSA == _BELOW_MANTISSA:  # the lower half of the power may still carry into what is kept
        more, _ = _multiply(normal, _FIVES[power + MAX_POWER, 1])
        if low > _ALL - more:
            high += _U1
            low -= _ALL - more + _U1
        else:
            low += more
    top = high >> _U63
    mantissa = high >> (top + _U9)
    tie = low <= _U1 and _LEAST_TIE <= power <= _LAST_TIE and mantissa & _U3 == _U1
    if tie and mantissa << (top + _U9) == high:
        mantissa -= _U1
    mantissa = (mantissa + (mantissa & _U1)) >> _U1
    exponent = ((217_706 * power) >> 16) + 63 + np.int64(top) - zeros + _FLOAT_BIAS  # 217,706 / 65,536 is log2(10)
    # a mantissa that was rounded up to the next power of two raises the exponent by itself
    return float(np.uint64(mantissa - _HIDDEN_BIT + (np.uint64(exponent) << _U52)).view(np.float64))


@kernel
def _leading_zeros(digits: np.uint64) -> int:
    """Return how many bits of a number, which is not 0, are 0 before the first that is 1."""
    upper = digits >> _U11
    whole = np.float64(np.int64(upper or digits))  # exact, so its exponent tells
    exponent = (whole.view(np.int64) >> 52) - _FLOAT_BIAS
    return int(63 - exponent - (11 if upper else 0))


@kernel
def _multiply(a: np.uint64, b: np.uint64) -> tuple[np.uint64, np.uint64]:
    """Return the 128 bits of a product, in two halves."""
    a_high, a_low = a >> _U32, a & _LOW_HALF
    b_high, b_low = b >> _U32, b & _LOW_HALF
    lowest, one, other = a_low * b_low, a_high * b_low, a_low * b_high
    middle = (lowest >> _U32) + (one & _LOW_HALF) + (other & _LOW_HALF)
    high = a_high * b_high + (one >> _U32) + (other >> _U32) + (middle >> _U32)
    return high, (lowest & _LOW_HALF) | (middle << _U32)
