from __future__ import annotations

import math

import pytest

from pipelines.live.key_figures import busiest, key_figures, primary_kind
from tests.views.fakes import START_NS, FakeFeed


def test_a_traded_symbol_has_price_quote_rate_and_the_change_over_a_minute() -> None:
    feed = FakeFeed()
    for second in range(90):
        feed.trade("A", 100.0 + second)
        feed.clock.advance(seconds=1)
    feed.quote("A", 188.0, 188.5)
    figures = key_figures(feed, 0)
    assert figures is not None
    assert (figures.name, figures.kind, figures.value, figures.spread) == ("A", "trades", 189.0, 0.5)
    assert figures.per_second == pytest.approx(1.0)
    assert figures.change == 58.0  # the minute holds seconds 31 to 90, of which 89 is the last that came
    assert figures.share_of_change == pytest.approx(58 / 131)
    assert figures.newest_ns == START_NS + 90_000_000_000


def test_a_sensor_has_a_value_and_no_spread() -> None:
    feed = FakeFeed(kinds=("readings",))
    feed.read("boiler", -3.5)
    figures = key_figures(feed, 0)
    assert figures is not None
    assert (figures.kind, figures.value) == ("readings", -3.5)
    assert math.isnan(figures.spread)


def test_a_symbol_with_quotes_only_is_spoken_for_by_its_bid() -> None:
    feed = FakeFeed()
    feed.quote("A", 10.0, 11.0)
    figures = key_figures(feed, 0)
    assert figures is not None
    assert (figures.kind, figures.value) == ("quotes", 10.0)


def test_a_symbol_that_was_quiet_for_over_a_minute_has_no_change() -> None:
    feed = FakeFeed()
    feed.trade("A", 10.0)
    feed.clock.advance(seconds=120)
    figures = key_figures(feed, 0)
    assert figures is not None
    assert math.isnan(figures.change)
    assert math.isnan(figures.share_of_change)


def test_nothing_is_known_of_a_key_without_rows() -> None:
    feed = FakeFeed()
    feed.dictionary.encode_one("A")
    assert key_figures(feed, 0) is None
    assert primary_kind(feed, 0) is None


def test_the_busiest_come_first_and_no_more_than_wanted() -> None:
    feed = FakeFeed()
    for symbol, n_trades in (("A", 1), ("B", 5), ("C", 3)):
        for _ in range(n_trades):
            feed.trade(symbol, 1.0)
    feed.dictionary.encode_one("never seen")
    feed.clock.advance(seconds=1)
    assert busiest(feed, 2) == [1, 2]
    assert busiest(feed, 9) == [1, 2, 0]
