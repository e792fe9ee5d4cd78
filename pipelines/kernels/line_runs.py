"""What a line with gaps covers inside a column of time, at any range of values, at the cost of the new rows.

Rows between two gaps are a run. Inside its column a run covers everything from its lowest to its highest value, and a
run of one row nothing. So of runs that are over, the union of these ranges is all that a line needs, and ranges that
overlap are as good as one. The last run of a column (its tail) may go on, and is kept apart. A column without gaps is
one run, and has none here.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.kernels.compile import kernel

__all__ = [
    "IS_DISORDERED",
    "IS_JOINED",
    "MAX_CLOSED",
    "N_CLOSED",
    "N_GAP_FIELDS",
    "N_SLOTS",
    "N_TAIL",
    "TAIL",
    "append_run",
    "append_runs",
    "begin_runs",
    "cover",
    "gather_spans",
    "insert_span",
]

N_TAIL: Final = 0
N_CLOSED: Final = 1
IS_DISORDERED: Final = 2
IS_JOINED: Final = 3
N_GAP_FIELDS: Final = 4

MAX_CLOSED: Final = 32
"""Ranges that are kept of the runs before the tail. Where there are more, the two nearest become one."""

TAIL: Final = 0
_CLOSED: Final = 1
N_SLOTS: Final = _CLOSED + MAX_CLOSED + 1
"""Ranges that there is room for in a column, with one for a range too many."""


@kernel
def begin_runs(
    gaps: NDArray[np.int64], spans: NDArray[np.float64], place: int, n: int, low: float, high: float
) -> None:
    """Make one run of the rows of a column so far, `n` from `low` to `high`: there is no gap between them.

    Parameters
    ----------
    gaps : int64[4, n_columns]
        Of each place `N_TAIL` (rows in that run, 0 where the column ends with a gap), `N_CLOSED` (ranges of runs that
        are over), `IS_DISORDERED` (whether a row came behind a newer one) and `IS_JOINED` (whether ranges that do not
        overlap became one, for there were too many). Updated; all but `IS_DISORDERED` are undefined in columns without
        gaps.
    spans : float64[n_columns, 34, 2]
        Of each place the ranges, from lowest to highest: that of the tail, the others in ascending order. Updated.
    place : int
        The column.
    """
    gaps[N_TAIL, place] = n
    gaps[N_CLOSED, place] = gaps[IS_JOINED, place] = 0
    spans[place, TAIL, 0], spans[place, TAIL, 1] = low, high


@kernel
def append_run(
    gaps: NDArray[np.int64], spans: NDArray[np.float64], place: int, n: int, low: float, high: float
) -> None:
    """Let the tail of a column go on with `n` rows."""
    if gaps[N_TAIL, place] > 0:
        low, high = min(low, spans[place, TAIL, 0]), max(high, spans[place, TAIL, 1])
    gaps[N_TAIL, place] += n
    spans[place, TAIL, 0], spans[place, TAIL, 1] = low, high


@kernel
def append_runs(
    gaps: NDArray[np.int64],
    spans: NDArray[np.float64],
    place: int,
    first: float,
    other_gaps: NDArray[np.int64],
    other_spans: NDArray[np.float64],
    other_place: int,
) -> None:
    """Put the runs of a column with gaps, whose first value may be one, behind those of another column."""
    if math.isfinite(first):  # its range overlaps that of the run which it begins
        append_run(gaps, spans, place, 1, first, first)
    if gaps[N_TAIL, place] > 1:
        insert_span(gaps, spans, place, spans[place, TAIL, 0], spans[place, TAIL, 1])
    for slot in range(_CLOSED, _CLOSED + other_gaps[N_CLOSED, other_place]):
        insert_span(gaps, spans, place, other_spans[other_place, slot, 0], other_spans[other_place, slot, 1])
    gaps[N_TAIL, place], spans[place, TAIL] = other_gaps[N_TAIL, other_place], other_spans[other_place, TAIL]
    gaps[IS_JOINED, place] |= other_gaps[IS_JOINED, other_place]


@kernel("float64[:, :], int64, int64[:, :], float64[:, :, :]")
def cover(covered: NDArray[np.float64], place: int, gaps: NDArray[np.int64], spans: NDArray[np.float64]) -> None:
    """Let the line cover more of a column with gaps, and mark it as in order.

    Parameters
    ----------
    covered : float64[n, 2]
        Ranges, from lowest to highest.
    place : int
        The column.
    gaps, spans : int64[4, n_columns], float64[n_columns, 34, 2]
        See `begin_runs`. Updated.
    """
    for number in range(len(covered)):
        insert_span(gaps, spans, place, covered[number, 0], covered[number, 1])
    gaps[IS_DISORDERED, place] = 0


@kernel("int64[:], int64[:, :], float64[:, :, :], int64[:], float64[:, :, :]")
def gather_spans(
    places: NDArray[np.int64],
    gaps: NDArray[np.int64],
    spans: NDArray[np.float64],
    n_spans: NDArray[np.int64],
    gathered: NDArray[np.float64],
) -> None:
    """Copy what the line covers in some columns with gaps.

    Parameters
    ----------
    places : int64[n]
        The columns.
    gaps, spans : int64[4, n_columns], float64[n_columns, 34, 2]
        See `begin_runs`.
    n_spans : int64[n]
        Filled: how many ranges there are of each.
    gathered : float64[n, 34, 2]
        Filled with these, the lowest and the highest value of each.
    """
    for number in range(len(places)):
        place = places[number]
        n = gaps[N_CLOSED, place]
        gathered[number, :n] = spans[place, _CLOSED : _CLOSED + n]
        if gaps[N_TAIL, place] > 1:
            gathered[number, n] = spans[place, TAIL]
            n += 1
        n_spans[number] = n


@kernel
def insert_span(gaps: NDArray[np.int64], spans: NDArray[np.float64], place: int, low: float, high: float) -> None:
    """Take in a range, as one with those that it overlaps."""
    end = _CLOSED + gaps[N_CLOSED, place]
    first = _CLOSED
    while first < end and spans[place, first, 1] < low:
        first += 1
    behind = first
    while behind < end and spans[place, behind, 0] <= high:
        behind += 1
    if behind == first:
        _move(gaps, spans, place, first, first + 1)
        spans[place, first, 0], spans[place, first, 1] = low, high
        if gaps[N_CLOSED, place] > MAX_CLOSED:
            _join_nearest(gaps, spans, place)
        return
    spans[place, first, 0] = min(low, spans[place, first, 0])
    spans[place, first, 1] = max(high, spans[place, behind - 1, 1])
    if behind > first + 1:
        _move(gaps, spans, place, behind, first + 1)


@kernel
def _join_nearest(gaps: NDArray[np.int64], spans: NDArray[np.float64], place: int) -> None:
    nearest = _CLOSED
    for slot in range(_CLOSED + 1, _CLOSED + gaps[N_CLOSED, place] - 1):
        distance = spans[place, slot + 1, 0] - spans[place, slot, 1]
        if distance < spans[place, nearest + 1, 0] - spans[place, nearest, 1]:
            nearest = slot
    spans[place, nearest, 1] = spans[place, nearest + 1, 1]
    _move(gaps, spans, place, nearest + 2, nearest + 1)
    gaps[IS_JOINED, place] = 1


@kernel
def _move(gaps: NDArray[np.int64], spans: NDArray[np.float64], place: int, start: int, new_start: int) -> None:
    """Move the ranges from slot `start` on to `new_start`, so that there are more of them or fewer."""
    end = _CLOSED + gaps[N_CLOSED, place]
    offset = new_start - start
    for i in range(end - start):
        slot = start + i if offset < 0 else end - 1 - i
        spans[place, slot + offset, 0], spans[place, slot + offset, 1] = spans[place, slot, 0], spans[place, slot, 1]
    gaps[N_CLOSED, place] += offset
