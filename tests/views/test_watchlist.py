from __future__ import annotations

import re

from pipelines.views.watchlist import Watchlist
from tests.views.fakes import FakeFeed


def names(watchlist: Watchlist) -> list[str]:
    return re.findall(r'title="([^"]*)"', watchlist._html.html)


def test_rows_are_by_pace_and_on_demand_by_name() -> None:
    feed = FakeFeed()
    for symbol, n_trades in (("A", 1), ("C", 3), ("B", 5)):
        for _ in range(n_trades):
            feed.trade(symbol, 1.0)
    feed.clock.advance(seconds=1)
    watchlist = Watchlist(feed)
    assert names(watchlist) == ["B", "C", "A"]
    watchlist._order.value = "By name"
    assert names(watchlist) == ["A", "B", "C"]


def test_nothing_is_drawn_while_nothing_came_and_no_second_has_passed() -> None:
    feed = FakeFeed()
    feed.trade("A", 1.0)
    watchlist = Watchlist(feed)
    assert not watchlist.update()
    feed.trade("A", 2.0)
    assert watchlist.update()


def test_rows_keep_their_place_from_one_update_to_the_next() -> None:
    feed = FakeFeed()
    feed.trade("A", 1.0)
    feed.trade("B", 1.0)
    watchlist = Watchlist(feed)
    before = names(watchlist)
    for _ in range(50):
        feed.trade(before[-1], 1.0)
    feed.clock.advance(seconds=1)
    watchlist.update()
    assert names(watchlist) == before


def test_a_price_keeps_its_decimals_when_the_last_one_needs_fewer() -> None:
    feed = FakeFeed()
    feed.trade("A", 1.25)
    watchlist = Watchlist(feed)
    feed.trade("A", 2.0)
    watchlist.update()
    assert ">2.00<" in watchlist._html.html


def test_a_hostile_name_stays_text_and_its_link_leads_to_it() -> None:
    feed = FakeFeed()
    feed.trade('<b>"&x', 1.0)
    html = Watchlist(feed)._html.html
    assert "<b>" not in html
    assert "symbol=%3Cb%3E%22%26x" in html


def test_a_feed_of_sensors_is_listed_without_spread() -> None:
    feed = FakeFeed(kinds=("readings",))
    feed.read("boiler", 71.5)
    html = Watchlist(feed)._html.html
    assert "Sensor" in html
    assert "71.5" in html


def test_an_empty_feed_says_so() -> None:
    assert "Nothing has come yet" in Watchlist(FakeFeed())._html.html


def test_what_does_not_fit_is_counted() -> None:
    feed = FakeFeed()
    for number in range(60):
        feed.trade(f"S{number}", 1.0)
    html = Watchlist(feed)._html.html
    assert html.count("<tr><td>") == 50
    assert "10 more" in html
