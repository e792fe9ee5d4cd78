"""The feeds of a collector, as a server sees them: one connection, and what is wanted over it."""

from __future__ import annotations

import itertools
import logging
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from functools import singledispatchmethod
from typing import Final

from pipelines.core.clock import NS_PER_SECOND, Clock
from pipelines.core.errors import SourceError, StreamshadeError
from pipelines.core.spec import View
from pipelines.live.broadcast.counts import ViewCounts
from pipelines.live.relay.outlet import Inlet
from pipelines.live.relay.remote_feed import STALE_NS, RemoteFeed
from pipelines.live.relay.remote_stream import RemoteLook, RemoteStream
from pipelines.live.relay.sent import SentOf, counts_of, sent_of
from pipelines.live.relay.wanted import Wanted, topics_of
from pipelines.live.relay.words import (
    Answer,
    Names,
    News,
    Row,
    RowWanted,
    Sent,
    Snapshot,
    State,
    Told,
    Wants,
    encode,
    key_of,
    read_told,
)

__all__ = ["RemoteFeeds"]

_LOG: Final = logging.getLogger(__name__)

_REPEAT_S: Final = 2.0
"""How often a server says what it wants though nothing has changed."""

_GATHER_S: Final = 0.005
"""What changes within this time is said together."""

_ROW_S: Final = 2.0
_SENT_NS: Final = NS_PER_SECOND

_TIMES_NS: Final = 1 << 62
"""No row is further from 1970."""


