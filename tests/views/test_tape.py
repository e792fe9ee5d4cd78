from __future__ import annotations

import re

from pipelines.views.market_choice import MarketChoice
from pipelines.views.page.browser import Browser
from pipelines.views.tape import Tape
from tests.views.fakes import FakeFeed

Row = dict[str, str]


def tape_of(feed: FakeFeed, symbol: str = "A") -> Tape:
    choice = MarketChoice([feed], Browser())
    choice.symbol = symbol
    return Tape(choice)


def rows_of(tape: Tape) -> list[Row]:
    """Return what the rows say, by column."""
    lines = re.findall(r"<tr class=.*?</tr>", tape._html.html)
    return [dict(re.findall(r'data-label="(\w+)">([^<]*)<', line)) for line in lines]


def test_the_newest_trade_stands_on_top_in_the_colour_of_its_side() -> None:
    feed = FakeFeed()
    feed.trade("A", 10.25, side=1)
    feed.clock.advance(ns=1_000)
    feed.trade("A", 10.0, size=2_000.0, side=-1)
    tape = tape_of(feed)
    assert rows_of(tape)[0] == {"time": "00:00:00.000001", "price": "10.00", "size": "2,000", "side": "sell"}
    assert re.findall(r'<tr class="(\w+)">', tape._html.html) == ["sell", "buy"]


def test_other_symbols_stay_out_and_the_table_keeps_its_height() -> None:
    feed = FakeFeed()
    feed.trade("A", 1.0)
    feed.trade("B", 2.0)
    rows = rows_of(tape_of(feed))
    assert len(rows) == 24
    assert sum(row["time"] != "" for row in rows) == 1


def test_new_rows_are_shown_and_nothing_happens_without_any() -> None:
    feed = FakeFeed()
    feed.trade("A", 1.0)
    tape = tape_of(feed)
    assert not tape.update()
    feed.trade("B", 5.0)
    assert not tape.update()
    feed.trade("A", 7.0)
    assert tape.update()
    assert rows_of(tape)[0]["price"] == "7"


def test_times_follow_the_chosen_zone() -> None:
    feed = FakeFeed()
    feed.trade("A", 1.0)
    tape = tape_of(feed)
    tape._choice.zone = "Asia/Tokyo"
    assert tape.update()
    assert rows_of(tape)[0]["time"] == "09:00:00.000000"


def test_readings_have_a_tape_of_their_own() -> None:
    feed = FakeFeed(kinds=("readings",))
    feed.read("boiler", 3.5)
    assert rows_of(tape_of(feed, "boiler"))[0] == {"time": "00:00:00.000000", "value": "3.5"}


def test_an_unknown_symbol_has_an_empty_tape() -> None:
    rows = rows_of(tape_of(FakeFeed(), "A"))
    assert len(rows) == 24
    assert not any(text for row in rows for text in row.values())
