from __future__ import annotations

import re

from pipelines.sources.contract import SourceStatus
from pipelines.views.market_choice import MarketChoice
from pipelines.views.page.browser import Browser
from pipelines.views.quote_strip import QuoteStrip
from tests.views.fakes import FakeFeed


def strip_of(feed: FakeFeed, symbol: str = "A") -> QuoteStrip:
    choice = MarketChoice([feed], Browser())
    choice.symbol = symbol
    return QuoteStrip(choice)


def facts(strip: QuoteStrip) -> dict[str, str]:
    found = re.findall(r"<dt>([^<]*)</dt><dd>(.*?)</dd>", strip._html.html)
    return {name: re.sub(r"<[^>]*>", "", value) for name, value in found}


def test_price_and_quote_have_the_same_decimals() -> None:
    feed = FakeFeed()
    feed.trade("A", 1_000.0)
    feed.quote("A", 999.5, 1_000.25)
    strip = strip_of(feed)
    assert ">1,000.00<" in strip._html.html
    assert (facts(strip)["Bid"], facts(strip)["Ask"], facts(strip)["Spread"]) == ("999.50", "1,000.25", "0.75")


def test_the_price_is_coloured_by_where_it_went() -> None:
    feed = FakeFeed()
    feed.trade("A", 10.0)
    strip = strip_of(feed)
    for value, look in ((11.0, "last up"), (11.0, "last up"), (9.0, "last down")):
        feed.trade("A", value)
        strip.update()
        assert look in strip._html.html


def test_another_symbol_does_not_count_as_a_move() -> None:
    feed = FakeFeed()
    feed.trade("A", 10.0)
    feed.trade("B", 99.0)
    strip = strip_of(feed)
    strip._choice.symbol = "B"
    strip.update()
    assert 'class="last "' in strip._html.html


def test_before_the_first_row_it_says_what_it_waits_for_and_why() -> None:
    feed = FakeFeed("demo")
    feed.source = SourceStatus("connecting", "connection refused, next try in 2 s")
    html = strip_of(feed, symbol="")._html.html
    assert "Waiting for the first trade from demo" in html
    assert "Connecting: connection refused, next try in 2 s" in html


def test_a_symbol_that_never_came_is_said_to_be_missing_not_the_feed() -> None:
    feed = FakeFeed()
    feed.trade("A", 1.0)
    assert "nothing of &lt;B&gt; has come" in strip_of(feed, symbol="<B>")._html.html


def test_it_grows_stale_while_nothing_comes_and_tells_when_the_source_is_gone() -> None:
    feed = FakeFeed()
    feed.trade("A", 1.0)
    strip = strip_of(feed)
    feed.clock.advance(seconds=5)
    assert strip.update()
    assert "stale 5 s" in strip._html.html
    feed.source = SourceStatus("connecting", "connection lost")
    strip.update()
    assert "connection lost" in strip._html.html


def test_a_sensor_has_no_quote_and_its_change_is_no_percentage() -> None:
    feed = FakeFeed(kinds=("readings",))
    for value in (3.0, 1.5, 2.5):
        feed.read("boiler", value)
        feed.clock.advance(seconds=1)
    found = facts(strip_of(feed, symbol="boiler"))
    assert found["1 min"] == "\N{MINUS SIGN}0.5"
    assert found.keys() == {"1 min", "Readings/s", "Newest"}


def test_nothing_is_sent_while_nothing_changed() -> None:
    feed = FakeFeed()
    feed.trade("A", 1.0)
    assert not strip_of(feed).update()
