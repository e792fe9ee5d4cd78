from __future__ import annotations

from pipelines.core.spec import RowsSpec
from pipelines.views.market_choice import MarketChoice
from pipelines.views.page.browser import Browser
from pipelines.views.tape import Tape
from tests.views.fakes import FakeFeed


def tape_of(feed: FakeFeed, symbol: str = "A") -> Tape:
    choice = MarketChoice([feed], Browser())
    choice.symbol = symbol
    return Tape(choice)


def test_the_browser_gets_the_newest_rows_of_what_is_chosen_and_the_session_sends_none() -> None:
    feed = FakeFeed()
    feed.trade("A", 1.0)
    feed.trade("B", 2.0)
    tape = tape_of(feed)
    assert list(tape._pane._views.values()) == [RowsSpec("market", "trades", "A", 24)]
    assert tape._pane.columns == ["price", "size", "side"]
    before = tape._pane.view
    feed.trade("A", 7.0)
    assert not tape.update()
    assert tape._pane.view == before
    tape._choice.symbol = "B"
    assert tape.update()
    assert list(tape._pane._views.values()) == [RowsSpec("market", "trades", "B", 24)]


def test_times_follow_the_chosen_zone() -> None:
    feed = FakeFeed()
    feed.trade("A", 1.0)
    tape = tape_of(feed)
    name = tape._pane.view["name"]
    tape._choice.zone = "Asia/Tokyo"
    assert tape.update()
    assert (tape._pane.zone, tape._pane.view["name"]) == ("Asia/Tokyo", name)


def test_readings_have_a_tape_of_their_own() -> None:
    feed = FakeFeed(kinds=("readings",))
    feed.read("boiler", 3.5)
    tape = tape_of(feed, "boiler")
    assert list(tape._pane._views.values()) == [RowsSpec("market", "readings", "boiler", 24)]
    assert tape._pane.columns == ["value"]


def test_an_unknown_symbol_has_an_empty_tape_until_its_first_row() -> None:
    feed = FakeFeed()
    tape = tape_of(feed, "A")
    assert (tape._pane.view, tape._pane._views) == ({}, {})
    assert not tape.update()
    feed.trade("A", 1.0)
    assert tape.update()
    assert tape._pane.view["of"] == "market trades A"
