"""The JSON object of columns, as programs write it: flat arrays of numbers and short texts. Anything else is left."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.kernels.compile import kernel
from pipelines.kernels.json_values import BAD, ONE, read_float, read_short, read_whole

__all__ = ["FLOATS", "FLOATS_OR_NULL", "NAMES", "NO_ROWS", "TOKENS", "WHOLES", "read_columns"]

WHOLES: Final = 0
"""Whole numbers that fit 64 bits with sign."""

FLOATS: Final = 1
"""Numbers."""

FLOATS_OR_NULL: Final = 2
"""Numbers, and null, which becomes NaN."""

NAMES: Final = 3
"""Strings of up to 16 bytes. What is between the quotes is taken as it is and padded with quotes."""

TOKENS: Final = 4
"""Strings with their quotes, numbers or words, of up to 16 bytes, padded with commas."""

NO_ROWS: Final = -1
"""What is returned for a message that is not of this form."""

_OPEN, _CLOSE, _BEGIN, _END, _COMMA, _COLON, _QUOTE = (np.uint8(ord(mark)) for mark in '{}[],:"')
_N, _U, _L = (np.uint8(ord(letter)) for letter in "nul")
_SPACE, _TAB, _NEWLINE, _RETURN = (np.uint8(ord(blank)) for blank in " \t\n\r")


@kernel("const uint8[:], const uint8[:], int64[:], int64[:, :], int64[:, :], float64[:, :], uint64[:, :, :], bool[:]")
def read_columns(
    text: NDArray[np.uint8],
    names: NDArray[np.uint8],
    name_ends: NDArray[np.int64],
    places: NDArray[np.int64],
    wholes: NDArray[np.int64],
    floats: NDArray[np.float64],
    texts: NDArray[np.uint64],
    found: NDArray[np.bool_],
) -> int:
    """Read a message whose fields are all known, each once, with arrays of one length, without escapes in names.

    Strings are not looked into: one that holds a backslash, a control character or what is no UTF-8 is for the caller
    to find. All else that RFC 8259 asks for is checked.

    Parameters
    ----------
    text : uint8[n]
        The message, without blanks at its end.
    names, name_ends : uint8[n_bytes], int64[n_fields]
        The names of the fields, one after the other, and where each ends.
    places : int64[n_fields, 2]
        What each field's values are (`WHOLES` and so on), and the row of the output that they are written to.
    wholes, floats, texts : int64[n_wholes, n_most], float64[n_floats, n_most], uint64[n_texts, n_most, 2]
        The output; texts are two little-endian words.
    found : bool[n_fields]
        Filled: which fields there are.

    Returns
    -------
    int
        How many values each field has. `NO_ROWS` where the message is no such one, or has more than `n_most`.
    """
    found[:] = False
    if len(text) == 0 or text[len(text) - 1] != _CLOSE:  # whatever is read ends before this brace, or at it
        return NO_ROWS
    at = _skip_blanks(text, BAD)
    if text[at] != _OPEN:
        return NO_ROWS
    n_rows = NO_ROWS
    while True:
        field, at = _field(text, _skip_blanks(text, at + ONE), names, name_ends)
        if at == BAD or found[field]:
            return NO_ROWS
        kind, place = places[field]
        if kind == WHOLES:
            n_read, at = _wholes(text, at, wholes[place])
        elif kind in (FLOATS, FLOATS_OR_NULL):
            n_read, at = _floats(text, at, kind == FLOATS_OR_NULL, floats[place])
        elif kind == NAMES:
            n_read, at = _names(text, at, texts[place])
        else:
            n_read, at = _tokens(text, at, texts[place])
        if at == BAD or (n_rows != NO_ROWS and n_rows != n_read):
            return NO_ROWS
        n_rows = n_read
        found[field] = True
        at = _skip_blanks(text, at)
        if text[at] != _COMMA:
            return n_rows if text[at] == _CLOSE and at + ONE == np.uint64(len(text)) else NO_ROWS


@kernel
def _field(
    text: NDArray[np.uint8], at: np.uint64, names: NDArray[np.uint8], name_ends: NDArray[np.int64]
) -> tuple[int, np.uint64]:
    """Return which field begins here, and where its first value may be; `BAD` where it is unknown, or no array."""
    if text[at] != _QUOTE:
        return 0, BAD
    begin = end = at + ONE
    while text[end] != _QUOTE and text[end] != _CLOSE:
        end += ONE
    if text[end] == _CLOSE:
        return 0, BAD
    colon = _skip_blanks(text, end + ONE)
    if text[colon] != _COLON:
        return 0, BAD
    array = _skip_blanks(text, colon + ONE)
    if text[array] != _BEGIN:
        return 0, BAD
    name_begin = 0
    for field in range(len(name_ends)):
        same = name_ends[field] - name_begin == np.int64(end - begin)
        for place in range(name_begin, name_ends[field] if same else name_begin):
            same &= text[begin + np.uint64(place - name_begin)] == names[place]
        if same:
            return field, array + ONE
        name_begin = name_ends[field]
    return 0, BAD


@kernel
def _wholes(text: NDArray[np.uint8], at: np.uint64, out: NDArray[np.int64]) -> tuple[int, np.uint64]:
    for row in range(len(out)):
        out[row], end = read_whole(text, _skip_blanks(text, at))
        at, goes_on = _behind(text, end)
        if not goes_on:
            return row + 1, at
    return 0, BAD


@kernel
def _floats(text: NDArray[np.uint8], at: np.uint64, nullable: bool, out: NDArray[np.float64]) -> tuple[int, np.uint64]:
    for row in range(len(out)):
        at = _skip_blanks(text, at)
        if nullable and text[at] == _N:
            out[row], end = np.nan, _behind_null(text, at)
        else:
            out[row], end = read_float(text, at)
        at, goes_on = _behind(text, end)
        if not goes_on:
            return row + 1, at
    return 0, BAD


@kernel
def _names(text: NDArray[np.uint8], at: np.uint64, out: NDArray[np.uint64]) -> tuple[int, np.uint64]:
    for row in range(len(out)):
        at = _skip_blanks(text, at)
        if text[at] != _QUOTE:
            return 0, BAD
        out[row, 0], out[row, 1], end = read_short(text, at + ONE, _QUOTE, _QUOTE)
        at, goes_on = _behind(text, BAD if end == BAD else end + ONE)
        if not goes_on:
            return row + 1, at
    return 0, BAD


@kernel
def _tokens(text: NDArray[np.uint8], at: np.uint64, out: NDArray[np.uint64]) -> tuple[int, np.uint64]:
    for row in range(len(out)):
        out[row, 0], out[row, 1], end = read_short(text, _skip_blanks(text, at), _COMMA, _END)
        at, goes_on = _behind(text, end)
        if not goes_on:
            return row + 1, at
    return 0, BAD


@kernel
def _behind(text: NDArray[np.uint8], at: np.uint64) -> tuple[np.uint64, bool]:
    """Return where to go on behind a value that ends here, and whether another one follows; `BAD` for bad syntax."""
    if at == BAD:
        return BAD, False
    if text[at] != _COMMA:
        at = _skip_blanks(text, at)
        if text[at] != _COMMA:
            return at + ONE if text[at] == _END else BAD, False
    return at + ONE, True


@kernel
def _behind_null(text: NDArray[np.uint8], at: np.uint64) -> np.uint64:
    for letter in (_N, _U, _L, _L):
        if text[at] != letter:
            return BAD
        at += ONE
    return at


@kernel
def _skip_blanks(text: NDArray[np.uint8], at: np.uint64) -> np.uint64:
    byte = text[at]
    while byte <= _SPACE and byte in (_SPACE, _NEWLINE, _RETURN, _TAB):
        at += ONE
        byte = text[at]
    return at