class RemoteFeeds:
    """Feeds by name, in the order that their collector has them in.

    Parameters
    ----------
    inlet : Inlet
        The way to the collector.
    server : str
        What this server is called there.
    clock : Clock
        Where the time comes from.
    group : str
        What the processes that serve at one port have in common; empty where there is one only.

    Attributes
    ----------
    is_one_of_several : bool
        Whether other processes serve at the same port.
    sent_here : callable
        Gives what this process has sent, by what views are called; told to the others. From any thread.

    Notes
    -----
    *Threads.* Any. What comes is taken in by the inlet's thread, what is wanted is told by one of ours.
    """

    def __init__(self, inlet: Inlet, *, server: str, clock: Clock, group: str = "") -> None:
        self._inlet, self._server, self._clock, self._group = inlet, server, clock, group
        self._feeds: dict[str, RemoteFeed] = {}
        self.is_one_of_several = bool(group)
        self.sent_here: Callable[[], Mapping[str, ViewCounts]] = dict
        self._sent: Mapping[str, SentOf] = {}
        self._epoch = 0
        self._began_ns = self._sent_ns = 0
        self._heard_ns: int | None = None
        self._calls: dict[int, Future[dict[str, str]]] = {}
        self._numbers = itertools.count(secrets.randbits(40))
        self._wanted = Wanted(self._numbers)
        self._known = threading.Event()
        self._changed = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def __iter__(self) -> Iterator[RemoteFeed]:
        return iter(tuple(self._feeds.values()))

    def __len__(self) -> int:
        return len(self._feeds)

    def __getitem__(self, name: str) -> RemoteFeed:
        return self._feeds[name]

    def start(self) -> None:
        """Connect, and go on connecting for as long as it is not stopped."""
        if self._thread is None:
            self._stopping.clear()
            self._began_ns = self._clock.monotonic_ns()
            self._inlet.start(self._receive, self._lost)
            self._thread = threading.Thread(target=self._tell, name="relay-wants", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Let go of the connection."""
        if self._thread is not None:
            self._stopping.set()
            self._changed.set()
            self._thread.join()
            self._thread = None
            self._inlet.stop()

    def wait(self, timeout_s: float) -> None:
        """Wait until feeds and the names of their keys are known, at the most until so long after the start.

        Raises
        ------
        SourceError
            Where the collector has said nothing in that time.
        """
        waited_s = (self._clock.monotonic_ns() - self._began_ns) / NS_PER_SECOND
        if not self._known.wait(max(timeout_s - waited_s, 0.0)):
            raise SourceError(f"no collector answers at {self._inlet}: is it running, and what does it say?")

    def sent_by_all(self) -> dict[str, ViewCounts]:
        """Return what all processes at this port have sent, by what views are called, some seconds ago."""
        return {label: counts_of(sent) for label, sent in self._sent.items()}

    def open(self, view: View) -> RemoteStream:
        """Begin to listen to a view."""
        stream = RemoteStream(self, key_of(view), view)
        self._wanted.add(stream)
        self.tell_wants()
        return stream

    def leave(self, stream: RemoteStream) -> None:
        """Listen to a view no more, for one who did."""
        self._wanted.remove(stream)
        self.tell_wants()

    def look(self, look: RemoteLook) -> int:
        """Have a range drawn; returns the number that its answers come under."""
        number = self._wanted.look(look)
        self.tell_wants()
        return number

    def look_again(self, look: RemoteLook) -> None:
        """Have a range drawn again, where it is wanted."""
        self._wanted.look_again(look)
        self.tell_wants()

    def look_away(self, look: RemoteLook) -> None:
        """Want a range no more."""
        self._wanted.look_away(look)
        self.tell_wants()

    def row_at(self, view: str, look: int | None, time_ns: int, value: float) -> dict[str, str]:
        """Return the row under a place, waiting for the answer; empty where none comes in time, or can."""
        if self.silent_ns() >= STALE_NS or abs(time_ns) > _TIMES_NS:
            return {}
        call, future = next(self._numbers), Future[dict[str, str]]()
        self._calls[call] = future
        try:
            self._inlet.ask(encode(RowWanted(self._server, call, view, look, time_ns, value)))
            return future.result(_ROW_S)
        except FutureTimeoutError:
            return {}
        finally:
            self._calls.pop(call, None)

    def silent_ns(self) -> int:
        """Return for how long the collector has said nothing."""
        heard_ns = self._began_ns if self._heard_ns is None else self._heard_ns
        return self._clock.monotonic_ns() - heard_ns

    def tell_wants(self) -> None:
        """Say soon what is wanted."""
        self._changed.set()

    def say_wants(self) -> None:
        """Say now what is wanted."""
        wants = self._wants()
        self._inlet.listen(topics_of(wants, feeds=self._feeds))
        self._inlet.ask(encode(wants))

    def _tell(self) -> None:
        while not self._stopping.is_set():
            try:
                self.say_wants()
            except Exception:  # next time something else may be wanted
                _LOG.exception("the collector could not be told what is wanted")
                self._stopping.wait(_REPEAT_S)
            if self._changed.wait(_REPEAT_S):
                self._stopping.wait(_GATHER_S)
                self._changed.clear()

    def _wants(self) -> Wants:
        snapshots = tuple(name for feed in self for name in feed.wanted_snapshots())
        views, looks, fresh = self._wanted.told()
        return Wants(self._server, self._group, views, looks, snapshots, fresh, self._sent_since())

    def _sent_since(self) -> dict[str, SentOf] | None:
        now_ns = self._clock.monotonic_ns()
        if not self.is_one_of_several or now_ns - self._sent_ns < _SENT_NS:
            return None
        self._sent_ns = now_ns
        return {label: sent_of(counts) for label, counts in dict(self.sent_here()).items()}

    def _receive(self, data: bytes) -> None:
        try:
            self._take(read_told(data))
        except StreamshadeError as error:
            _LOG.error("%s", error)
        except Exception:
            _LOG.exception("what the collector says can't be taken in")

    def _lost(self) -> None:
        """Ask for all anew: the connection was lost, and whatever was said meanwhile."""
        self._wanted.lose_all()
        self.tell_wants()

    @singledispatchmethod
    def _take(self, told: Told) -> None:
        raise TypeError(type(told).__name__)

    @_take.register
    def _(self, told: State) -> None:
        self._heard_ns = self._clock.monotonic_ns()
        if told.epoch != self._epoch:
            self._epoch = told.epoch
            for feed in self:
                feed.forget()
        for state in told.feeds:
            known = self._feeds.get(state.status.name)
            if known is not None:
                known.take_state(state)
        states = {state.status.name: state for state in told.feeds}
        if tuple(states) != tuple(self._feeds):
            self._feeds = {
                name: self._feeds.get(name) or RemoteFeed(self, state, clock=self._clock)
                for name, state in states.items()
            }
            self.tell_wants()

    @_take.register
    def _(self, told: Sent) -> None:
        self._sent = told.views

    @_take.register
    def _(self, told: Names) -> None:
        if told.feed in self._feeds:
            self._feeds[told.feed].take_names(told)
        if all(feed.has_names for feed in self):
            self._known.set()

    @_take.register
    def _(self, told: Snapshot) -> None:
        if told.feed in self._feeds and told.epoch == self._epoch:
            self._feeds[told.feed].take_snapshot(told)

    @_take.register
    def _(self, told: News) -> None:
        streams = self._wanted.streams_of(told.view)
        for stream in streams:
            stream.deliver(told)
        if streams and streams[0].view.feed in self._feeds:
            self._feeds[streams[0].view.feed].wake()

    @_take.register
    def _(self, told: Answer) -> None:
        look = self._wanted.look_of(told.look)
        if look is not None:
            look.deliver(told)

    @_take.register
    def _(self, told: Row) -> None:
        call = self._calls.get(told.call)
        if call is not None and not call.done():
            call.set_result(told.row)
