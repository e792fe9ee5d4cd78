from __future__ import annotations

from datetime import UTC, datetime
from types import MappingProxyType

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipelines.core.schema import TRADES
from pipelines.core.spec import TableSpec
from pipelines.live.bars.key_bars import PERIODS, KeyBars
from pipelines.live.bars.older import among
from pipelines.store.table import Table
from tests.live.bars.bar_feed import BarFeed, assert_same_bars

START = 1_723_118_400


def bars_of_a(feed: BarFeed, period: str = "1s", max_bars: int = 240) -> KeyBars:
    return KeyBars(feed, kind="trades", code=0, period=period, max_bars=max_bars)


@given(st.integers(0, 2**32 - 1), st.sampled_from(list(PERIODS)), st.sampled_from([0.0, 0.4]))
@example(420_844_337, "15s", 0.0)  # the ring moved past the start of the newest bar that was known
def test_all_bars_and_the_forming_one_equal_those_of_the_rows_at_any_time(
    seed: int, period: str, disorder_s: float
) -> None:
    random = np.random.default_rng(seed)
    feed, second = BarFeed(), float(START)
    bars = bars_of_a(feed, period, max_bars=30)
    for _ in range(12):
        n_rows = int(random.integers(1, 40))
        seconds = second + np.cumsum(random.exponential(random.choice([0.01, 1.0, 20.0]), n_rows))
        second = float(seconds[-1])
        feed.add(seconds - random.uniform(0, disorder_s, n_rows), random.integers(1, 99, n_rows), size=seconds % 1)
        while bars.update():
            pass
        wanted = feed.recomputed(period)
        assert_same_bars(bars.candles, among(wanted, slice(-30, None)))


@pytest.mark.parametrize("period", PERIODS)
def test_what_is_older_than_the_ring_joins_what_is_live_without_a_seam(period: str) -> None:
    feed = BarFeed(n_bars=20)
    seconds = START + np.arange(0.0, 3_000.0, 0.7)
    feed.add(seconds, seconds % 13)
    bars = bars_of_a(feed, period)
    while bars.update():
        pass
    assert_same_bars(bars.candles, among(feed.recomputed(period), slice(-240, None)))


def test_friday_and_monday_stand_side_by_side() -> None:
    feed = BarFeed()
    friday = datetime(2024, 8, 9, 20, 58, tzinfo=UTC).timestamp()
    monday = datetime(2024, 8, 12, 13, 30, tzinfo=UTC).timestamp()
    feed.add(friday + np.arange(0, 120, 10), 10.0)
    bars = bars_of_a(feed, "1m")
    bars.update()
    n_before = bars.first_ordinal + len(bars.candles)
    feed.add(monday, 11.0)
    while bars.update():
        pass
    assert [datetime.fromtimestamp(ns / 1e9, UTC).strftime("%a %H:%M") for ns in bars.candles.start_ns.tolist()] == [
        "Fri 20:58",
        "Fri 20:59",
        "Mon 13:30",
    ]
    assert n_before == 2
    assert (bars.first_ordinal, len(bars.candles)) == (0, 3)


def test_bars_of_friday_stay_though_ring_and_window_have_lost_them() -> None:
    feed = BarFeed(n_bars=5)
    feed.add(START + np.arange(5), 1.0)
    bars = bars_of_a(feed)
    bars.update()
    feed.add(START + 1_000_000 + np.arange(3), 2.0)
    feed.tables = MappingProxyType({"trades": Table(TableSpec(TRADES))})
    bars.update()
    assert bars.candles.close.tolist() == [1.0] * 5 + [2.0] * 3
    assert bars.first_ordinal == 0


def test_a_bar_keeps_its_ordinal_while_others_come_and_go() -> None:
    feed = BarFeed()
    bars = bars_of_a(feed, max_bars=10)
    feed.add(START, 1.0)
    bars.update()
    for second in range(1, 40):
        feed.add(START + second, 1.0)
        bars.update()
        first = START + bars.first_ordinal
        assert bars.candles.start_ns[0] // 10**9 == first
        assert len(bars.candles) == min(second + 1, 10)


def test_older_bars_get_smaller_ordinals() -> None:
    feed = BarFeed(n_bars=4)
    feed.add(START + np.arange(10), 1.0)
    bars = bars_of_a(feed)
    bars.update()
    assert (bars.first_ordinal, len(bars.candles)) == (-6, 10)


def test_bars_that_came_and_went_while_nobody_looked_are_there() -> None:
    feed = BarFeed(n_bars=8)
    feed.add(START + np.arange(5), 1.0)
    bars = bars_of_a(feed)
    bars.update()
    feed.add(START + np.arange(4, 30), 2.0)
    while bars.update():
        pass
    assert_same_bars(bars.candles, feed.recomputed("1s"))


def test_another_symbols_rows_change_nothing() -> None:
    feed = BarFeed()
    feed.add(START, 1.0, symbol="A")
    bars = bars_of_a(feed)
    assert bars.update()
    feed.add(START, 5.0, symbol="B")
    assert not bars.update()
    assert bars.candles.close.tolist() == [1.0]


def test_a_late_row_opens_a_bar_between_others() -> None:
    feed = BarFeed()
    feed.add([START, START + 2], [1.0, 3.0])
    bars = bars_of_a(feed)
    bars.update()
    feed.add(START + 1, 2.0)
    assert bars.update()
    assert bars.candles.close.tolist() == [1.0, 2.0, 3.0]
