"""Sessions end: what a closed tab had is freed."""

from __future__ import annotations

import gc
import logging
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import panel as pn
import pytest
from playwright.sync_api import Browser, expect

from pipelines.views.candles.market_candles import MarketCandles
from pipelines.views.dead_letters import DeadLetters
from pipelines.views.feed_cards import FeedCards
from pipelines.views.ledger_table import LedgerTable
from pipelines.views.market_choice import MarketChoice
from pipelines.views.market_picture import MarketPicture
from pipelines.views.page.frame import PageFrame
from pipelines.views.quote_strip import QuoteStrip
from pipelines.views.tape import Tape
from pipelines.views.watchlist import Watchlist
from tests.servers import free_port
from tests.views.fakes import FakeFeed
from tests.waiting import wait_until

frames: list[tuple[str, weakref.ref[PageFrame]]] = []


def page_of(feed: Any, name: str) -> Callable[[], None]:
    def compose(frame: PageFrame) -> list[Any]:
        if name == "overview":
            return [FeedCards([feed]), Watchlist(feed)]
        choice = MarketChoice([feed], frame.browser)
        choice.keep_in_address()
        picture = MarketPicture(choice, frame.browser)
        return [
            choice,
            QuoteStrip(choice),
            (picture, Tape(choice)),
            MarketCandles(choice, frame.browser),
            LedgerTable([feed]),
            DeadLetters([feed], frame.browser),
        ]

    def page() -> None:
        frame = PageFrame(name, compose)
        frames.append((name, weakref.ref(frame)))
        frame.servable()

    return page


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    feed, stopping = FakeFeed(), threading.Event()
    feed.trade("A", 1.0)

    def write() -> None:
        while not stopping.wait(0.05):
            feed.clock.advance(seconds=0.05)
            feed.trade("A", 1.0 + feed.generation)

    writer = threading.Thread(target=write)
    writer.start()
    port = free_port()
    server = pn.serve(
        {name: page_of(feed, name) for name in ("overview", "market")},
        port=port,
        address="127.0.0.1",
        threaded=True,
        show=False,
        verbose=False,
        check_unused_sessions_milliseconds=200,
        unused_session_lifetime_milliseconds=200,
    )
    # What is logged is kept by pytest, and with it what it speaks of: Tornado's complaint that a tab left while
    # something was sent to it has a traceback, Panel's word of an event the event.
    before = logging.root.manager.disable
    logging.disable()
    yield f"http://127.0.0.1:{port}"
    logging.disable(before)
    server.stop()
    stopping.set()
    writer.join()


@pytest.mark.parametrize("page", ["overview", "market"])
def test_a_closed_tab_leaves_nothing_behind(page: str, address: str, chromium: Browser) -> None:
    for _ in range(4):
        tab = chromium.new_page()
        tab.goto(f"{address}/{page}")
        shown = tab.locator({"overview": "td.number", "market": ".last"}[page]).first
        expect(shown).not_to_have_text(shown.inner_text(timeout=30_000), timeout=30_000)
        tab.close()
    wait_until(lambda: gc.collect() >= 0 and n_alive(page) <= 1, 30, what="sessions are freed")


def n_alive(page: str) -> int:
    """Count a page's frames that are still there. A task of Panel's own remembers the first session of each page."""
    return sum(frame() is not None for name, frame in frames if name == page)
