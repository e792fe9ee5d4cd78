"""A feed of another process, as the pages of this one see it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from pipelines.core.clock import NS_PER_SECOND, Clock
from pipelines.core.dictionary import UNKNOWN, Dictionary
from pipelines.core.ledger import LedgerSnapshot
from pipelines.core.spec import View
from pipelines.live.frames.frame import Frame
from pipelines.live.relay.snapshots import unpacked
from pipelines.live.relay.words import FeedState, Names, Snapshot
from pipelines.live.status import FeedStatus
from pipelines.live.streams.stream import ViewStream
from pipelines.sources.contract import SourceStatus

if TYPE_CHECKING:
    from pipelines.live.relay.remote_feeds import RemoteFeeds

__all__ = ["STALE_NS", "RemoteFeed"]

STALE_NS: Final = 3 * NS_PER_SECOND
"""A collector that says nothing for so long is not there: it says something every second."""

_FORGOTTEN_NS: Final = 10 * NS_PER_SECOND
"""How long a snapshot is sent after somebody has asked for it."""


class RemoteFeed:
    """What a page needs of a `Feed`: names, figures, how it stands, and views.

    Parameters
    ----------
    feeds : RemoteFeeds
        The connection.
    state : FeedState
        How it stands now.
    clock : Clock
        Where the time comes from.

    Attributes
    ----------
    dictionary : Dictionary
        Names of keys, as the collector knows them.
    wakes : set of callable
        Called, by the connection's thread, when there is something new.

    Notes
    -----
    *Threads.* Any; what comes is taken in by the connection's thread.
    """

    def __init__(self, feeds: RemoteFeeds, state: FeedState, *, clock: Clock) -> None:
        self.name = state.status.name
        self.clock = clock
        self.dictionary = Dictionary()
        self.wakes: set[Callable[[], None]] = set()
        self._feeds = feeds
        self._state = state
        self._heard_ns = clock.monotonic_ns()
        self._rows: dict[str, bytes] = {}
        self._names_epoch = 0
        self._snapshots: dict[tuple[str, str], Any] = {}
        self._early: dict[tuple[str, str], Snapshot] = {}
        self._asked_ns: dict[tuple[str, str], int] = {}

    @property
    def kinds(self) -> tuple[str, ...]:
        """Which kinds of rows there may be."""
        return self._state.kinds

    @property
    def generation(self) -> int:
        """Changes each time something was published."""
        return self._state.generation

    @property
    def ledger(self) -> LedgerSnapshot:
        """What became of every record."""
        return self._state.status.ledger

    @property
    def skew_ns(self) -> int:
        """How far the source's clock is ahead of ours, as the collector estimates it."""
        return self._state.skew_ns

    @property
    def has_names(self) -> bool:
        """Whether names of keys have come."""
        return self._names_epoch != 0

    def live_edge_ns(self) -> int:
        """Return what time it is at the source."""
        return self.clock.now_ns() + self.skew_ns

    def shown_edge_ns(self) -> int:
        """Return the time that a following picture ends at, as `Feed` does."""
        edge_ns, newest_ns = self.live_edge_ns(), self._state.newest_ns
        return edge_ns if newest_ns is None else min(edge_ns, newest_ns + NS_PER_SECOND)

    def has_rows(self, kind: str, key: str) -> bool:
        """Tell whether there are rows of a kind and key, or were some seconds ago."""
        code, rows = self.dictionary.find(key), self._rows.get(kind, b"")
        return code != UNKNOWN and code < len(rows) and bool(rows[code])

    def snapshot(self, aggregate: str, kind: str) -> Any:
        """Return an aggregate's newest snapshot; None before the first came, which is sent from now on."""
        name = aggregate, kind
        is_new = name not in self._asked_ns
        self._asked_ns[name] = self.clock.monotonic_ns()
        if is_new:
            self._feeds.tell_wants()
        return self._snapshots.get(name)

    def status(self) -> FeedStatus:
        """Return how the feed stands; where the collector is silent, that its source is not connected."""
        status = self._state.status
        silent_ns = self.clock.monotonic_ns() - self._heard_ns
        if silent_ns < STALE_NS:
            return status
        detail = f"no word from the collector for {silent_ns // NS_PER_SECOND} s: is it running?"
        return replace(
            status,
            source=SourceStatus("connecting", detail),
            records_per_second=MappingProxyType(dict.fromkeys(status.records_per_second, 0.0)),
        )

    def stream(self, view: View) -> ViewStream:
        """Begin to send a view. Where it can't be, its stream says so."""
        return self._feeds.open(view)

    def still(self, view: View, timeout_s: float) -> Frame | None:
        """None: pictures come to browsers as messages only."""
        return None

    def wanted_snapshots(self) -> Iterable[tuple[str, str, str]]:
        """Return the snapshots that somebody has asked for lately: feed, aggregate and kind."""
        now_ns = self.clock.monotonic_ns()
        for name, asked_ns in tuple(self._asked_ns.items()):
            if now_ns - asked_ns < _FORGOTTEN_NS:
                yield self.name, *name
            else:
                del self._asked_ns[name]

    def take_state(self, state: FeedState) -> None:
        """Take in how it stands."""
        self._state, self._heard_ns = state, self.clock.monotonic_ns()

    def take_names(self, names: Names) -> None:
        """Take in all names. Those that were there before keep their codes, unless the collector was started anew."""
        if self.dictionary.names != names.names[: len(self.dictionary)]:
            self._snapshots = {}
            self.dictionary = Dictionary()
        self.dictionary.encode(names.names)
        self._rows, self._names_epoch = names.rows, names.epoch
        for early in tuple(self._early.values()):
            self.take_snapshot(early)

    def take_snapshot(self, snapshot: Snapshot) -> None:
        """Take in what an aggregate holds; where names of its keys are on their way, once these have come."""
        name = snapshot.aggregate, snapshot.kind
        if snapshot.epoch != self._names_epoch or snapshot.n_names > len(self.dictionary):
            self._early[name] = snapshot
        else:
            self._early.pop(name, None)
            self._snapshots[name] = unpacked(snapshot.aggregate, snapshot.content)

    def forget(self) -> None:
        """Forget what was said before the collector was started anew."""
        self._snapshots, self._early, self._rows = {}, {}, {}

    def wake(self) -> None:
        """Tell those who wait that there is something new."""
        for wake in tuple(self.wakes):
            wake()
