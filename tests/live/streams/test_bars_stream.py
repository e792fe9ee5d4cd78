from __future__ import annotations

import numpy as np
import pytest

from pipelines.core.clock import NS_PER_SECOND
from pipelines.core.errors import SpecError
from pipelines.core.spec import BarsSpec, RowsSpec
from pipelines.live.streams.bars_stream import BarsStream
from pipelines.live.streams.stream import Range
from tests.live.bars.bar_feed import BarFeed
from tests.live.wire.bars_and_rows import ShownBars
from tests.views.fakes import FakeFeed

START = 1_723_118_400
VIEW = BarsSpec("market", "trades", "A")


class Watcher:
    """A stream, and who has all that it sent."""

    def __init__(self, feed: FakeFeed, view: BarsSpec = VIEW) -> None:
        self.stream, self.shown, self._now_ns = BarsStream(feed, view), ShownBars(), 0

    def look(self) -> list[list[float]]:
        self._now_ns += NS_PER_SECOND
        self.stream.poll(self._now_ns)
        if self.stream.generation > self.shown.generation:
            for message in self.stream.messages(self.shown.generation):
                self.shown.apply(message)
        return self.shown.bars


@pytest.fixture
def feed() -> BarFeed:
    return BarFeed()


def test_bars_are_those_of_the_rows_while_they_come(feed: BarFeed) -> None:
    watcher, random = Watcher(feed, BarsSpec("market", "trades", "A", "5s", 30)), np.random.default_rng(1)
    for step in range(40):
        feed.add(START + 6 * step + np.sort(random.uniform(0, 6, 20)), random.integers(1, 99, 20), size=0.5)
        watcher.look()
    wanted = feed.recomputed("5s")
    closes = [bar[4] for bar in watcher.look()]
    assert closes == wanted.close[-30:].tolist()
    assert [bar[5] for bar in watcher.shown.bars] == wanted.volume[-30:].tolist()


def test_nothing_is_sent_of_a_key_before_its_first_row_and_while_nothing_came_of_it(feed: BarFeed) -> None:
    watcher = Watcher(feed)
    assert watcher.look() == []
    assert watcher.stream.generation == 0
    feed.add(START, 7.0)
    watcher.look()
    watcher.look()
    before = watcher.stream.generation
    feed.add(START, 9.0, symbol="B")
    assert [bar[4] for bar in watcher.look()] == [7.0]
    assert watcher.stream.generation == before


def test_bars_are_looked_for_ten_times_a_second_at_most(feed: BarFeed) -> None:
    stream = BarsStream(feed, VIEW)
    for now_ms in range(0, 1_000, 20):
        feed.add(START + now_ms / 1_000, 1.0)
        stream.poll(now_ms * 1_000_000)
    assert stream.generation == 10


def test_bars_that_the_feed_does_not_make_are_refused() -> None:
    with pytest.raises(SpecError, match="no bars of quotes"):
        BarsStream(FakeFeed(), BarsSpec("market", "quotes", "A"))


@pytest.mark.parametrize("view", [VIEW, RowsSpec("market", "trades", "A")])
def test_there_is_no_range_of_bars_and_rows_to_look_at(feed: BarFeed, view: BarsSpec | RowsSpec) -> None:
    stream = feed.stream(view)
    with pytest.raises(SpecError, match="no picture"):
        stream.look(Range(0, 1, 0.0, 1.0, 300), lambda: None)
    assert stream.row_at(0, 1.0) == {}
