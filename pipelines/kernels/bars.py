"""Time bars of all keys at once, in a ring of periods.

The number of a bar is ``time // period_ns``, its slot ``number % n_bars``. The earliest row of a bar opens it and the
latest closes it; of equal times the first to come opens and the last closes. A newer bar takes over the place of an
older one.

The ring is in these arrays:

places : int64[n_bars]
    Where the bars of each slot begin in `bars` and `marks`, key after key; -1 where they may not be written.
bars : float64[n_places, 8]
    Figures of the bars, as `pipelines.kernels.one_bar` names them.
marks : int64[n_places, 5]
    Marks of the bars, likewise; no rows where there is no bar.
newest : int64[n_keys]
    Number of each key's newest bar.
n_retired : int64[n_keys]
    Rows of each key whose bar gave, or would have had, its place to a newer one.
"""

from __future__ import annotations

from math import isfinite

import numpy as np
from numpy.typing import NDArray

from pipelines.kernels.compile import kernel
from pipelines.kernels.one_bar import (
    CLOSE,
    FIRST_NS,
    GENERATION,
    HIGH,
    LAST_NS,
    LOW,
    N_FIGURES,
    N_ROWS,
    NUMBER,
    OPEN,
    VOLUME,
    add_row,
    begin_bar,
)

__all__ = ["merge_bars", "ring_bars"]


@kernel(
    "int64, const int32[:], const int64[:], const float64[:], const float64[:], const int8[:], int64, int64, int64, "
    "int64[:], float64[:, :], int64[:, :], int64[:], int64[:]"
)
def ring_bars(
    first: int,
    keys: NDArray[np.int32],
    times: NDArray[np.int64],
    values: NDArray[np.float64],
    sizes: NDArray[np.float64],
    sides: NDArray[np.int8],
    period_ns: int,
    generation: int,
    n_keys: int,
    places: NDArray[np.int64],
    bars: NDArray[np.float64],
    marks: NDArray[np.int64],
    newest: NDArray[np.int64],
    n_retired: NDArray[np.int64],
) -> int:
    """Add rows from row `first` on, until one has no place; return which, n when none.

    It has none where its key is not below `n_keys`, or its slot may not be written.

    `values` are what bars are of: NaN and infinities are none, their rows are left out. `sizes` and `sides` (+1 a buy,
    -1 a sell) are empty where the kind has none. Bars that change are marked with `generation`.
    """
    n_bars = len(places)
    has_sizes, has_sides = len(sizes) > 0, len(sides) > 0
    number = base = start_ns = end_ns = 0  # of the bar of the row before: dividing is dear
    keys, times, values, sizes, sides = keys[first:], times[first:], values[first:], sizes[first:], sides[first:]
    for row in range(len(keys)):  # from 0: where a row might be negative, each access costs more
        value = values[row]
        if not isfinite(value):
            continue
        time_ns = times[row]
        if time_ns < start_ns or time_ns >= end_ns:
            number = time_ns // period_ns
            start_ns, end_ns = number * period_ns, number * period_ns + period_ns
            base = places[number % n_bars]
            if base < 0:
                return first + row
        key = np.uint64(keys[row])  # unsigned, since a signed place might count from the end
        if key >= np.uint64(n_keys):
            return first + row
        place = np.uint64(base) + key
        if marks[place, NUMBER] != number or marks[place, N_ROWS] == 0:
            if marks[place, N_ROWS] > 0 and marks[place, NUMBER] > number:
                n_retired[key] += 1
                continue
            n_retired[key] += marks[place, N_ROWS]
            newest[key] = max(newest[key], number)
            begin_bar(place, number, time_ns, value, generation, bars, marks)
        size = sizes[row] if has_sizes else np.nan
        side = sides[row] if has_sides else 0
        if time_ns < marks[place, FIRST_NS]:
            marks[place, FIRST_NS] = time_ns
            bars[place, OPEN] = value
        if time_ns >= marks[place, LAST_NS]:
            marks[place, LAST_NS] = time_ns
            bars[place, CLOSE] = value
        add_row(place, value, size, side, generation, bars, marks)
    return first + len(keys)


@kernel("int64, float64[:, :], int64[:, :], int64, float64[:, :], int64[:, :], int64, int64, int64[:], int64[:]")
def merge_bars(
    place: int,
    bars: NDArray[np.float64],
    marks: NDArray[np.int64],
    their_place: int,
    their_bars: NDArray[np.float64],
    their_marks: NDArray[np.int64],
    n_keys: int,
    generation: int,
    newest: NDArray[np.int64],
    n_retired: NDArray[np.int64],
) -> None:
    """Merge a slot of a ring, of the first `n_keys` keys, with what another ring saw in it after ours.

    `place` and `their_place` are where the slot begins. Sums are added.
    """
    for key in range(n_keys):
        ours, theirs = place + key, their_place + key
        n_ours, n_theirs = marks[ours, N_ROWS], their_marks[theirs, N_ROWS]
        if n_theirs == 0:
            continue
        number = their_marks[theirs, NUMBER]
        if n_ours > 0 and marks[ours, NUMBER] > number:
            n_retired[key] += n_theirs
            continue
        if n_ours == 0 or marks[ours, NUMBER] < number:
            n_retired[key] += n_ours
            newest[key] = max(newest[key], number)
            bars[ours] = their_bars[theirs]
            marks[ours] = their_marks[theirs]
        else:
            _merge_bar(ours, bars, marks, theirs, their_bars, their_marks)
        marks[ours, GENERATION] = generation


@kernel
def _merge_bar(
    ours: int,
    bars: NDArray[np.float64],
    marks: NDArray[np.int64],
    theirs: int,
    their_bars: NDArray[np.float64],
    their_marks: NDArray[np.int64],
) -> None:
    if their_marks[theirs, FIRST_NS] < marks[ours, FIRST_NS]:
        marks[ours, FIRST_NS] = their_marks[theirs, FIRST_NS]
        bars[ours, OPEN] = their_bars[theirs, OPEN]
    if their_marks[theirs, LAST_NS] >= marks[ours, LAST_NS]:
        marks[ours, LAST_NS] = their_marks[theirs, LAST_NS]
        bars[ours, CLOSE] = their_bars[theirs, CLOSE]
    bars[ours, HIGH] = max(bars[ours, HIGH], their_bars[theirs, HIGH])
    bars[ours, LOW] = min(bars[ours, LOW], their_bars[theirs, LOW])
    for figure in range(VOLUME, N_FIGURES):
        bars[ours, figure] += their_bars[theirs, figure]
    marks[ours, N_ROWS] += their_marks[theirs, N_ROWS]
