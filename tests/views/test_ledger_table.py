from __future__ import annotations

import re

from pipelines.views.ledger_table import LedgerTable
from tests.views.fakes import FakeFeed


def row(table: LedgerTable, kind: str) -> dict[str, str]:
    html = re.search(rf'<tr data-kind="{kind}">(.*?)</tr>', table._html.html)
    assert html is not None
    return dict(re.findall(r'data-label="([^"]*)">([^<]*)<', html[1]))


def test_each_kind_has_its_counts_with_thousands_apart_and_nothing_unaccounted() -> None:
    feed = FakeFeed()
    for _ in range(1_500):
        feed.trade("A", 1.0)
    feed.reject("not JSON", "{")
    table = LedgerTable([feed])
    trades, unknown = row(table, "trades"), row(table, "unknown")
    assert (trades["Received"], trades["Stored"], trades["In window"], trades["Unaccounted"]) == (
        "1,500",
        "1,500",
        "1,500",
        "0",
    )
    assert (unknown["Received"], unknown["Rejected"], unknown["Unaccounted"]) == ("1", "1", "0")


def test_a_record_that_got_lost_is_seen() -> None:
    feed = FakeFeed()
    feed.book.receive("trades", 3)
    feed.publish()
    assert row(LedgerTable([feed]), "trades")["Unaccounted"] == "3"


def test_a_kind_that_never_came_is_listed_too() -> None:
    assert row(LedgerTable([FakeFeed()]), "quotes")["Received"] == "0"


def test_the_failure_of_a_node_is_shown_as_text() -> None:
    feed = FakeFeed()
    feed.faults = {"decode": "ValueError: <img>"}
    assert "decode: ValueError: &lt;img&gt;" in LedgerTable([feed])._html.html


def test_nothing_is_sent_while_nothing_changed() -> None:
    feed = FakeFeed()
    table = LedgerTable([feed])
    assert not table.update()
    feed.trade("A", 1.0)
    assert table.update()
