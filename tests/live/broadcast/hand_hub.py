"""A hub whose loop and sockets are lists."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from typing import Any

import numpy as np

from pipelines.core.spec import View, ViewSpec
from pipelines.live.broadcast.hub import Hub
from pipelines.live.broadcast.ticket import Tickets
from tests.live.hand_feed import NOON_NS, HandFeed
from tests.live.wire.picture import Picture

__all__ = ["VIEW", "Client", "HandHub", "hub_with_rows", "now", "shows_the_newest"]

VIEW = ViewSpec("feed", "trades", "BTC", "price", n_columns=300, n_rows=40)


class AtOnce(Executor):
    """Works where it is asked to."""

    def submit(self, work: Callable[..., Any], /, *args: Any, **options: Any) -> Future[Any]:
        done: Future[Any] = Future()
        done.set_result(work(*args, **options))
        return done


class HandHub(Hub):
    """Serves one feed that a test fills, and sends when it is told to."""

    def __init__(self, feed: HandFeed, **options: Any) -> None:
        self.feed = feed
        self.posted: deque[Callable[[], None]] = deque()
        super().__init__(
            sources=lambda: {feed.name: feed},
            tickets=Tickets(b"secret", clock=feed.clock),
            clock=feed.clock,
            post=self.posted.append,
            workers=AtOnce(),
            **options,
        )

    def run(self) -> None:
        """Do what was posted."""
        while self.posted:
            self.posted.popleft()()

    def step(self, seconds: float = 1 / 30, **rows: Any) -> None:
        """Let time pass, perhaps with new rows, and send."""
        self.feed.clock.advance(seconds=seconds)
        if rows:
            self.feed.add(**rows)
        else:
            self.feed.publish()
        self.run()
        self.beat()


class Client:
    """A client, and its transport."""

    def __init__(self, hub: HandHub, *, views: Mapping[str, View] | None = None, is_welcome: bool = True) -> None:
        self.is_congested = False
        self.on_message: Callable[[], object] = lambda: None
        self.closed_for: str | None = None
        self.said: list[dict[str, Any]] = []
        self.messages: list[bytes] = []
        self.pictures: dict[int, Any] = {}
        self.kinds: dict[int, Callable[[], Any]] = {}
        self.answers: list[Picture] = []
        self.viewer = hub.connect(self)
        if is_welcome:
            self.say("hello", version=1, ticket=hub.tickets.mint(views or {"ticks": VIEW}))

    def say(self, kind: str, **fields: Any) -> None:
        """Send a message to the server."""
        self.viewer.receive(json.dumps({"type": kind, **fields}))

    def watch(self, pane: int = 0, *, view: str = "ticks", columns: int = 300, fps: int = 30) -> None:
        """Show a view in a pane."""
        self.say("subscribe", pane=pane, view=view, columns=columns, fps=fps)

    def send(self, message: bytes | str) -> None:
        """Take what the server sends: words are noted, pictures drawn."""
        assert self.closed_for is None
        if isinstance(message, str):
            self.said.append(json.loads(message))
            if self.said[-1]["type"] == "subscribed":
                pane = self.said[-1]["pane"]
                self.pictures[pane] = self.kinds.get(pane, Picture)()
            return
        self.messages.append(message)
        self.on_message()
        pane = int.from_bytes(message[2:4], "little")
        if message[0] == 2:
            self.answers.append(Picture())
            self.answers[-1].apply(message)
        else:
            self.pictures[pane].apply(message)

    def close(self, reason: str) -> None:
        """Note why the server cut it off."""
        self.closed_for = reason

    def paint(self, pane: int = 0) -> None:
        """Acknowledge the newest picture of a pane, as a browser does once it has painted it."""
        self.say("ack", pane=pane, generation=self.pictures[pane].generation)


def hub_with_rows() -> HandHub:
    """Return a hub of a feed that has 20 seconds of one symbol's rows."""
    feed = HandFeed(symbols=("BTC", "ETH"))
    feed.add(NOON_NS - np.arange(1_000)[::-1] * 20_000_000, 100.0 + np.arange(1_000) % 7)
    return HandHub(feed)


def shows_the_newest(client: Client, hub: HandHub, pane: int = 0) -> bool:
    """Tell whether a pane shows the newest frame of its view."""
    picture, frame = client.pictures[pane], hub.channels[VIEW].stream.frame
    return frame is not None and np.array_equal(picture.codes, frame.codes) and picture.newest_ns == frame.newest_ns


def now(hub: HandHub) -> dict[str, Any]:
    """Return a row of now, to be stored."""
    return {"time_ns": np.array([hub.feed.clock.now_ns()]), "price": 103.0}
