from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from bokeh.document import Document

from pipelines.core.clock import NS_PER_SECOND
from pipelines.core.spec import BarsSpec
from pipelines.views.candles.market_candles import MarketCandles
from pipelines.views.market_choice import MarketChoice
from pipelines.views.page.browser import Browser
from pipelines.views.page.theme import THEME
from tests.batches import readings
from tests.live.bars.bar_feed import BarFeed
from tests.views.fakes import FakeFeed

START = 1_723_118_400


class Page:
    """Candles of a choice, and their figure in a document."""

    def __init__(self, feed: FakeFeed, symbol: str = "A") -> None:
        self.browser = Browser()
        self.choice = MarketChoice([feed], self.browser)
        self.choice.symbol = symbol
        self.view = MarketCandles(self.choice, self.browser)
        self.pane, self.figure = self.view._pane, self.view._figure
        self.sent: list[Any] = []
        self.document = Document()
        self.document.add_root(self.figure.model)
        self.document.on_change(self.sent.append)

    @property
    def shown(self) -> list[BarsSpec]:
        """What the browser may ask for."""
        return list(self.pane._views.values())

    @property
    def words(self) -> str:
        return self.view._words.html if self.view._words.visible else ""


@pytest.fixture
def feed() -> BarFeed:
    feed = BarFeed()
    feed.add(START + np.arange(20), 10.0 + np.arange(20), symbol="A")
    feed.add(START + np.arange(20), 500.0, symbol="B")
    return feed


def test_the_browser_gets_the_bars_of_what_is_chosen(feed: BarFeed) -> None:
    page = Page(feed)
    assert page.shown == [BarsSpec("market", "trades", "A", "1s")]
    page.choice.symbol = "B"
    assert page.view.update()
    assert page.shown == [BarsSpec("market", "trades", "B", "1s")]
    page.choice.period = "5s"
    assert page.view.update()
    assert page.shown == [BarsSpec("market", "trades", "B", "5s")]
    assert [*page.pane._views] == [page.pane.view["name"]]


def test_the_session_sends_nothing_while_rows_come(feed: BarFeed) -> None:
    page = Page(feed)
    page.view.update()
    page.sent.clear()
    before = dict(page.pane.view)
    feed.add(START + 20 + np.arange(9), 7.0)
    assert not page.view.update()
    assert (page.sent, page.pane.view) == ([], before)


def test_times_are_those_of_the_zone(feed: BarFeed) -> None:
    page = Page(feed)
    page.choice.zone = "Asia/Kolkata"
    assert page.view.update()
    assert page.pane.zone == "Asia/Kolkata"


def test_another_symbol_is_followed_though_the_one_before_was_paused(feed: BarFeed) -> None:
    page = Page(feed)
    page.pane.following = False
    page.choice.zone = "Asia/Kolkata"
    page.view.update()
    assert not page.pane.following
    page.choice.symbol = "B"
    page.view.update()
    assert page.pane.following


def test_dark_and_light_have_the_colours_of_the_page(feed: BarFeed) -> None:
    page = Page(feed)
    for dark, name in ((True, "dark"), (False, "light")):
        page.browser.dark = dark
        page.view.update()
        palette = THEME[name]["palette"]
        assert page.figure._colours.palette == [palette["error"]["main"], palette["success"]["main"]]


def test_readings_have_candles_without_volume() -> None:
    feed = BarFeed(kinds=("readings",))
    key = feed.dictionary.encode_one("boiler")
    feed.write(readings((START + np.arange(5)) * NS_PER_SECOND, key=key, value=np.arange(5.0)))
    page = Page(feed, "boiler")
    assert page.shown == [BarsSpec("market", "readings", "boiler")]
    assert not page.pane.has_vwap
    assert not page.figure._volumes.visible
    assert page.figure._values.xaxis[0].visible
    assert page.figure._values.yaxis[0].axis_label == "value (sensor unit)"


def test_a_kind_without_bars_is_said_to_have_none_until_something_else_is_chosen() -> None:
    feed = FakeFeed()
    feed.quote("Q", 1.0, 2.0)
    feed.trade("T", 1.0)
    page = Page(feed, "Q")
    page.pane.failure = "there are no bars of quotes here"  # as its browser is told
    assert page.view.update()
    assert "There are no candles: there are no bars of quotes here." in page.words
    assert not page.view.update()
    page.choice.symbol = "T"
    assert page.view.update()
    assert page.words == ""


def test_words_stand_there_until_the_first_trade() -> None:
    feed = BarFeed()
    page = Page(feed)
    assert "begin with the first trade" in page.words
    assert page.pane.view == {}
    page.document.to_json()  # no property is without a value
    feed.add(START, 1.0)
    assert page.view.update()
    assert page.words == ""
    assert page.shown == [BarsSpec("market", "trades", "A")]
