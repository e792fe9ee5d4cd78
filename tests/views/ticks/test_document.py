"""Frames over the document of a page: one under way at a time, and the newest next."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import numpy as np
import pytest

from pipelines.core.clock import NS_PER_SECOND, ManualClock
from pipelines.core.spec import ViewSpec
from pipelines.live.broadcast.hub import Hub
from pipelines.views.ticks.document import DocumentViewers, _beats
from tests.live.hand_feed import NOON_NS, HandFeed
from tests.live.wire.picture import Picture

VIEW = ViewSpec("feed", "trades", "BTC", "price", 60 * NS_PER_SECOND)


class Browser:
    """What a browser does, by hand."""

    def __init__(self, feed: HandFeed, clock: ManualClock | None = None) -> None:
        self.got: list[Any] = []
        self.viewers = DocumentViewers(feed, {"1": VIEW}, self.got.append, clock=clock)

    def tell(self, **words: Any) -> None:
        self.viewers.hear({"client": "here", **words})

    def say(self, **words: Any) -> None:
        self.tell(text=json.dumps(words))

    def open(self) -> None:
        self.tell(opened=True)
        self.take_all()
        self.say(type="subscribe", pane=0, view="1", columns=600, fps=30)
        self.take_all()

    @property
    def pictures(self) -> list[bytes]:
        return [message["data"] for message in self.got if isinstance(message.get("data"), bytes)]

    def take_all(self) -> None:
        for message in self.got:
            if "data" in message and not message.get("taken"):
                message["taken"] = True
                self.tell(taken=True)


@pytest.fixture
def feed() -> HandFeed:
    feed = HandFeed()
    feed.add(NOON_NS - np.arange(1_000)[::-1] * NS_PER_SECOND // 20, 100 + np.sin(np.arange(1_000) / 40))
    return feed


def run(scenario: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(scenario(), 20))  # type: ignore[arg-type]


async def until(predicate: Callable[[], object]) -> None:
    while not predicate():
        await asyncio.sleep(0.01)


def hub_of(feed: HandFeed) -> Hub:
    (beat,) = _beats[feed].values()
    return beat._hub


def later(feed: HandFeed) -> None:
    feed.clock.advance(seconds=0.1)
    feed.add([feed.clock.now_ns()], [100.0])


def test_a_picture_comes_and_the_next_only_once_it_was_taken(feed: HandFeed) -> None:
    async def scenario() -> None:
        browser = Browser(feed)
        browser.open()
        await until(lambda: browser.pictures)
        (channel,) = hub_of(feed).channels.values()
        for _ in range(3):
            generation = channel.generation
            later(feed)
            await until(lambda: channel.generation > generation)  # noqa: B023 - it is called at once
        assert len(browser.pictures) == 1
        browser.take_all()
        await until(lambda: len(browser.pictures) == 2)
        picture = Picture()
        for message in browser.pictures:
            picture.apply(message)
        assert picture.newest_ns == feed.clock.now_ns()
        browser.viewers.close()

    run(scenario)


def test_words_are_answered_whatever_is_under_way(feed: HandFeed) -> None:
    async def scenario() -> None:
        browser = Browser(feed)
        browser.open()
        await until(lambda: browser.pictures)
        browser.say(type="ping", sent_ms=1.0)
        assert json.loads(browser.got[-1]["data"])["type"] == "pong"
        browser.viewers.close()

    run(scenario)


def test_who_closes_or_says_what_is_not_allowed_or_nothing_for_long_is_served_no_more(feed: HandFeed) -> None:
    async def scenario() -> None:
        clock = ManualClock(NOON_NS)
        browser = Browser(feed, clock)
        browser.open()
        browser.tell(closed=True)
        assert len(browser.viewers) == 0
        browser.open()
        browser.say(type="nonsense")
        assert browser.got[-1]["closed"]
        assert len(browser.viewers) == 0
        browser.open()
        clock.advance(seconds=91)
        await until(lambda: len(browser.viewers) == 0)
        browser.say(type="ping", sent_ms=1.0)
        assert browser.got[-1] == {"client": "here", "closed": ""}
        assert feed.wakes == set()

    run(scenario)


def test_a_browser_that_is_heard_from_in_another_thread_is_answered_on_the_loop(feed: HandFeed) -> None:
    async def scenario() -> None:
        browser, threads = Browser(feed), set()
        browser.viewers._tell = lambda message: (threads.add(threading.current_thread()), browser.got.append(message))
        elsewhere = threading.Thread(target=browser.open)
        elsewhere.start()
        await asyncio.to_thread(elsewhere.join)
        await until(lambda: browser.take_all() or browser.pictures)
        assert threads == {threading.current_thread()}
        browser.viewers.close()

    run(scenario)
