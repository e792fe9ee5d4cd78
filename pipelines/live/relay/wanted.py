"""What somebody in this process looks at of feeds elsewhere."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from itertools import chain

from pipelines.core.spec import View
from pipelines.live.relay.remote_stream import RemoteLook, RemoteStream
from pipelines.live.relay.words import STATE, LookWanted, Wants, names_topic, sent_topic, snapshot_topic, view_topic

__all__ = ["Wanted", "topics_of"]


class Wanted:
    """Streams of views, and looks at ranges.

    Parameters
    ----------
    numbers : iterator of int
        Gives the numbers that answers come under.

    Notes
    -----
    *Threads.* Any.
    """

    def __init__(self, numbers: Iterator[int]) -> None:
        self._numbers = numbers
        self._streams: dict[str, list[RemoteStream]] = {}
        self._looks: dict[int, RemoteLook] = {}
        self._lock = threading.Lock()

    def add(self, stream: RemoteStream) -> None:
        """Want a view."""
        with self._lock:
            self._streams.setdefault(stream.key, []).append(stream)

    def remove(self, stream: RemoteStream) -> None:
        """Want a view no more, for one who did."""
        with self._lock:
            streams = self._streams.get(stream.key, [])
            if stream in streams:
                streams.remove(stream)
            if not streams:
                self._streams.pop(stream.key, None)

    def look(self, look: RemoteLook) -> int:
        """Want a range; returns its number."""
        number = next(self._numbers)
        with self._lock:
            self._looks[number] = look
        return number

    def look_again(self, look: RemoteLook) -> None:
        """Want a range under another number, so that it is drawn again, where it is wanted."""
        with self._lock:
            if self._looks.pop(look.number, None) is not None:
                look.number = next(self._numbers)
                self._looks[look.number] = look

    def look_away(self, look: RemoteLook) -> None:
        """Want a range no more."""
        with self._lock:
            self._looks.pop(look.number, None)

    def streams_of(self, key: str) -> tuple[RemoteStream, ...]:
        """Return the streams of a view."""
        with self._lock:
            return tuple(self._streams.get(key, ()))

    def look_of(self, number: int) -> RemoteLook | None:
        """Return the look that answers under a number are for."""
        return self._looks.get(number)

    def lose_all(self) -> None:
        """Take notice that something may have been missed of everything."""
        with self._lock:
            for stream in chain.from_iterable(self._streams.values()):
                stream.is_lacking = True
            looks = tuple(self._looks.values())
        for look in looks:
            self.look_again(look)

    def told(self) -> tuple[dict[str, View], dict[int, LookWanted], tuple[str, ...]]:
        """Return the views by their keys, the ranges by their numbers, and the keys of views that lack something."""
        with self._lock:
            views = {key: streams[0].view for key, streams in self._streams.items()}
            looks = {number: LookWanted(look.stream.key, look.where) for number, look in self._looks.items()}
            fresh = tuple(key for key, streams in self._streams.items() if any(stream.is_lacking for stream in streams))
        return views, looks, fresh


def topics_of(wants: Wants, *, feeds: Iterable[str]) -> frozenset[str]:
    """Return where what a server wants is said, and how these feeds stand."""
    sent = (sent_topic(wants.group),) if wants.group else ()
    snapshots = (snapshot_topic(*name) for name in wants.snapshots)
    return frozenset((STATE, *sent, *map(names_topic, feeds), *snapshots, *map(view_topic, wants.views)))
