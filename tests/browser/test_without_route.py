"""A page that believes in `/frames` where nothing answers there: behind a proxy, or served by hand."""

from __future__ import annotations

import threading
from typing import Final

from playwright.sync_api import Browser, expect

from pipelines.core.clock import SystemClock
from pipelines.views.ticks.picture import TickPicture
from tests.browser.served_here import served_here
from tests.browser.tick_server import RANGES, figure_on
from tests.live.hand_feed import HandFeed
from tests.waiting import wait_until

PATIENCE_MS: Final = 30_000


def test_after_three_tries_the_picture_comes_over_the_document(chromium: Browser) -> None:
    feed, stopping = HandFeed(clock=SystemClock()), threading.Event()

    def write() -> None:
        while not stopping.wait(0.05):
            feed.add([feed.clock.now_ns()], [100.0])

    writer = threading.Thread(target=write)
    writer.start()
    pictures: list[TickPicture] = []

    def page() -> TickPicture:
        pictures.append(TickPicture(feed, key="BTC", span_ns=20_000_000_000))
        return pictures[-1]

    with served_here({"ticks": page}) as address, chromium.new_context() as visitor:
        tab = visitor.new_page()
        errors: list[str] = []
        tried: list[str] = []
        tab.on("pageerror", lambda error: errors.append(str(error)))
        tab.on("websocket", lambda socket: tried.append(socket.url))
        tab.goto(f"{address}/ticks")
        figure_on(tab)
        expect(tab.get_by_text("Live", exact=True)).to_be_visible(timeout=PATIENCE_MS)
        end = tab.evaluate(RANGES)[1]
        wait_until(lambda: tab.evaluate(RANGES)[1] > end + 1_000)
        assert pictures[-1]._pane.route == "./frames"
        assert [url.rsplit("/", 1)[1] for url in tried if url.endswith("/frames")] == ["frames"] * 3
        n_tried = len(tried)
        tab.mouse.move(600, 250)
        tab.mouse.wheel(0, -300)
        expect(tab.get_by_text("rows in this time")).to_be_visible(timeout=PATIENCE_MS)
        assert len(tried) == n_tried
        assert errors == []
    stopping.set()
    writer.join()
