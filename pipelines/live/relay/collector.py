"""What runs beside feeds where servers in other processes show them."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from typing import Final

from pipelines.core.clock import NS_PER_SECOND, Clock
from pipelines.core.errors import SpecError, StreamshadeError
from pipelines.core.spec import View
from pipelines.live.feed import Feed
from pipelines.live.relay.feeds_told import FeedsTold
from pipelines.live.relay.outlet import Outlet
from pipelines.live.relay.relayed_view import RelayedView
from pipelines.live.relay.rows_found import RowsFound
from pipelines.live.relay.sent import Totals
from pipelines.live.relay.words import (
    Answer,
    LookWanted,
    News,
    RowWanted,
    Sent,
    Wants,
    encode,
    key_of,
    read_ask,
    sent_topic,
    view_topic,
)
from pipelines.live.streams.stream import Look, ViewStream

__all__ = ["SILENT_NS", "Collector"]

_LOG: Final = logging.getLogger(__name__)

SILENT_NS: Final = 8 * NS_PER_SECOND
"""A server that has said nothing for so long has gone: four times as long as they are silent."""

_SENT_NS: Final = NS_PER_SECOND
_COMPLAIN_NS: Final = 5 * NS_PER_SECOND
"""How often at the most that is said."""

_WENT_WRONG: Final = "something went wrong: see the collector's log"


class _Server:
    """What one server wants, and its looks."""

    def __init__(self, wants: Wants, heard_ns: int) -> None:
        self.wants, self.heard_ns = wants, heard_ns
        self.looks: dict[int, tuple[LookWanted, Look]] = {}
        self.refused: dict[int, LookWanted] = {}


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
    *Threads.* One loop, but for `wake`, which any thread may call. What goes wrong with one thing that is wanted is
    logged, and keeps nobody from the others.
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
        self._feeds, self._outlet, self._clock, self._post = feeds, outlet, clock, post
        self._servers: dict[str, _Server] = {}
        self._views: dict[str, RelayedView] = {}
        self._feeds_told = FeedsTold(feeds, outlet, epoch=self.epoch)
        self._sent_ns = self._complain_ns = 0
        self._totals: dict[str, Totals] = {}
        self._rows = RowsFound(outlet, post=post, workers=workers)
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
            if isinstance(ask, RowWanted):
                self._find_row(ask)
            else:
                self._take(ask)
        except StreamshadeError as error:
            _LOG.error("%s", error)
        except Exception:
            _LOG.exception("what a server asks for could not be done")

    def _take(self, wants: Wants) -> None:
        server = self._servers.setdefault(wants.server, _Server(wants, 0))
        server.wants, server.heard_ns = wants, self._clock.monotonic_ns()
        if wants.sent is not None:
            self._totals.setdefault(wants.group, Totals()).take(wants.server, wants.sent)
        for key in wants.fresh:
            if key in self._views:
                self._views[key].freshen()
        self._reconcile()
        self.wake()

    def beat(self) -> None:
        """Say what is due."""
        self._is_woken = False
        now_ns = self._clock.monotonic_ns()
        self._forget_who_is_gone(now_ns)
        for key, view in tuple(self._views.items()):
            self._tell_news(key, view, now_ns)
        for name, server in self._servers.items():
            self._tell_answers(name, server, now_ns)
        self._tell_sent(now_ns)
        self._tell_feeds(now_ns)

    def close(self) -> None:
        """Let go of everything."""
        for feed in self._feeds.values():
            feed.wakes.discard(self.wake)
        for server in self._servers.values():
            self._let_go(server)
        self._servers.clear()
        self._reconcile()

    def _forget_who_is_gone(self, now_ns: int) -> None:
        gone = [name for name, server in self._servers.items() if now_ns - server.heard_ns > SILENT_NS]
        for name in gone:
            server = self._servers.pop(name)
            self._let_go(server)
            if (totals := self._totals.get(server.wants.group)) is not None:
                totals.forget(name)
        if gone:
            there = {server.wants.group for server in self._servers.values()}
            self._totals = {group: totals for group, totals in self._totals.items() if group in there}
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
            self._fail(key, str(error))
        except Exception:
            _LOG.exception("%s could not be drawn", view)
            self._fail(key, _WENT_WRONG)

    def _fail(self, key: str, reason: str) -> None:
        """Tell those who want a view that it is not drawn: them alone, for who asks later may get it."""
        news = encode(News(self.epoch, key, 0, 0, None, None, (), reason))
        for name, server in self._servers.items():
            if key in server.wants.views:
                self._outlet.send(name, news)

    def _reconcile_looks(self, server: _Server) -> None:
        for number, (wanted, look) in tuple(server.looks.items()):
            if server.wants.looks.get(number) != wanted or wanted.view not in self._views:
                look.close()
                del server.looks[number]
        looks = server.wants.looks
        server.refused = {number: wanted for number, wanted in server.refused.items() if looks.get(number) == wanted}
        for number in looks.keys() - server.looks.keys() - server.refused.keys():
            self._look(server, number, looks[number])

    def _look(self, server: _Server, number: int, wanted: LookWanted) -> None:
        view = self._views.get(wanted.view)
        if view is None:
            return
        try:
            server.looks[number] = wanted, view.stream.look(wanted.where, self.wake)
        except SpecError as error:
            self._refuse(server, number, wanted, str(error))
        except Exception:
            _LOG.exception("%s can't be looked at", wanted)
            self._refuse(server, number, wanted, _WENT_WRONG)

    def _refuse(self, server: _Server, number: int, wanted: LookWanted, reason: str) -> None:
        server.refused[number] = wanted
        self._outlet.send(server.wants.server, encode(Answer(number, b"", reason)))

    def _let_go(self, server: _Server) -> None:
        for _, look in server.looks.values():
            look.close()
        server.looks.clear()

    def _tell_news(self, key: str, view: RelayedView, now_ns: int) -> None:
        failure = view.stream.failure
        try:
            for each in () if failure else view.news(now_ns):
                self._outlet.publish(view_topic(key), encode(each))
        except Exception:
            _LOG.exception("a view could not be told of")
            failure = _WENT_WRONG
        if failure:
            self._fail(key, failure)
            self._views.pop(key).stream.close()
            for server in self._servers.values():
                self._reconcile_looks(server)

    def _tell_answers(self, name: str, server: _Server, now_ns: int) -> None:
        for number, (wanted, look) in tuple(server.looks.items()):
            try:
                look.ask(now_ns)
                taken = look.take()
            except Exception:
                _LOG.exception("%s can't be looked at any more", wanted)
                look.close()
                del server.looks[number]
                self._refuse(server, number, wanted, _WENT_WRONG)
                continue
            if taken is not None:
                answer = Answer(number, b"", taken) if isinstance(taken, str) else Answer(number, taken)
                self._outlet.send(name, encode(answer))

    def _tell_feeds(self, now_ns: int) -> None:
        told = self._feeds_told
        snapshots = {name for server in self._servers.values() for name in server.wants.snapshots}
        try:
            told.tell_state(now_ns)
            if self._servers:
                told.tell_names(now_ns)
                told.tell_snapshots(snapshots, now_ns)
        except Exception:
            if now_ns >= self._complain_ns:
                self._complain_ns = now_ns + _COMPLAIN_NS
                _LOG.exception("servers could not be told how the feeds stand")

    def _tell_sent(self, now_ns: int) -> None:
        if now_ns >= self._sent_ns:
            self._sent_ns = now_ns + _SENT_NS
            for group, totals in self._totals.items():
                self._outlet.publish(sent_topic(group), encode(Sent(totals.told())))

    def _find_row(self, wanted: RowWanted) -> None:
        picture: ViewStream | Look | None = None
        if wanted.look is None:
            view = self._views.get(wanted.view)
            picture = None if view is None else view.stream
        elif (server := self._servers.get(wanted.server)) is not None and wanted.look in server.looks:
            picture = server.looks[wanted.look][1]
        self._rows.find(wanted, picture)
