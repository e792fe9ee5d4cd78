from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipelines.aggregates.candles import Candles
from pipelines.core.clock import NS_PER_SECOND
from pipelines.core.schema import TRADES
from pipelines.core.spec import Retention, TableSpec
from pipelines.live.bars.older import OlderBars, joined, no_bars
from pipelines.store.segment import SEGMENT_ROWS
from pipelines.store.table import Table
from tests.batches import trades
from tests.live.bars.bar_feed import BarFeed, assert_same_bars

SECOND = NS_PER_SECOND


def all_of(older: OlderBars) -> tuple[int, Candles]:
    bars, n_steps = no_bars(5 * SECOND), 0
    while not older.done:
        bars, n_steps = joined(older.step(), bars), n_steps + 1
    return n_steps, bars


@given(st.integers(0, 2**32 - 1), st.sampled_from([1.0, 60.0, 900.0]), st.integers(1, 4))
def test_steps_of_any_length_come_to_the_bars_of_all_rows(seed: int, span_s: float, n_segments: int) -> None:
    random = np.random.default_rng(seed)
    feed = BarFeed()
    n_rows = int(random.integers(1, 5 * SEGMENT_ROWS))
    seconds = np.sort(random.uniform(1_000, 1_000 + span_s, n_rows)) + random.exponential(span_s / 500, n_rows)
    feed.add(seconds, random.integers(100, 200, n_rows), size=random.integers(1, 9, n_rows))
    end_ns = (int(seconds.max()) // 5 * 5 + 5) * SECOND
    table = feed.tables["trades"]
    older = OlderBars(table, 0, period_ns=5 * SECOND, end_ns=end_ns, slice_rows=n_segments * SEGMENT_ROWS)
    n_steps, bars = all_of(older)
    assert_same_bars(bars, feed.recomputed("5s"))
    assert n_steps >= n_rows // SEGMENT_ROWS // n_segments


def test_a_bar_whose_first_rows_were_evicted_is_left_out() -> None:
    table = Table(TableSpec(TRADES, Retention(window_ns=40 * SECOND, min_rows=1)))
    table.append(trades(np.arange(3 * SEGMENT_ROWS) * SECOND // 100))
    table.evict()
    series = table.series(0)
    assert series is not None
    assert series.first_row == 2 * SEGMENT_ROWS
    _, bars = all_of(OlderBars(table, 0, period_ns=5 * SECOND, end_ns=120 * SECOND))
    assert bars.start_ns[0] == 85 * SECOND  # rows are left from second 81.92


def test_a_key_without_rows_has_no_bars() -> None:
    older = OlderBars(BarFeed().tables["trades"], 0, period_ns=SECOND, end_ns=SECOND)
    assert len(older.step()) == 0
    assert older.done
