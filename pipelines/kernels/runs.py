"""Columns of codes as runs: what is sent of a picture.

A column is a sequence of tokens until all its rows are told. A token is a variable-length integer, 7 bits a byte with
the lowest first and the eighth bit set where another byte follows (LEB128, DWARF 5 section 7.6), whose two lowest bits
say what it is and whose other bits say of how many rows: ``EMPTY`` rows have the code 0, ``LITERAL`` ones their codes
behind the token, and ``EQUAL`` ones all have the code behind it. Rows go upwards.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.kernels.compile import kernel

__all__ = ["EMPTY", "EQUAL", "LITERAL", "encode_columns", "most_bytes"]

EMPTY: Final = 0
LITERAL: Final = 1
EQUAL: Final = 2

_KIND_BITS: Final = 2
_SHORTEST: Final = 4
"""Shorter runs are cheaper among literals, where they cost no token of their own and end none."""


def most_bytes(n_columns: int, n_rows: int) -> int:
    """Return how many bytes columns come to at the most."""
    return n_columns * (2 * n_rows + 16)


@kernel("const uint8[:, :], const int64[:], uint8[:]")
def encode_columns(codes: NDArray[np.uint8], columns: NDArray[np.int64], out: NDArray[np.uint8]) -> int:
    """Write some columns, each behind the number of columns that are left out before it. NaN does not occur.

    Parameters
    ----------
    codes : uint8[n_columns, n_rows]
        A picture.
    columns : int64[n]
        Which of its columns, ascending.
    out : uint8[most_bytes(n, n_rows)]
        Gets the bytes.

    Returns
    -------
    int
        How many.
    """
    n_rows = codes.shape[1]
    place, following = 0, 0
    for column in columns:
        place = _put(out, place, column - following)
        following = column + 1
        column_codes = codes[column]
        told = row = 0
        while row < n_rows:
            code = column_codes[row]
            end = row + 1
            while end < n_rows and column_codes[end] == code:
                end += 1
            if end - row >= _SHORTEST or (end == n_rows and code == 0):
                place = _put_literals(out, place, column_codes, told, row)
                place = _put(out, place, ((end - row) << _KIND_BITS) | (EMPTY if code == 0 else EQUAL))
                if code != 0:
                    out[place] = code
                    place += 1
                told = end
            row = end
        place = _put_literals(out, place, column_codes, told, n_rows)
    return place


@kernel
def _put_literals(out: NDArray[np.uint8], place: int, codes: NDArray[np.uint8], start: int, end: int) -> int:
    if start == end:
        return place
    place = _put(out, place, ((end - start) << _KIND_BITS) | LITERAL)
    for row in range(start, end):
        out[place] = codes[row]
        place += 1
    return place


@kernel
def _put(out: NDArray[np.uint8], place: int, number: int) -> int:
    while number > 127:
        out[place] = (number & 127) | 128
        place += 1
        number >>= 7
    out[place] = number
    return place + 1
