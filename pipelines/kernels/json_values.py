"""Numbers and short texts in the bytes of a JSON message.

Positions have no sign: the compiler checks an index that has one for being negative, which takes as long as reading a
digit. A message must not end with what is read here; the byte after it says that it is over.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.kernels.compile import kernel
from pipelines.kernels.decimals import MAX_POWER, nearest_float

__all__ = ["BAD", "ONE", "read_float", "read_short", "read_whole"]

BAD: Final = np.uint64(0)
"""Where that ends which can't be read."""

ONE: Final = np.uint64(1)

_MAX_DIGITS: Final = np.uint64(19)
"""So many digits always fit 64 bits."""

_MAX_EXPONENT: Final = np.uint64(999)
_INT64_MAX: Final = np.uint64(2**63 - 1)
_MINUS, _PLUS, _DOT, _ZERO, _NINE, _LOWER_E, _UPPER_E = (np.uint8(ord(letter)) for letter in "-+.09eE")
_NOTHING, _TEN, _SHORT_BYTES, _BYTE_BITS, _WORD_BITS = (np.uint64(number) for number in (0, 10, 16, 8, 64))
_EACH_BYTE: Final = np.uint64(0x0101010101010101)


@kernel
def read_whole(text: NDArray[np.uint8], at: np.uint64) -> tuple[int, np.uint64]:
    """Return the whole number that begins here, and where it ends; `BAD` where it is none, or does not fit int64."""
    negative = text[at] == _MINUS
    first = at + ONE if negative else at
    digits, end = _digits(text, first, _NOTHING)
    n_digits = end - first
    zeros = text[first] == _ZERO and n_digits > ONE
    if n_digits == _NOTHING or n_digits > _MAX_DIGITS or zeros or digits > _INT64_MAX:
        return 0, BAD
    return -int(np.int64(digits)) if negative else int(np.int64(digits)), end


@kernel
def read_float(text: NDArray[np.uint8], at: np.uint64) -> tuple[float, np.uint64]:
    """Return the float nearest to the number that begins here, and where that ends.

    `BAD` where it is none, and where it can't be read here: it has more than 19 digits, or a power of ten beyond
    `MAX_POWER`. NaN and infinities are no numbers.
    """
    negative = text[at] == _MINUS
    first = at + ONE if negative else at
    digits, end = _digits(text, first, _NOTHING)
    n_digits = end - first
    if (n_digits == _NOTHING) | ((text[first] == _ZERO) & (n_digits > ONE)):
        return 0.0, BAD
    power = 0
    is_whole = True
    if text[end] == _DOT:
        point = end
        digits, end = _digits(text, point + ONE, digits)
        power = int(np.int64(point + ONE) - np.int64(end))
        if power == 0:
            return 0.0, BAD
        n_digits += np.uint64(-power)
        is_whole = False
    if text[end] == _LOWER_E or text[end] == _UPPER_E:
        exponent, end = _exponent(text, end + ONE)
        power += exponent
        is_whole = False
    if n_digits > _MAX_DIGITS:
        n_digits -= _leading_zeros(text, first)
    if end == BAD or n_digits > _MAX_DIGITS or abs(power) > MAX_POWER:
        return 0.0, BAD
    value = nearest_float(digits, power)
    return -value if negative and (digits != _NOTHING or not is_whole) else value, end  # no whole number is -0


@kernel
def read_short(
    text: NDArray[np.uint8], at: np.uint64, stop: np.uint8, other: np.uint8
) -> tuple[np.uint64, np.uint64, np.uint64]:
    """Return the bytes up to `stop` or `other`, and where they end.

    They come as two little-endian words, padded with `stop`. `BAD` where there are more than 16.
    """
    first = second = np.uint64(stop) * _EACH_BYTE
    limit = min(at + _SHORT_BYTES, np.uint64(len(text) - 1))
    bits = _NOTHING
    byte = text[at]
    while byte != stop and byte != other:
        if at >= limit:
            return first, second, BAD
        if bits < _WORD_BITS:
            first ^= np.uint64(byte ^ stop) << bits
        else:
            second ^= np.uint64(byte ^ stop) << (bits - _WORD_BITS)
        bits += _BYTE_BITS
        at += ONE
        byte = text[at]
    return first, second, at


@kernel
def _exponent(text: NDArray[np.uint8], at: np.uint64) -> tuple[int, np.uint64]:
    negative = text[at] == _MINUS
    first = at + ONE if negative or text[at] == _PLUS else at
    digits, end = _digits(text, first, _NOTHING)
    if end == first or end - first > _MAX_DIGITS or digits > _MAX_EXPONENT:
        return 0, BAD
    return -int(np.int64(digits)) if negative else int(np.int64(digits)), end


@kernel
def _leading_zeros(text: NDArray[np.uint8], at: np.uint64) -> np.uint64:
    """Return how many zeros a number begins with, before and behind its point."""
    first = at
    n_points = _NOTHING
    while text[at] == _ZERO or text[at] == _DOT:
        n_points += text[at] == _DOT
        at += ONE
    return at - first - n_points


@kernel
def _digits(text: NDArray[np.uint8], at: np.uint64, before: np.uint64) -> tuple[np.uint64, np.uint64]:
    """Return the number that digits before this place and those that follow make, and where they end."""
    number = before
    digit = np.uint64(text[at] ^ _ZERO)  # no byte but a digit becomes less than ten
    while digit < _TEN:
        number = number * _TEN + digit
        at += ONE
        digit = np.uint64(text[at] ^ _ZERO)
    return number, at
