from __future__ import annotations

from pipelines.views.market_choice import MarketChoice
from pipelines.views.page.browser import Browser
from pipelines.views.tape import Tape
from tests.views.fakes import FakeFeed


def tape_of(feed: FakeFeed, symbol: str = "A") -> Tape:
    choice = MarketChoice([feed], Browser())
    choice.symbol = symbol
    tape = Tape(choice)
    tape.update()  # the page's first beat
    return tape


def test_rows_that_were_there_before_are_shown_by_the_first_beat() -> None:
    feed = FakeFeed()
    feed.trade("A", 1.0)
    choice = MarketChoice([feed], Browser())
    choice.symbol = "A"
    tape = Tape(choice)
    assert (tape._table.value["time"] == "").all()
    assert tape.update()
    assert tape._table.value["time"][0] != ""


def test_the_newest_trade_stands_on_top_in_the_colour_of_its_side() -> None:
    feed = FakeFeed()
    feed.trade("A", 10.25, side=1)
    feed.clock.advance(ns=1_000)
    feed.trade("A", 10.0, size=2_000.0, side=-1)
    top = tape_of(feed)._table.value.iloc[0]
    assert dict(top) == {
        "time": "00:00:00.000001",
        "price": '<span class="sell">10.00</span>',
        "size": "2,000",
        "side": '<span class="sell">sell</span>',
    }


def test_other_symbols_stay_out_and_the_table_keeps_its_height() -> None:
    feed = FakeFeed()
    feed.trade("A", 1.0)
    feed.trade("B", 2.0)
    table = tape_of(feed)._table.value
    assert len(table) == 24
    assert (table["time"] != "").sum() == 1


def test_new_rows_are_patched_in_and_nothing_happens_without_any() -> None:
    feed = FakeFeed()
    feed.trade("A", 1.0)
    tape = tape_of(feed)
    assert not tape.update()
    feed.trade("B", 5.0)
    assert not tape.update()
    feed.trade("A", 7.0)
    assert tape.update()
    assert "7" in tape._table.value["price"][0]


def test_times_follow_the_chosen_zone() -> None:
    feed = FakeFeed()
    feed.trade("A", 1.0)
    tape = tape_of(feed)
    tape._choice.zone = "Asia/Tokyo"
    assert tape.update()
    assert tape._table.value["time"][0] == "09:00:00.000000"


def test_readings_have_a_tape_of_their_own() -> None:
    feed = FakeFeed(kinds=("readings",))
    feed.read("boiler", 3.5)
    assert dict(tape_of(feed, "boiler")._table.value.iloc[0]) == {"time": "00:00:00.000000", "value": "3.5"}


def test_an_unknown_symbol_has_an_empty_tape() -> None:
    assert (tape_of(FakeFeed(), "A")._table.value == "").all(axis=None)
