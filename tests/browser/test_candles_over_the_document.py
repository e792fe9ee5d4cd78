"""Candles and tape in a real browser, on a server without the route, of a feed that a test fills."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.request import Request, urlopen

import numpy as np
import panel as pn
import pytest
from playwright.sync_api import Page, expect
from tornado.web import RequestHandler

from pipelines.views.candles.market_candles import MarketCandles
from pipelines.views.market_choice import MarketChoice
from pipelines.views.page.frame import PageFrame
from pipelines.views.tape import Tape
from pipelines.views.ticks import linked
from tests.browser.conftest import OpenTab
from tests.browser.test_candles import PATIENCE_MS, shown
from tests.live.bars.bar_feed import BarFeed
from tests.servers import free_port
from tests.waiting import wait_until

START = 1_723_118_400
LABEL = """[...Bokeh.documents[0]._all_models.values()].find((model) => model.name?.endsWith(" volumes"))
  .below[0].axis_label"""

Add = Callable[..., None]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    feed = BarFeed()
    feed.add(START + np.arange(200), 10.0 + np.arange(200) % 7, symbol="A")
    feed.add(START + np.arange(20), 500.0, symbol="B")

    class Adding(RequestHandler):
        def post(self) -> None:
            feed.add(**json.loads(self.request.body))

    def page() -> None:
        def compose(frame: PageFrame) -> list[Any]:
            choice = MarketChoice([feed], frame.browser)
            choice.keep_in_address()
            return [choice, Tape(choice), MarketCandles(choice, frame.browser)]

        PageFrame("market", compose).servable()

    port = free_port()
    server = pn.serve(
        {"market": page},
        port=port,
        address="127.0.0.1",
        threaded=True,
        show=False,
        verbose=False,
        extra_patterns=[(r"/add", Adding)],
    )
    with pytest.MonkeyPatch.context() as patched:  # other tests have imported the routes, which counts as served
        patched.setattr(linked, "_ROUTES", "no routes")
        yield f"http://127.0.0.1:{port}"
    server.stop()


@pytest.fixture
def add(address: str) -> Add:
    def add(seconds: float, price: float, **row: Any) -> None:
        """One trade more."""
        words = json.dumps({"seconds": START + seconds, "price": price, **row}).encode()
        urlopen(Request(f"{address}/add", words), timeout=10).close()

    return add


@pytest.fixture
def open_market(address: str, open_tab: OpenTab) -> Callable[..., Page]:
    def open_market(query: str, **options: Any) -> Page:
        tab = open_tab(f"{address}/market?zone=UTC&{query}", height=1_300, loses_server=True, **options)
        tab.locator(".bk-Figure").first.wait_for(timeout=PATIENCE_MS)
        wait_until(lambda: len(shown(tab)["close"]) > 0, 30)
        return tab

    return open_market


def prices(tab: Page) -> list[str]:
    return [text for text in tab.locator("td[data-label=price]").all_inner_texts() if text]


def test_what_comes_is_shown_at_once_with_its_time_in_the_zone_that_is_chosen(
    open_market: Callable[..., Page], add: Add
) -> None:
    tab = open_market("symbol=B&period=5s")
    wait_until(lambda: prices(tab) == ["500"] * 20)
    assert shown(tab)["volume"] == [5.0] * 4
    add(19.5, 501.25, symbol="B", size=2.0)
    wait_until(lambda: prices(tab)[:2] == ["501.25", "500.00"])
    wait_until(lambda: shown(tab)["close"][-1] == 501.25)
    assert shown(tab)["volume"] == [5.0, 5.0, 5.0, 7.0]
    newest = tab.locator("td[data-label=time]").first
    expect(newest).to_have_text("12:00:19.500000")
    assert tab.evaluate(LABEL) == "8 Aug 2024, UTC"
    tab.get_by_role("combobox", name="Times in").click()
    tab.get_by_text("Mumbai").click()
    expect(newest).to_have_text("17:30:19.500000", timeout=PATIENCE_MS)
    wait_until(lambda: tab.evaluate(LABEL) == "8 Aug 2024, Asia/Kolkata")


def test_a_zoom_stays_while_bars_go_on_and_another_symbol_is_followed(
    open_market: Callable[..., Page], add: Add
) -> None:
    tab = open_market("symbol=A")
    wait_until(lambda: len(shown(tab)["close"]) == 200)
    figure = tab.locator(".bk-Figure").first.bounding_box()
    assert figure is not None
    left, right, low, high = shown(tab)["range"]
    assert 30 <= right - left <= 125
    assert low < 10 < 16 < high
    middle = figure["x"] + figure["width"] / 2, figure["y"] + figure["height"] / 2
    tab.mouse.move(*middle)
    tab.mouse.wheel(0, -300)
    expect(tab.get_by_text("Paused - reset to follow")).to_be_visible()
    zoomed = shown(tab)["range"]
    add(200, 90.0, symbol="A")
    wait_until(lambda: shown(tab)["close"][-1] == 90.0)
    assert shown(tab)["range"] == zoomed
    tab.get_by_role("button", name="Follow").click()
    wait_until(lambda: shown(tab)["range"][3] > 90)
    assert shown(tab)["range"][1] == right + 1
    tab.mouse.move(*middle)
    tab.mouse.wheel(0, -300)
    expect(tab.get_by_text("Paused - reset to follow")).to_be_visible()
    search = tab.get_by_role("combobox", name="Symbol")
    search.fill("B")
    search.press("Enter")
    wait_until(lambda: shown(tab)["range"][2] > 400)
    expect(tab.get_by_text("Paused - reset to follow")).to_have_count(0)


def test_few_bars_are_shown_on_a_narrow_screen(open_market: Callable[..., Page]) -> None:
    tab = open_market("symbol=A", width=400)
    wait_until(lambda: 30 <= np.diff(shown(tab)["range"][:2])[0] <= 52)
