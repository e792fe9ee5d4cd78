"""Pieces of segments and pages, and how they become the rows of a range."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from pipelines.store.sealed import SealedBlock
from pipelines.store.segment import SealedSegment

__all__ = [
    "FOREVER",
    "NEVER",
    "Piece",
    "Spans",
    "arrived_between",
    "before",
    "from_then",
    "in_order",
    "sorted_between",
    "within",
]

NEVER: Final = np.iinfo(np.int64).min
FOREVER: Final = np.iinfo(np.int64).max


class _Columns(Protocol):
    def __getitem__(self, name: str, /) -> NDArray[Any]: ...


@dataclass(frozen=True, slots=True)
class Piece:
    """Some rows of one segment, of the pages, or of other pieces."""

    columns: _Columns
    rows: slice | NDArray[Any]

    def __getitem__(self, name: str) -> NDArray[Any]:
        values: NDArray[Any] = self.columns[name][self.rows]
        return values

    def __len__(self) -> int:
        return len(self["time"])


@dataclass(frozen=True, slots=True)
class _Joined:
    """Pieces one after the other."""

    pieces: list[Piece]

    def __getitem__(self, name: str) -> NDArray[Any]:
        return np.concatenate([piece[name] for piece in self.pieces])


@dataclass(frozen=True, slots=True)
class Spans:
    """How many rows there are in some spans of time, over which they are taken to be spread evenly.

    Parameters
    ----------
    times : int64[n, 2]
        Event times of the oldest and the newest row of each.
    n_rows : int64[n]
        How many rows there are in each.
    """

    times: NDArray[np.int64]
    n_rows: NDArray[np.int64]

    def until(self, start_ns: int, end_ns: int, n_rows: int) -> int:
        """Return `end_ns`, or a time between that and `start_ns` up to which there are at most `n_rows` rows.

        It is later than `start_ns`, and so there may be more all the same.
        """
        oldest, newest = self.times.T
        density = self.n_rows / (newest - oldest + 1)
        first, last = np.maximum(oldest, start_ns) - start_ns, np.minimum(newest, end_ns - 1) - start_ns
        span_ns = end_ns - start_ns
        while span_ns > 1 and (density * np.maximum(np.minimum(last + 1, span_ns) - first, 0)).sum() > n_rows:
            span_ns //= 2
        return start_ns + span_ns


def _between(time: NDArray[np.int64], start_ns: int, end_ns: int) -> slice:
    start, end = time.searchsorted(np.array([start_ns, end_ns], np.int64))
    return slice(int(start), int(end))


def sorted_between(columns: Mapping[str, NDArray[Any]], start_ns: int, end_ns: int) -> Piece:
    """Return the rows of `columns` with ``start_ns <= time < end_ns``, stably sorted by time."""
    time = columns["time"]
    if (time[:-1] <= time[1:]).all():
        return Piece(columns, _between(time, start_ns, end_ns))
    order = time.argsort(kind="stable")
    return Piece(columns, order[_between(time[order], start_ns, end_ns)])


def within(block: SealedBlock, start_ns: int, end_ns: int) -> Iterator[Piece]:
    """Yield the rows of a block with ``start_ns <= time < end_ns``, a piece a segment that has any."""
    if block.min_ns >= end_ns or block.max_ns < start_ns:
        return
    oldest, newest = block.spans.T
    for place in np.flatnonzero((oldest < end_ns) & (newest >= start_ns)).tolist():
        segment = block.segments[place]
        rows = _between(segment.time, start_ns, end_ns)
        if rows.start < rows.stop:
            yield Piece(segment.columns, rows)


def before(block: SealedBlock, time_ns: int) -> int:
    """Return the newest event time of a block that is older than `time_ns`, or `NEVER`."""
    oldest, newest = block.spans.T
    found = int(newest[newest < time_ns].max(initial=NEVER))
    for place in np.flatnonzero((oldest < time_ns) & (newest >= time_ns)).tolist():
        times = block.segments[place].time
        found = max(found, int(times[times.searchsorted(time_ns) - 1]))
    return found


def from_then(block: SealedBlock, time_ns: int) -> int:
    """Return the oldest event time of a block that is not older than `time_ns`, or `FOREVER`."""
    oldest, newest = block.spans.T
    found = int(oldest[oldest >= time_ns].min(initial=FOREVER))
    for place in np.flatnonzero((oldest < time_ns) & (newest >= time_ns)).tolist():
        times = block.segments[place].time
        found = min(found, int(times[times.searchsorted(time_ns)]))
    return found


def arrived_between(segment: SealedSegment, start: int, end: int) -> Piece:
    """Return the rows of a segment that arrived as number `start` to `end`, in order of arrival."""
    rows = slice(max(start - segment.first_row, 0), max(end - segment.first_row, 0))
    return Piece(segment.columns, rows if segment.arrival is None else segment.arrival[rows])


def in_order(pieces: list[Piece]) -> list[Piece]:
    """Return pieces that follow one another in time, of pieces that came one after the other and are sorted each.

    A row stays where it is if none that came before is newer, and none that came after is older. What lies between such
    rows is tangled, and sorted.
    """
    oldest = np.array([piece["time"][0] for piece in pieces], np.int64)
    newest = np.array([piece["time"][-1] for piece in pieces], np.int64)
    if (newest[:-1] <= oldest[1:]).all():
        return pieces
    before = [NEVER, *np.maximum.accumulate(newest)[:-1].tolist()]
    after = [*np.minimum.accumulate(oldest[::-1])[::-1][1:].tolist(), FOREVER]
    ordered: list[Piece] = []
    tangled: list[Piece] = []
    for piece, newest_before, oldest_after in zip(pieces, before, after, strict=True):
        start = int(piece["time"].searchsorted(newest_before))
        end = int(piece["time"].searchsorted(oldest_after, side="right"))
        if start >= end:
            tangled.append(piece)
            continue
        ordered.append(_sorted([*tangled, Piece(piece, slice(start))]))
        ordered.append(Piece(piece, slice(start, end)))
        tangled = [Piece(piece, slice(end, None))]
    return [*ordered, _sorted(tangled)]


def _sorted(pieces: list[Piece]) -> Piece:
    joined = _Joined(pieces)
    return Piece(joined, joined["time"].argsort(kind="stable"))
