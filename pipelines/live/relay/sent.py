"""What the processes that serve at one port have sent to viewers, together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from pipelines.live.broadcast.counts import Delays, ViewCounts

__all__ = ["SentOf", "Totals", "counts_of", "sent_of"]

_N_RECENT: Final = 200


class _Delays(Struct, frozen=True, array_like=True):
    n_in_bucket: tuple[int, ...]
    total_ms: float
    recent_ms: tuple[float, ...]


class SentOf(Struct, frozen=True):
    """What was sent of one view, as `ViewCounts` has it; of single delays the newest 200."""

    n_viewers: int
    n_frames: dict[str, int]
    n_bytes: int
    n_dropped: int
    to_frame: _Delays
    to_pixel: _Delays


def sent_of(counts: ViewCounts) -> SentOf:
    """Return what can be told to others."""
    return SentOf(
        counts.n_viewers,
        dict(counts.n_frames),
        counts.n_bytes,
        counts.n_dropped,
        _delays_of(counts.to_frame),
        _delays_of(counts.to_pixel),
    )


class Totals:
    """Adds up what servers say. What one had sent that is gone now still counts; its viewers do not.

    Notes
    -----
    *Threads.* One.
    """

    def __init__(self) -> None:
        self._by_server: dict[str, Mapping[str, SentOf]] = {}
        self._gone: set[str] = set()

    def take(self, server: str, sent: Mapping[str, SentOf]) -> None:
        """Take in what a server has sent since it began, by what views are called. It may be one that was gone."""
        self._by_server[server] = sent
        self._gone.discard(server)

    def forget(self, server: str) -> None:
        """Take notice that a server is gone."""
        self._gone.add(server)

    def told(self) -> dict[str, SentOf]:
        """Return what all have sent."""
        totals: dict[str, ViewCounts] = {}
        for server, by_label in self._by_server.items():
            for label, sent in by_label.items():
                counts = totals.setdefault(label, ViewCounts())
                _add(counts, sent)
                counts.n_viewers -= sent.n_viewers if server in self._gone else 0
        return {label: sent_of(counts) for label, counts in totals.items()}


def counts_of(sent: SentOf) -> ViewCounts:
    """Return what was told, as what it was made of."""
    counts = ViewCounts()
    _add(counts, sent)
    return counts


def _add(counts: ViewCounts, sent: SentOf) -> None:
    counts.n_viewers += sent.n_viewers
    counts.n_frames.update(sent.n_frames)
    counts.n_bytes += sent.n_bytes
    counts.n_dropped += sent.n_dropped
    for ours, theirs in ((counts.to_frame, sent.to_frame), (counts.to_pixel, sent.to_pixel)):
        ours.add(theirs.n_in_bucket, theirs.total_ms, theirs.recent_ms)


def _delays_of(delays: Delays) -> _Delays:
    return _Delays(tuple(delays.n_in_bucket), delays.total_ms, tuple(delays.recent_ms[-_N_RECENT:]))
