from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from bokeh.document import Document

from pipelines.core.clock import NS_PER_SECOND
from pipelines.views.candles.market_candles import MarketCandles
from pipelines.views.market_choice import MarketChoice
from pipelines.views.page.browser import Browser
from pipelines.views.page.theme import THEME
from tests.batches import readings
from tests.views.candles.bar_feed import BarFeed
from tests.views.fakes import FakeFeed

START = 1_723_118_400


class Page:
    """Candles of a choice, in a document."""

    def __init__(self, feed: FakeFeed, symbol: str = "A") -> None:
        self.browser = Browser()
        self.choice = MarketChoice([feed], self.browser)
        self.choice.symbol = symbol
        self.view = MarketCandles(self.choice, self.browser)
        self.figure = self.view._figure
        self.sent: list[Any] = []
        self.document = Document()
        self.document.add_root(self.figure.model)
        self.document.on_change(self.sent.append)

    def shown(self, name: str) -> list[Any]:
        return list(self.figure.source.data[name])

    @property
    def words(self) -> str:
        return self.view._words.html if self.view._words.visible else ""


@pytest.fixture
def feed() -> BarFeed:
    feed = BarFeed()
    feed.add(START + np.arange(20), 10.0 + np.arange(20), symbol="A")
    feed.add(START + np.arange(20), 500.0, symbol="B")
    return feed


def test_candles_and_volumes_go_on_as_trades_come(feed: BarFeed) -> None:
    page = Page(feed)
    assert page.shown("close")[-1] == 29.0
    feed.add([START + 19.5, START + 20], [40.0, 41.0], size=2.0)
    assert page.view.update()
    assert page.shown("close")[-2:] == [40.0, 41.0]
    assert page.shown("volume")[-2:] == [3.0, 2.0]


def test_the_first_picture_has_its_ranges(feed: BarFeed) -> None:
    figure = Page(feed).figure
    x_range, y_range = figure._values.x_range, figure._values.y_range
    assert [x_range.start, y_range.start, x_range.end, y_range.end] == figure.state.home
    assert y_range.start < 10 < 29 < y_range.end


def test_nothing_is_sent_while_nothing_came_of_what_is_shown(feed: BarFeed) -> None:
    page = Page(feed)
    while page.view.update():
        pass
    feed.add(START + 19.5, 7.0, symbol="B")
    page.sent.clear()
    assert not page.view.update()
    assert page.sent == []


def test_another_symbol_or_period_shows_its_own_bars(feed: BarFeed) -> None:
    page = Page(feed)
    page.choice.symbol = "B"
    assert page.view.update()
    assert set(page.shown("close")) == {500.0}
    _, bottom, _, top = page.figure.state.home
    assert 499 < bottom < 500 < top < 501
    page.choice.period = "5s"
    page.view.update()
    assert page.shown("volume") == [5.0] * 4


def test_times_are_those_of_the_zone(feed: BarFeed) -> None:
    page = Page(feed)
    page.choice.zone = "Asia/Kolkata"
    assert page.view.update()
    assert page.shown("time")[0] == START + 5.5 * 3_600
    assert page.figure._volumes.xaxis[0].axis_label == "8 Aug 2024, Asia/Kolkata"


def test_the_ranges_stay_while_it_is_paused_and_follow_again(feed: BarFeed) -> None:
    page = Page(feed)
    home = page.figure.state.home
    page.figure.state.following = False
    assert "Paused" in page.view._head.html
    feed.add(START + 20, 900.0)
    page.view.update()
    assert page.figure.state.home == home
    assert page.shown("close")[-1] == 900.0
    page.figure.state.following = True
    page.view.update()
    assert page.figure.state.home[2] == home[2] + 1
    assert page.figure.state.home[3] > 900


def test_another_symbol_is_followed_though_the_one_before_was_paused(feed: BarFeed) -> None:
    page = Page(feed)
    page.figure.state.following = False
    page.choice.symbol = "B"
    page.view.update()
    assert page.figure.state.following
    assert "Paused" not in page.view._head.html


def test_a_range_hardly_moves_while_values_do(feed: BarFeed) -> None:
    page = Page(feed)
    _, bottom, _, top = page.figure.state.home
    feed.add(START + 19.5, 29.5)
    page.view.update()
    assert page.figure.state.home[1::2] == [bottom, top]


def test_few_bars_are_shown_on_a_narrow_screen(feed: BarFeed) -> None:
    feed.add(START + np.arange(20, 200), 10.0)
    page = Page(feed)
    page.figure.state.width_px = 280
    feed.add(START + 200, 10.0)
    page.view.update()
    left, _, right, _ = page.figure.state.home
    assert 40 < right - left < 45


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
    assert page.shown("close") == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert not page.figure._volumes.visible
    assert page.figure._values.xaxis[0].visible
    assert page.figure._values.yaxis[0].axis_label == "value (sensor unit)"


def test_a_kind_without_bars_is_said_to_have_none() -> None:
    feed = FakeFeed(kinds=("quotes",))
    feed.quote("A", 1.0, 2.0)
    page = Page(feed)
    assert "There are no candles of quotes." in page.words
    assert not page.view.update()


def test_words_stand_there_until_the_first_trade() -> None:
    feed = BarFeed()
    page = Page(feed)
    assert "begin with the first trade" in page.words
    page.document.to_json()  # no property is without a value
    feed.add(START, 1.0)
    assert page.view.update()
    assert page.words == ""
    assert page.shown("close") == [1.0]
