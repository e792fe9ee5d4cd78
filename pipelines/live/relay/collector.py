"""What runs beside feeds where servers in other processes show them."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from typing import Final

import numpy as np

from pipelines.core.clock import NS_PER_SECOND, Clock
from pipelines.core.errors import SpecError, StreamshadeError
from pipelines.core.spec import View
from pipelines.live.feed import Feed
from pipelines.live.relay.outlet import Outlet
from pipelines.live.relay.relayed_view import RelayedView
from pipelines.live.relay.sent import Totals
from pipelines.live.relay.snapshots import packed
from pipelines.live.relay.words import (
    SENT,
    STATE,
    Answer,
    FeedState,
    LookWanted,
    Names,
    News,
    Row,
    RowWanted,
    Sent,
    Snapshot,
    State,
    Wants,
    encode,
    key_of,
    names_topic,
    read_ask,
    snapshot_topic,
    view_topic,
)
from pipelines.live.streams.stream import Look, ViewStream

__all__ = ["SILENT_NS", "Collector"]

_LOG: Final = logging.getLogger(__name__)

SILENT_NS: Final = 8 * NS_PER_SECOND
"""A server that has said nothing for so long has gone: four times as long as they are silent."""

_STATE_NS: Final = NS_PER_SECOND // 10
_SNAPSHOTS_NS: Final = NS_PER_SECOND // 4
_NAMES_NS: Final = 5 * NS_PER_SECOND
_BEAT_NS: Final = NS_PER_SECOND
"""How often at the most things are said, and how often at least the state is."""


class _Server:
    """What one server wants, and its looks."""

    def __init__(self, wants: Wants, heard_ns: int) -> None:
        self.wants, self.heard_ns = wants, heard_ns
        self.looks: dict[int, tuple[LookWanted, Look]] = {}


class Collector:
    """Publishes what servers want of feeds.

    Parameters
    ----------
    feeds : mapping of str to Feed
        The feeds by name.
    outlet : Outlet
        The way to the servers.
    clock : Clock
        Paces what is said.
    post : callable
        Has a function called on the loop, soon. From any thread.
    workers : Executor
        Do what would hold up the loop.

    Notes
    -----
    *Threads.* One loop, but for `wake`, which any thread may call.
    """

    def __init__(
        self,
        feeds: Mapping[str, Feed],
        outlet: Outlet,
        *,
        clock: Clock,
        post: Callable[[Callable[[], None]], None],
        workers: Executor,
    ) -> None:
        self.epoch = secrets.randbits(62)
        self._feeds, self._outlet, self._clock, self._post, self._workers = feeds, outlet, clock, post, workers
        self._servers: dict[str, _Server] = {}
        self._views: dict[str, RelayedView] = {}
        self._said: dict[object, object] = {}
        self._due_ns: dict[object, int] = {}
        self._totals = Totals()
        self._is_woken = False
        for feed in feeds.values():
            feed.wakes.add(self.wake)

    def wake(self) -> None:
        """Say that there may be new frames. Any thread; returns at once."""
        if not self._is_woken:
            self._is_woken = True
            self._post(self.beat)

    def receive(self, data: bytes) -> None:
        """Take what a server asks. What can't be read is logged, and nobody else is the worse for it."""
        try:
            ask = read_ask(data)
        except StreamshadeError as error:
            _LOG.error("%s", error)
            return
        if isinstance(ask, RowWanted):
            self._find_row(ask)
            return
        server = self._servers.setdefault(ask.server, _Server(ask, 0))
        self._totals.take(ask.server, ask.sent)
        server.wants, server.heard_ns = ask, self._clock.monotonic_ns()
        for key in ask.fresh:
            if key in self._views:
                self._views[key].freshen()
        self._reconcile()
        self.wake()

    def beat(self) -> None:
        """Say what is due."""
        self._is_woken = False
        now_ns = self._clock.monotonic_ns()
        gone = [name for name, server in self._servers.items() if now_ns - server.heard_ns > SILENT_NS]
        for name in gone:
            self._let_go(self._servers.pop(name))
            self._totals.forget(name)
        if gone:
            self._reconcile()
        for key, view in tuple(self._views.items()):
            self._tell_news(key, view, now_ns)
        for name, server in self._servers.items():
            self._tell_answers(name, server, now_ns)
        self._tell_state(now_ns)
        self._tell_sent(now_ns)
        self._tell_names(now_ns)
        self._tell_snapshots(now_ns)

    def close(self) -> None:
        """Let go of everything."""
        for feed in self._feeds.values():
            feed.wakes.discard(self.wake)
        for server in self._servers.values():
            self._let_go(server)
        self._servers.clear()
        self._reconcile()

    def _reconcile(self) -> None:
        """Have just those views and looks that are wanted."""
        wanted = {key: view for server in self._servers.values() for key, view in server.wants.views.items()}
        for key in self._views.keys() - wanted.keys():
            self._views.pop(key).stream.close()
        for key in wanted.keys() - self._views.keys():
            self._open(key, wanted[key])
        for server in self._servers.values():
            self._reconcile_looks(server)

    def _open(self, key: str, view: View) -> None:
        try:
            if key != key_of(view):
                raise SpecError(f"{key} is not what {view} is called")
            feed = self._feeds.get(view.feed)
            if feed is None:
                raise SpecError(f"there is no feed {view.feed!r} here")
            self._views[key] = RelayedView(key, feed.stream(view))
        except SpecError as error:
            self._outlet.publish(view_topic(key), encode(News(self.epoch, key, 0, 0, None, None, (), str(error))))

    def _reconcile_looks(self, server: _Server) -> None:
        for number, (wanted, look) in tuple(server.looks.items()):
            if server.wants.looks.get(number) != wanted or wanted.view not in self._views:
                look.close()
                del server.looks[number]
        for number in server.wants.looks.keys() - server.looks.keys():
            wanted = server.wants.looks[number]
            view = self._views.get(wanted.view)
            if view is None:
                continue
            try:
                server.looks[number] = wanted, view.stream.look(wanted.where, self.wake)
            except SpecError as error:
                self._outlet.send(server.wants.server, encode(Answer(number, b"", str(error))))

    def _let_go(self, server: _Server) -> None:
        for _, look in server.looks.values():
            look.close()
        server.looks.clear()

    def _tell_news(self, key: str, view: RelayedView, now_ns: int) -> None:
        news = view.news(now_ns)
        for each in news:
            self._outlet.publish(view_topic(key), encode(each))
        if view.stream.failure:
            self._views.pop(key).stream.close()

    def _tell_answers(self, name: str, server: _Server, now_ns: int) -> None:
        for number, (_, look) in server.looks.items():
            look.ask(now_ns)
            taken = look.take()
            if taken is not None:
                answer = Answer(number, b"", taken) if isinstance(taken, str) else Answer(number, taken)
                self._outlet.send(name, encode(answer))

    def _tell_state(self, now_ns: int) -> None:
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
        self._outlet.publish(STATE, encode(State(self.epoch, states)))

    def _tell_sent(self, now_ns: int) -> None:
        if self._servers and now_ns >= self._due_ns.get(SENT, 0):
            self._due_ns[SENT] = now_ns + _BEAT_NS
            self._outlet.publish(SENT, encode(Sent(self._totals.told())))

    def _tell_names(self, now_ns: int) -> None:
        for feed in self._feeds.values():
            topic = names_topic(feed.name)
            names = feed.dictionary.names
            if self._said.get(topic) == len(names) and now_ns < self._due_ns[topic]:
                continue
            self._said[topic], self._due_ns[topic] = len(names), now_ns + _NAMES_NS
            rows = {
                kind: np.fromiter((table.series(code) is not None for code in range(len(names))), np.uint8).tobytes()
                for kind, table in feed.tables.items()
            }
            self._outlet.publish(topic, encode(Names(self.epoch, feed.name, names, rows)))

    def _tell_snapshots(self, now_ns: int) -> None:
        wanted = {name for server in self._servers.values() for name in server.wants.snapshots}
        for name, aggregate, kind in wanted:
            feed, topic = self._feeds.get(name), snapshot_topic(name, aggregate, kind)
            snapshot = None if feed is None else feed.snapshot(aggregate, kind)
            if snapshot is None or self._said.get(topic) is snapshot or now_ns < self._due_ns.get(topic, 0):
                continue
            self._said[topic], self._due_ns[topic] = snapshot, now_ns + _SNAPSHOTS_NS
            n_names = len(self._feeds[name].dictionary)
            self._outlet.publish(topic, encode(Snapshot(self.epoch, n_names, name, aggregate, kind, packed(snapshot))))

    def _picture(self, wanted: RowWanted) -> ViewStream | Look | None:
        if wanted.look is None:
            view = self._views.get(wanted.view)
            return None if view is None else view.stream
        server = self._servers.get(wanted.server)
        looked = None if server is None else server.looks.get(wanted.look)
        return None if looked is None else looked[1]

    def _find_row(self, wanted: RowWanted) -> None:
        picture = self._picture(wanted)
        if picture is None:
            self._outlet.send(wanted.server, encode(Row(wanted.call, {})))
            return

        def find() -> None:
            row: dict[str, str] = {}
            try:
                row = picture.row_at(wanted.time_ns, wanted.value)
            except Exception:
                _LOG.exception("a row could not be found")
            self._post(lambda: self._outlet.send(wanted.server, encode(Row(wanted.call, row))))

        self._workers.submit(find)
