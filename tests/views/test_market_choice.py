from __future__ import annotations

import pytest

from pipelines.core.clock import NS_PER_SECOND
from pipelines.views.market_choice import MarketChoice
from pipelines.views.page.browser import Browser
from tests.views.fakes import FakeFeed


@pytest.fixture
def feed() -> FakeFeed:
    feed = FakeFeed()
    for symbol, n_trades in (("BTC-USD", 1), ("eth-usd", 3)):
        for _ in range(n_trades):
            feed.trade(symbol, 1.0)
    feed.clock.advance(seconds=1)
    return feed


@pytest.fixture
def choice(feed: FakeFeed) -> MarketChoice:
    return MarketChoice([feed], Browser())


def test_the_busiest_symbol_is_shown_where_none_was_asked_for(choice: MarketChoice) -> None:
    choice.update()
    assert (choice.symbol, choice.kind) == ("eth-usd", "trades")


def test_a_symbol_of_the_address_stays_even_before_its_first_row(choice: MarketChoice) -> None:
    choice._take({"symbol": "NEW"})
    choice.update()
    assert (choice.symbol, choice.kind) == ("NEW", None)


def test_what_an_address_can_not_mean_leaves_the_default(choice: MarketChoice) -> None:
    choice._take({"span": "7y", "draw": "<b>", "zone": "Mars", "feed_name": "gone", "symbol": 7})
    assert (choice.span, choice.draw, choice.zone, choice.feed_name) == ("1m", "points", "browser", "market")


def test_what_an_address_means_is_taken(choice: MarketChoice) -> None:
    choice._take({"span": "5m", "draw": "line", "zone": "Asia/Tokyo"})
    assert (choice.span_ns, choice.draw, choice.zone_name) == (300 * NS_PER_SECOND, "line", "Asia/Tokyo")


@pytest.mark.parametrize(("typed", "meant"), [("btc-usd", "BTC-USD"), (" ETH-USD ", "eth-usd"), ("xyz", "xyz")])
def test_typing_a_symbol_finds_it_whatever_the_case(choice: MarketChoice, typed: str, meant: str) -> None:
    choice._search.value = typed
    assert choice.symbol == meant


def test_new_symbols_are_listed_when_they_come_and_not_sent_again(choice: MarketChoice, feed: FakeFeed) -> None:
    choice.update()
    assert not choice.update()
    feed.trade("NEW", 1.0)
    assert choice.update()
    assert "NEW" in choice._search.options


def test_another_feed_brings_its_own_symbols(feed: FakeFeed) -> None:
    sensors = FakeFeed("sensors", kinds=("readings",))
    sensors.read("boiler", 1.0)
    choice = MarketChoice([feed, sensors], Browser())
    choice.update()
    choice.feed_name = "sensors"
    assert (choice.symbol, choice.kind, choice._search.options) == ("boiler", "readings", ["boiler"])


def test_a_feed_that_there_is_not_costs_no_symbol(choice: MarketChoice) -> None:
    choice.symbol = "NEW"
    choice.param.update(feed_name="gone", symbol="NEW")
    choice.update()
    assert (choice.feed_name, choice.symbol) == ("market", "NEW")
