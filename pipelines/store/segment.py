"""A sealed segment: 4,096 rows of one key in the order of time, with what a look from afar needs to know of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pipelines.kernels.pyramid import N_STATISTICS, level_ends, summarise

__all__ = ["SEGMENT_PAGES", "SEGMENT_ROWS", "Pyramid", "SealedSegment", "seal"]

SEGMENT_ROWS: Final = 4_096
SEGMENT_PAGES: Final = 64

_ENDS: Final = level_ends(SEGMENT_ROWS)


@dataclass(frozen=True, slots=True)
class Pyramid:
    """Summaries of one column of a segment over 64, 256, 1,024 and 4,096 rows in the order of time.

    Parameters
    ----------
    statistics : float64[5, 85]
        Minimum, maximum, first, last and sum of each bin, without NaN; NaN where a bin has no other value. The rows are
        named in `pipelines.kernels.pyramid`.
    counts : int32[85]
        Values in each bin, without NaN.
    """

    statistics: NDArray[np.float64]
    counts: NDArray[np.int32]

    def level(self, level: int) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
        """Return statistics and counts of level 0 (64 bins), 1 (16), 2 (4) or 3 (1)."""
        bins = slice(_ENDS[level - 1] if level else 0, _ENDS[level])
        return self.statistics[:, bins], self.counts[bins]


@dataclass(frozen=True, slots=True)
class SealedSegment:
    """Rows that never change. It lives as long as anybody holds it, or a view of its arrays.

    Parameters
    ----------
    columns : mapping of str to any[4096]
        The stored columns, stably sorted by time. Read-only.
    first_row : int
        Arrival number of the row that came first.
    arrival : uint16[4096] or None
        Where the row that came i-th stands; None where the rows came in the order of time.
    pyramids : mapping of str to Pyramid
        One for each float64 column.
    min_ns, max_ns : int
        Event times of the oldest and the newest row.
    """

    columns: Mapping[str, NDArray[Any]]
    first_row: int
    arrival: NDArray[np.uint16] | None
    pyramids: Mapping[str, Pyramid]
    min_ns: int
    max_ns: int

    @property
    def end_row(self) -> int:
        """One above the arrival number of the row that came last."""
        return self.first_row + SEGMENT_ROWS

    @property
    def n_bytes(self) -> int:
        """Memory of all arrays."""
        n_bytes = sum(array.nbytes for array in self.columns.values())
        n_bytes += sum(pyramid.statistics.nbytes + pyramid.counts.nbytes for pyramid in self.pyramids.values())
        return n_bytes + (0 if self.arrival is None else self.arrival.nbytes)


def seal(columns: dict[str, NDArray[Any]], first_row: int) -> SealedSegment:
    """Make a segment of 4,096 rows in order of arrival. Takes over the arrays."""
    time = columns["time"]
    arrival = None
    if not (time[:-1] <= time[1:]).all():
        order = time.argsort(kind="stable")
        arrival = np.empty(SEGMENT_ROWS, np.uint16)
        arrival[order] = np.arange(SEGMENT_ROWS, dtype=np.uint16)
        arrival.flags.writeable = False
        columns = {name: array[order] for name, array in columns.items()}
        time = columns["time"]
    pyramids = {name: _pyramid(array) for name, array in columns.items() if array.dtype == np.float64}
    for array in columns.values():
        array.flags.writeable = False
    return SealedSegment(columns, first_row, arrival, pyramids, int(time[0]), int(time[-1]))


def _pyramid(values: NDArray[np.float64]) -> Pyramid:
    statistics = np.empty((N_STATISTICS, _ENDS[-1]))
    counts = np.empty(_ENDS[-1], np.int32)
    summarise(values, statistics, counts)
    statistics.flags.writeable = counts.flags.writeable = False
    return Pyramid(statistics, counts)
