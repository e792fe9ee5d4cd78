from __future__ import annotations

from pipelines.core.spec import FiguresSpec
from pipelines.views.market_choice import MarketChoice
from pipelines.views.page.browser import Browser
from pipelines.views.quote_strip import QuoteStrip
from tests.views.fakes import FakeFeed


def strip_of(feed: FakeFeed, symbol: str = "A") -> QuoteStrip:
    choice = MarketChoice([feed], Browser())
    choice.symbol = symbol
    return QuoteStrip(choice)


def test_the_browser_gets_the_figures_of_what_is_chosen_and_the_session_sends_none() -> None:
    feed = FakeFeed()
    feed.trade("A", 1.0)
    strip = strip_of(feed)
    assert list(strip._pane._views.values()) == [FiguresSpec("market", "A")]
    before = strip._pane.view
    feed.trade("A", 7.0)
    feed.clock.advance(seconds=9)
    assert not strip.update()
    assert strip._pane.view == before
    strip._choice.symbol = "B"
    assert strip.update()
    assert list(strip._pane._views.values()) == [FiguresSpec("market", "B")]


def test_before_there_is_a_symbol_the_browser_is_told_what_is_waited_for() -> None:
    view = strip_of(FakeFeed("demo"), "")._pane.view
    assert (view["feed"], view["symbol"], view["what"], view["quoted"]) == ("demo", "", "trade", True)


def test_sensors_have_no_quotes() -> None:
    view = strip_of(FakeFeed(kinds=("readings",)), "boiler")._pane.view
    assert (view["what"], view["quoted"]) == ("row", False)


def test_times_follow_the_chosen_zone() -> None:
    strip = strip_of(FakeFeed())
    name = strip._pane.view["name"]
    strip._choice.zone = "Asia/Tokyo"
    assert strip.update()
    assert (strip._pane.zone, strip._pane.view["name"]) == ("Asia/Tokyo", name)
