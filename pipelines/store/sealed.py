"""The sealed segments of one key, and the summaries that a look from afar goes by."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.core.schema import Schema
from pipelines.kernels.pyramid import N_STATISTICS, level_ends, summarise_segment
from pipelines.store.segment import SEGMENT_ROWS, SealedSegment, summarised_columns

__all__ = ["BLOCK_SEGMENTS", "SealedBlock", "SealedSegments"]

BLOCK_SEGMENTS: Final = 512
"""Most segments of a block. Publishing copies a reference to each; a query costs some microseconds a block."""

_N_BINS: Final = level_ends(SEGMENT_ROWS)[-1]
_NEVER: Final = np.iinfo(np.int64).min
_FOREVER: Final = np.iinfo(np.int64).max

_Arrays = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class SealedBlock:
    """Segments that came one after the other, with their summaries in arrays that a kernel goes through.

    The bins of a segment are 64, 256, 1,024 and 4,096 rows in the order of time, as `pipelines.kernels.pyramid` lays
    them out. All arrays are read-only and never change.

    Parameters
    ----------
    segments : tuple of SealedSegment
        In order of arrival, without a gap; at least one.
    min_ns, max_ns : int
        No row's event time is outside these. They may be those of rows that were evicted since.
    spans : int64[n, 2]
        Event times of the oldest and the newest row of each segment.
    bin_spans : int64[n, 85, 2]
        The same of its bins.
    statistics : float64[n_columns, n, 3, 2]
        Summaries of the segments, for each of the `summarised_columns`.
    bin_statistics : float64[n_columns, n, 3, 85, 2]
        The same of their bins.
    """

    segments: tuple[SealedSegment, ...]
    min_ns: int
    max_ns: int
    spans: NDArray[np.int64]
    bin_spans: NDArray[np.int64]
    statistics: NDArray[np.float64]
    bin_statistics: NDArray[np.float64]

    @property
    def first_row(self) -> int:
        """Arrival number of the row that came first."""
        return self.segments[0].first_row

    @property
    def end_row(self) -> int:
        """One above the arrival number of the row that came last."""
        return self.segments[-1].end_row

    def before(self, row: int) -> SealedBlock:
        """Return the segments that came before the row numbered `row`, of which there must be one."""
        n = (row - self.first_row) // SEGMENT_ROWS
        if n >= len(self.segments):
            return self
        arrays = (self.spans[:n], self.bin_spans[:n], self.statistics[:, :n], self.bin_statistics[:, :n])
        return SealedBlock(self.segments[:n], int(arrays[0].min()), int(arrays[0].max()), *arrays)


class SealedSegments:
    """The sealed segments of one key as the writer keeps them: new ones at the end, old ones leave at the beginning.

    Parameters
    ----------
    schema : Schema
        What the columns are.

    Attributes
    ----------
    blocks : tuple of SealedBlock
        The segments for readers, oldest first.

    Notes
    -----
    *Threads.* The writer only, except `blocks`, which is replaced and never changed: a summary is written behind those
    that are shown, or goes with those that are left into fresh arrays.
    """

    def __init__(self, schema: Schema) -> None:
        self.blocks: tuple[SealedBlock, ...] = ()
        self._n_columns = len(summarised_columns(schema))
        self._rooms: list[_Room] = []
        self._rows_bytes = 0

    @property
    def n_bytes(self) -> int:
        """Memory of the segments and of the summaries, with the room that these have ahead."""
        return self._rows_bytes + sum(room.n_bytes for room in self._rooms)

    @property
    def head_ns(self) -> int:
        """Newest event time of the oldest segment, of which there must be one."""
        return int(self.blocks[0].spans[0, 1])

    def extend(self, segments: Iterable[SealedSegment]) -> None:
        """Add segments, and summarise them."""
        n_full = max(len(self._rooms) - 1, 0)
        for segment in segments:
            self._make_room()
            self._rooms[-1].append(segment)
            self._rows_bytes += segment.n_bytes
        self.blocks = (*self.blocks[:n_full], *(room.block() for room in self._rooms[n_full:]))

    def drop_first(self) -> None:
        """Leave out the oldest segment."""
        room, *others = self._rooms
        self._rows_bytes -= room.segments[0].n_bytes
        room.drop_first()
        if not room.segments:
            self._rooms, self.blocks = others, self.blocks[1:]
            return
        if 3 * len(room.segments) < room.n_places:
            self._rooms[0] = room.moved()
        self.blocks = (self._rooms[0].block(), *self.blocks[1:])

    def _make_room(self) -> None:
        if not self._rooms or (self._rooms[-1].is_full and 2 * len(self._rooms[-1].segments) > BLOCK_SEGMENTS):
            self._rooms.append(_Room(self._n_columns, 1))
        elif self._rooms[-1].is_full:
            self._rooms[-1] = self._rooms[-1].moved()


class _Room:
    """The arrays of a block: what it shows of them, and places behind that."""

    def __init__(self, n_columns: int, n_places: int) -> None:
        self.segments: list[SealedSegment] = []
        self.n_places = n_places
        self._start = 0
        self._min_ns, self._max_ns = _FOREVER, _NEVER
        self._arrays: _Arrays = (
            np.empty((n_places, 2), np.int64),
            np.empty((n_places, _N_BINS, 2), np.int64),
            np.empty((n_columns, n_places, N_STATISTICS, 2)),
            np.empty((n_columns, n_places, N_STATISTICS, _N_BINS, 2)),
        )
        self.n_bytes = sum(array.nbytes for array in self._arrays)

    @property
    def is_full(self) -> bool:
        return self._start + len(self.segments) == self.n_places

    def append(self, segment: SealedSegment) -> None:
        summarise_segment(segment.wide, self._start + len(self.segments), *self._arrays)
        self.segments.append(segment)
        self._min_ns = min(self._min_ns, int(segment.time[0]))
        self._max_ns = max(self._max_ns, int(segment.time[-1]))

    def drop_first(self) -> None:
        self._start += 1
        del self.segments[0]

    def moved(self) -> _Room:
        """Return the same segments in fresh arrays, with as many places again behind them."""
        n = len(self.segments)
        room = _Room(len(self._arrays[-1]), min(2 * n, BLOCK_SEGMENTS))
        room.segments = self.segments
        for fresh, shown in zip(room._shown(), self._shown(), strict=True):
            fresh[:] = shown
        room._min_ns, room._max_ns = int(room._arrays[0][:n].min()), int(room._arrays[0][:n].max())
        return room

    def block(self) -> SealedBlock:
        shown = self._shown()
        for array in shown:
            array.flags.writeable = False
        return SealedBlock(tuple(self.segments), self._min_ns, self._max_ns, *shown)

    def _shown(self) -> _Arrays:
        spans, bin_spans, statistics, bin_statistics = self._arrays
        places = slice(self._start, self._start + len(self.segments))
        return spans[places], bin_spans[places], statistics[:, places], bin_statistics[:, places]
