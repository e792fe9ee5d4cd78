"""How feeds stand, what their keys are called and what aggregates hold, told to servers as often as it is worth it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import numpy as np

from pipelines.core.clock import NS_PER_SECOND
from pipelines.live.feed import Feed
from pipelines.live.relay.outlet import Outlet
from pipelines.live.relay.snapshots import IS_SENT, packed
from pipelines.live.relay.words import (
    STATE,
    FeedState,
    Names,
    Snapshot,
    State,
    encode,
    names_topic,
    snapshot_topic,
)

__all__ = ["FeedsTold"]

_STATE_NS: Final = NS_PER_SECOND // 10
_SNAPSHOTS_NS: Final = NS_PER_SECOND // 4
"""How often at the most things are said."""

_NAME_NS: Final = 20_000
"""Names are said once in so long a name, for each time all are."""

_BEAT_NS: Final = NS_PER_SECOND
_AGAIN_NS: Final = 5 * NS_PER_SECOND
"""How often at least the state is said, and all else that is kept for servers to come: it may have got lost."""


class FeedsTold:
    """Tells servers of feeds.

    Parameters
    ----------
    feeds : mapping of str to Feed
        The feeds by name.
    outlet : Outlet
        The way to the servers.
    epoch : int
        The collector's.

    Notes
    -----
    *Threads.* One.
    """

    def __init__(self, feeds: Mapping[str, Feed], outlet: Outlet, *, epoch: int) -> None:
        self._feeds, self._outlet, self._epoch = feeds, outlet, epoch
        self._said: dict[str, object] = {}
        self._due_ns: dict[str, int] = {}

    def tell_state(self, now_ns: int) -> None:
        """Tell how they stand, where that has changed or was long ago. `now_ns` is monotonic."""
        if now_ns < self._due_ns.get(STATE, 0):
            return
        generations = tuple(feed.generation for feed in self._feeds.values())
        if self._said.get(STATE) == generations and now_ns < self._due_ns[STATE] + _BEAT_NS:
            return
        self._said[STATE], self._due_ns[STATE] = generations, now_ns + _STATE_NS
        states = tuple(
            FeedState(feed.kinds, feed.generation, feed.skew_ns, feed.newest_ns, feed.status())
            for feed in self._feeds.values()
        )
        self._outlet.publish(STATE, encode(State(self._epoch, states)))

    def tell_names(self, now_ns: int) -> None:
        """Tell the names of all keys."""
        for feed in self._feeds.values():
            topic = names_topic(feed.name)
            n_names, due_ns = len(feed.dictionary), self._due_ns.get(topic, 0)
            if now_ns < due_ns + (_AGAIN_NS if self._said.get(topic) == n_names else 0):
                continue
            names = feed.dictionary.names
            self._said[topic], self._due_ns[topic] = len(names), now_ns + len(names) * _NAME_NS
            rows = {
                kind: np.fromiter((table.series(code) is not None for code in range(len(names))), np.uint8).tobytes()
                for kind, table in feed.tables.items()
            }
            self._outlet.publish(topic, encode(Names(self._epoch, feed.name, names, rows)))

    def tell_snapshots(self, wanted: Iterable[tuple[str, str, str]], now_ns: int) -> None:
        """Tell what aggregates hold: feed, aggregate and kind of what is wanted."""
        for name, aggregate, kind in wanted:
            if aggregate not in IS_SENT:
                continue
            feed, topic = self._feeds.get(name), snapshot_topic(name, aggregate, kind)
            snapshot = None if feed is None else feed.snapshot(aggregate, kind)
            due_ns = self._due_ns.get(topic, 0) + (_AGAIN_NS if self._said.get(topic) is snapshot else 0)
            if snapshot is None or now_ns < due_ns:
                continue
            self._said[topic], self._due_ns[topic] = snapshot, now_ns + _SNAPSHOTS_NS
            n_names = len(self._feeds[name].dictionary)
            self._outlet.publish(topic, encode(Snapshot(self._epoch, n_names, name, aggregate, kind, packed(snapshot))))
