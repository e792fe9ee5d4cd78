from __future__ import annotations

import pytest

from pipelines.core.clock import NS_PER_SECOND
from pipelines.core.errors import SpecError
from pipelines.core.spec import RowsSpec
from pipelines.live.streams.rows_stream import RowsStream
from tests.live.wire.bars_and_rows import ShownRows
from tests.views.fakes import FakeFeed

VIEW = RowsSpec("market", "trades", "A", 3)


def test_the_newest_rows_are_sent_as_they_come_those_of_other_keys_stay_out() -> None:
    feed, shown = FakeFeed(), ShownRows()
    stream = RowsStream(feed, VIEW)
    stream.poll(0)
    assert stream.generation == 0
    for step in range(5):
        feed.clock.advance(ns=1)
        feed.trade("A", step, side=-1)
        feed.trade("B", 99.0)
        stream.poll((step + 1) * NS_PER_SECOND)
        for message in stream.messages(shown.generation):
            shown.apply(message)
        assert [row["price"] for row in shown.rows] == [0.0, 1.0, 2.0, 3.0, 4.0][max(step - 2, 0) : step + 1]
    assert shown.rows[-1] == {"time": feed.clock.now_ns(), "price": 4.0, "size": 1.0, "side": -1}


def test_nothing_is_sent_while_nothing_came_of_the_key() -> None:
    feed = FakeFeed()
    stream = RowsStream(feed, VIEW)
    feed.trade("A", 1.0)
    stream.poll(0)
    feed.trade("B", 1.0)
    stream.poll(NS_PER_SECOND)
    assert stream.generation == 1


def test_rows_are_looked_for_ten_times_a_second_at_most() -> None:
    feed = FakeFeed()
    stream = RowsStream(feed, VIEW)
    for now_ms in range(0, 1_000, 20):
        feed.trade("A", 1.0)
        stream.poll(now_ms * 1_000_000)
    assert stream.generation == 10


def test_rows_of_a_kind_that_never_comes_are_refused() -> None:
    with pytest.raises(SpecError, match="no readings"):
        RowsStream(FakeFeed(), RowsSpec("market", "readings", "A"))
