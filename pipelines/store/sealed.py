"""The sealed segments of one key, and the summaries that a look from afar goes by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pipelines.core.schema import Schema
from pipelines.kernels.pyramid import N_STATISTICS, level_ends, span_bins, summarise
from pipelines.store.segment import SEGMENT_ROWS, SealedSegment, summarised_columns

__all__ = ["BLOCK_SEGMENTS", "SealedBlock", "SealedSegments"]

BLOCK_SEGMENTS: Final = 512
"""Most segments of a block. Publishing copies a reference to each; a query costs some microseconds a block."""

_N_BINS: Final = level_ends(SEGMENT_ROWS)[-1]
_NEVER: Final = np.iinfo(np.int64).min
_FOREVER: Final = np.iinfo(np.int64).max


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
        No row's event time is outside these.
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
        self._names = summarised_columns(schema)
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

    def append(self, segment: SealedSegment) -> None:
        """Add a segment, and summarise it."""
        self._make_room()
        self._rooms[-1].append(segment)
        self._rows_bytes += segment.n_bytes
        self.blocks = (*self.blocks[: len(self._rooms) - 1], self._rooms[-1].block())

    def drop_first(self) -> None:
        """Leave out the oldest segment."""
        room, *others = self._rooms
        self._rows_bytes -= room.segments[0].n_bytes
        room.drop_first()
        if not room.segments:
            self._rooms, self.blocks = others, self.blocks[1:]
            return
        if 2 * len(room.segments) < room.n_places:
            self._rooms[0] = room.moved()
        self.blocks = (self._rooms[0].block(), *self.blocks[1:])

    def _make_room(self) -> None:
        if not self._rooms or (self._rooms[-1].is_full and 2 * len(self._rooms[-1].segments) > BLOCK_SEGMENTS):
            self._rooms.append(_Room(self._names, 1))
        elif self._rooms[-1].is_full:
            self._rooms[-1] = self._rooms[-1].moved()


class _Room:
    """The arrays of a block: what it shows of them, and places behind that."""

    def __init__(self, names: tuple[str, ...], n_places: int) -> None:
        self.segments: tuple[SealedSegment, ...] = ()
        self.n_places = n_places
        self._names = names
        self._start = 0
        self._min_ns, self._max_ns = _FOREVER, _NEVER
        self._spans = np.empty((n_places, 2), np.int64)
        self._bin_spans = np.empty((n_places, _N_BINS, 2), np.int64)
        self._statistics = np.empty((len(names), n_places, N_STATISTICS, 2))
        self._bin_statistics = np.empty((len(names), n_places, N_STATISTICS, _N_BINS, 2))

    @property
    def is_full(self) -> bool:
        return self._start + len(self.segments) == self.n_places

    @property
    def n_bytes(self) -> int:
        return sum(array.nbytes for array in self._arrays)

    @property
    def _arrays(self) -> tuple[NDArray[Any], ...]:
        return self._spans, self._bin_spans, self._statistics, self._bin_statistics

    def append(self, segment: SealedSegment) -> None:
        place = self._start + len(self.segments)
        span_bins(segment.time, self._bin_spans[place])
        self._spans[place] = self._bin_spans[place, -1]
        self._min_ns = min(self._min_ns, int(segment.time[0]))
        self._max_ns = max(self._max_ns, int(segment.time[-1]))
        for column, name in enumerate(self._names):
            summarise(segment.columns[name], self._bin_statistics[column, place])
        self._statistics[:, place] = self._bin_statistics[:, place, :, -1]
        self.segments = (*self.segments, segment)

    def drop_first(self) -> None:
        self._start += 1
        self.segments = self.segments[1:]
        shown = self._spans[self._start : self._start + len(self.segments)]
        self._min_ns, self._max_ns = int(shown.min(initial=_FOREVER)), int(shown.max(initial=_NEVER))

    def moved(self) -> _Room:
        """Return the same segments in fresh arrays with half as many places again."""
        n = len(self.segments)
        n_places = n + n // 2 + 1
        room = _Room(self._names, n_places if 2 * n_places <= BLOCK_SEGMENTS else BLOCK_SEGMENTS)
        room.segments = self.segments
        room._min_ns, room._max_ns = self._min_ns, self._max_ns
        shown = slice(self._start, self._start + n)
        room._spans[:n], room._bin_spans[:n] = self._spans[shown], self._bin_spans[shown]
        room._statistics[:, :n] = self._statistics[:, shown]
        room._bin_statistics[:, :n] = self._bin_statistics[:, shown]
        return room

    def block(self) -> SealedBlock:
        shown = slice(self._start, self._start + len(self.segments))
        arrays = (
            self._spans[shown],
            self._bin_spans[shown],
            self._statistics[:, shown],
            self._bin_statistics[:, shown],
        )
        for array in arrays:
            array.flags.writeable = False
        return SealedBlock(self.segments, self._min_ns, self._max_ns, *arrays)
