"""A collector and servers whose connections are lists: nothing happens until a test says so."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from pipelines.core.spec import ViewSpec
from pipelines.live.relay.collector import Collector
from pipelines.live.relay.remote_feed import RemoteFeed
from pipelines.live.relay.remote_feeds import RemoteFeeds
from pipelines.live.streams.stream import ViewStream
from tests.at_once import AtOnce
from tests.live.wire.picture import Picture

__all__ = ["VIEW", "HandCollector", "HandServer", "Viewer"]

VIEW = ViewSpec("market", "trades", "BTC", "price", n_columns=300, n_rows=40)


class HandOutlet:
    """What a collector said, for servers to take."""

    def __init__(self) -> None:
        self.newest: dict[str, bytes] = {}
        self.inlets: list[HandInlet] = []
        self.failure = ""

    def publish(self, topic: str, message: bytes) -> None:
        if not topic.startswith("view:"):
            self.newest[topic] = message
        for inlet in self.inlets:
            if topic in inlet.topics and not inlet.is_deaf:
                inlet.waiting.append(message)

    def send(self, server: str, message: bytes) -> None:
        for inlet in self.inlets:
            if inlet.server == server:
                inlet.waiting.append(message)


class HandInlet:
    """One server's end."""

    def __init__(self, server: str) -> None:
        self.server = server
        self.topics: frozenset[str] = frozenset()
        self.waiting: deque[bytes] = deque()
        self.is_deaf = False
        self.collector: HandCollector | None = None
        self.receive: Callable[[bytes], None] = lambda _: None

    def start(self, receive: Callable[[bytes], None], lost: Callable[[], None]) -> None:
        self.receive = receive

    def listen(self, topics: frozenset[str]) -> None:
        assert self.collector is not None
        newest = self.collector.outlet.newest
        self.waiting.extend(newest[topic] for topic in topics - self.topics if topic in newest)
        self.topics = topics

    def ask(self, message: bytes) -> None:
        assert self.collector is not None
        self.collector.receive(message)

    def stop(self) -> None:
        self.topics = frozenset()


class HandCollector(Collector):
    """Collects one feed, which a test fills, and beats when it is told to."""

    def __init__(self, feed: Any) -> None:
        self.feed = feed
        self.outlet = HandOutlet()
        self.posted: deque[Callable[[], None]] = deque()
        super().__init__({feed.name: feed}, self.outlet, clock=feed.clock, post=self.posted.append, workers=AtOnce())

    def run(self) -> None:
        """Beat, and do what was posted."""
        self.beat()
        while self.posted:
            self.posted.popleft()()


class HandServer(RemoteFeeds):
    """A server of one collector."""

    def __init__(self, collector: HandCollector, name: str = "one", *, group: str = "") -> None:
        self.inlet = HandInlet(name)
        super().__init__(self.inlet, server=name, clock=collector.feed.clock, group=group)
        self.inlet.start(self._receive, self._lost)
        self.connect(collector)
        self.exchange()
        self.exchange()

    def connect(self, collector: HandCollector) -> None:
        """Go over to a collector, which may be another one than before."""
        self.collector = self.inlet.collector = collector
        collector.outlet.inlets = [*(i for i in collector.outlet.inlets if i.server != self.inlet.server), self.inlet]
        self.inlet.topics = frozenset()

    def exchange(self) -> None:
        """Say what is wanted, and take what is said."""
        self.say_wants()
        self.collector.run()
        self.take()

    def take(self) -> None:
        """Take what was said."""
        while self.inlet.waiting:
            self.inlet.receive(self.inlet.waiting.popleft())

    @property
    def feed(self) -> RemoteFeed:
        """The one feed."""
        (feed,) = self
        return feed


class Viewer:
    """Somebody who is sent a view, as a pane is."""

    def __init__(self, stream: ViewStream) -> None:
        self.stream = stream
        self.picture = Picture()
        self.sizes: list[int] = []

    def look(self) -> Picture:
        """Take what is new."""
        self.stream.poll(0)
        if self.stream.generation > self.picture.generation:
            for message in self.stream.messages(self.picture.generation):
                self.picture.apply(message)
                self.sizes.append(len(message))
            assert self.picture.generation == self.stream.generation
        return self.picture
