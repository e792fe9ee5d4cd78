from __future__ import annotations

import pytest

from pipelines.core.clock import NS_PER_SECOND
from pipelines.core.message import DeadLetter
from pipelines.live.standing import STALE_NS, Standing, standing_of
from pipelines.sources.contract import SourceStatus
from tests.views.fakes import FakeFeed


def test_a_feed_that_brings_rows_is_live() -> None:
    feed = FakeFeed()
    feed.trade("A", 1.0)
    assert standing_of(feed.status()).word == "live"


def test_a_feed_is_stale_once_nothing_came_for_two_seconds_and_says_for_how_long() -> None:
    feed = FakeFeed()
    feed.trade("A", 1.0)
    feed.clock.advance(ns=STALE_NS)
    assert standing_of(feed.status()).level == "ok"
    feed.clock.advance(seconds=3)
    assert standing_of(feed.status()).word == "stale 5 s"


def test_a_quiet_symbol_of_a_busy_feed_is_stale_by_its_own_age() -> None:
    feed = FakeFeed()
    feed.trade("A", 1.0)
    assert standing_of(feed.status(), 9 * NS_PER_SECOND).word == "stale 9 s"


@pytest.mark.parametrize(
    ("source", "level"),
    [
        (SourceStatus("connecting", "connection refused, next try in 2 s"), "wait"),
        (SourceStatus("failed", "wrong password"), "bad"),
        (SourceStatus("stopped"), "bad"),
        (SourceStatus("ended", "20 messages read"), "ok"),
    ],
)
def test_a_source_that_brings_nothing_says_why_however_old_the_rows_are(source: SourceStatus, level: str) -> None:
    feed = FakeFeed()
    feed.trade("A", 1.0)
    feed.clock.advance(seconds=60)
    feed.source = source
    assert standing_of(feed.status()) == Standing(level, source.state, source.detail)  # type: ignore[arg-type]


def test_a_feed_that_stopped_itself_says_why_before_anything_else() -> None:
    feed = FakeFeed()
    feed.stopped_by = "append: MemoryError"
    assert standing_of(feed.status()).sentence == "stopped: append: MemoryError"


def test_a_connected_feed_without_a_row_is_waiting() -> None:
    assert standing_of(FakeFeed().status()).word == "waiting"


def test_a_feed_whose_records_are_all_rejected_says_so_with_the_newest_reason() -> None:
    feed = FakeFeed()
    feed.book.receive("trades", 2)
    feed.book.reject(DeadLetter("trades", "no field 'price'", None, 0, n_records=2))
    feed.book.publish()
    standing = standing_of(feed.status())
    assert (standing.level, standing.word) == ("bad", "rejecting")
    assert standing.why == "2 records came: 0 late, 2 rejected; the newest because no field 'price'"
