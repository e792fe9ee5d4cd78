from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.aggregates.bars import Bars, BarsSnapshot
from pipelines.aggregates.candles import Candles, bars_of
from pipelines.aggregates.catalogue import make_aggregate
from pipelines.core.batch import Batch
from pipelines.core.clock import NS_PER_SECOND as S
from pipelines.core.errors import SpecError
from pipelines.core.schema import QUOTES, READINGS, TRADES
from pipelines.core.spec import AggregateSpec, TableSpec
from pipelines.live.feeds import declare
from pipelines.store.table import Table
from tests.batches import readings, trades
from tests.recorded import trades_of, write_recording

PERIOD, N_BARS = 10, 8
VALUES = st.integers(-50, 50) | st.sampled_from([np.nan, np.inf, -np.inf])
TIMES = st.integers(-60, 60) | st.integers(0, 400) | st.sampled_from([-(2**61), 2**61, 2**61 + 11])
ROW = st.tuples(st.integers(0, 3) | st.just(70), TIMES, VALUES, VALUES, st.sampled_from([-1, 0, 1]))
PARTS = st.lists(st.lists(ROW, max_size=20), min_size=1, max_size=5)
Row = tuple[int, int, float, float, int]


def batch_of(rows: list[Row]) -> Batch:
    keys, times, values, sizes, sides = zip(*rows, strict=True) if rows else ((), (), (), (), ())
    batch = trades(np.array(times, np.int64), key=keys, price=values, size=sizes)
    return Batch(TRADES, {**batch.columns, "side": np.array(sides, np.int8)})


def bars_after(*parts: list[Row], period_ns: int = PERIOD, n_bars: int = N_BARS) -> Bars:
    bars = Bars(TRADES, period_ns=period_ns, n_bars=n_bars)
    for part in parts:
        bars.update(batch_of(part))
    return bars


def state(snapshot: BarsSnapshot) -> list[object]:
    everything = [column.tolist() for column in snapshot.changed(0).columns().values()]
    return [*everything, [snapshot.n_older(code) for code in range(-1, 72)]]


def lines(candles: Candles) -> list[tuple[object, ...]]:
    return list(zip(*(column.tolist() for column in candles.columns().values()), strict=True))


def by_pandas(rows: list[Row], period_ns: int) -> pd.DataFrame:
    """Bars by key and number, as a data scientist would make them of all rows at once."""
    dtypes = {"key": int, "time": int, "value": float, "size": float, "side": int}
    frame = pd.DataFrame(rows, columns=list(dtypes)).astype(dtypes)
    frame = frame[np.isfinite(frame.value)].sort_values("time", kind="stable")
    frame["size"] = frame["size"].where(np.isfinite(frame["size"]), 0.0)
    frame["turnover"] = frame["value"] * frame["size"]
    frame["buy"], frame["sell"] = frame["size"] * (frame.side > 0), frame["size"] * (frame.side < 0)
    groups = frame.groupby(["key", frame.time // period_ns])
    return groups.agg(
        open=("value", "first"), high=("value", "max"), low=("value", "min"), close=("value", "last"),
        volume=("size", "sum"), turnover=("turnover", "sum"), buy=("buy", "sum"), sell=("sell", "sum"),
        n_rows=("value", "size"),
    )  # fmt: skip


def check_against_pandas(candles: Candles, expected: pd.DataFrame) -> None:
    """Sums of whole numbers are exact in any order."""
    assert list(zip(candles.codes.tolist(), candles.numbers.tolist(), strict=True)) == expected.index.tolist()
    assert (candles.start_ns // PERIOD == candles.numbers).all()
    assert (candles.end_ns - candles.start_ns == PERIOD).all()
    for ours, theirs in zip(list(candles.columns().values())[4:], expected.columns, strict=True):
        np.testing.assert_array_equal(ours, expected[theirs], theirs)


@given(PARTS)
def test_bars_equal_a_group_by_of_all_rows_whatever_order_they_come_in(parts: list[list[Row]]) -> None:
    snapshot = bars_after(*parts).snapshot()
    every = by_pandas([row for part in parts for row in part], PERIOD)
    newest = {key: max(number for of, number in every.index if of == key) for key in every.index.levels[0]}
    in_ring = np.array([number > newest[key] - N_BARS for key, number in every.index], bool)
    check_against_pandas(snapshot.changed(0), every[in_ring])
    for key in (0, 70, 99, 10_000, -1):
        of_key = every.index.get_level_values("key") == key
        check_against_pandas(snapshot.candles(key), every[in_ring & of_key])
        assert snapshot.n_older(key) == every.n_rows[~in_ring & of_key].sum()


@given(st.lists(ROW, max_size=60), st.lists(st.integers(0, 60), max_size=3))
def test_it_does_not_matter_where_a_stream_is_cut_not_even_to_the_last_bit(rows: list[Row], cuts: list[int]) -> None:
    rows = [(key, time, value / 7, size / 7, side) for key, time, value, size, side in rows]
    places = [0, *sorted(min(cut, len(rows)) for cut in cuts), len(rows)]
    parts = [rows[start:end] for start, end in pairwise(places)]
    assert state(bars_after(*parts).snapshot()) == state(bars_after(rows).snapshot())


@given(PARTS)
def test_parts_merged_in_order_equal_the_whole(parts: list[list[Row]]) -> None:
    merged = bars_after()
    for part in parts:
        merged.merge(bars_after(part))
        merged.merge(bars_after())
    assert state(merged.snapshot()) == state(bars_after(*parts).snapshot())


@given(PARTS)
def test_merging_is_associative_and_rows_high_and_low_commute(parts: list[list[Row]]) -> None:
    first, *rest = (bars_after(part) for part in [*parts, [], []])
    tail = bars_after()
    for part in rest:
        tail.merge(part)
    backwards = bars_after()
    backwards.merge(tail)
    backwards.merge(first)
    first.merge(tail)
    assert state(first.snapshot()) == state(bars_after(*parts).snapshot())
    ours, theirs = first.snapshot().changed(0), backwards.snapshot().changed(0)
    for name in ("codes", "numbers", "high", "low", "n_rows"):
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name))


def test_merged_sums_are_those_of_the_parts_and_may_differ_from_row_order_in_their_last_bits() -> None:
    rows = [(0, number, 1.0, 0.1, 1) for number in range(9)]
    merged = bars_after(rows[:3])
    merged.merge(bars_after(rows[3:]))
    in_row_order = bars_after(rows).snapshot().candles(0).volume
    np.testing.assert_allclose(merged.snapshot().candles(0).volume, in_row_order, rtol=1e-15)
    assert merged.snapshot().candles(0).volume[0] == (0.1 + 0.1 + 0.1) + (0.1 + 0.1 + 0.1 + 0.1 + 0.1 + 0.1)


@given(PARTS)
def test_snapshots_stay_as_they_were_and_tell_what_changed_since_each_of_them(parts: list[list[Row]]) -> None:
    bars = bars_after()
    taken = []
    for part in parts:
        bars.update(batch_of(part))
        taken.append((snapshot := bars.snapshot(), state(snapshot), lines(snapshot.changed(0))))
    assert all(state(snapshot) == before for snapshot, before, _ in taken)
    newest, _, now = taken[-1]
    for snapshot, _, before in taken:
        assert set(now) - set(before) <= set(changed := lines(newest.changed(snapshot.generation))) <= set(now)
        assert [
            line for code in (0, 1, 2, 3, 70) for line in lines(newest.changed(snapshot.generation, code))
        ] == changed


def test_without_new_rows_a_snapshot_is_the_same_and_nothing_changed_since() -> None:
    bars = bars_after([(0, 1, 2, 3, 1)])
    snapshot = bars.snapshot()
    bars.update(batch_of([]))
    assert bars.snapshot() is snapshot
    assert len(snapshot.changed(snapshot.generation)) == 0


def test_old_snapshots_hold_their_bars_however_many_there_are_and_give_the_memory_back() -> None:
    bars = bars_after()
    kept = []
    for number in range(100):
        bars.update(batch_of([(number, 5, number, 1, 1)]))
        kept.append(bars.snapshot())
    for number, snapshot in enumerate(kept):
        assert snapshot.changed(0).codes.tolist() == list(range(number + 1))
    del kept, snapshot
    n_bytes = bars.n_bytes
    for number in range(100):
        bars.update(batch_of([(0, 5, number, 1, 1)]))
        bars.snapshot()
        assert bars.n_bytes <= 2 * n_bytes


def test_a_snapshot_of_5000_keys_shares_what_did_not_change() -> None:
    keys, times = np.tile(np.arange(5_000), 20), np.repeat(np.arange(20) * S, 5_000)
    bars = Bars(TRADES, period_ns=S, n_bars=32)
    bars.update(trades(times, key=keys))
    before, n_bytes = bars.snapshot(), bars.n_bytes
    bars.update(trades([19 * S, 20 * S], key=7))
    after = bars.snapshot()
    assert np.shares_memory(before.pages.marks, after.pages.marks)
    assert bars.n_bytes - n_bytes < 2.1 / 20 * n_bytes
    assert lines(after.changed(before.generation)) == lines(after.candles(7))[-2:]
    assert (len(before.candles(7)), len(after.candles(7)), len(after.changed(0))) == (20, 21, 100_001)


def test_a_table_that_keeps_all_rows_rebuilds_the_same_bars() -> None:
    random = np.random.default_rng(5)
    n_rows = 10_000  # more than a segment of a key
    times = np.arange(n_rows) // 30 + random.integers(0, 40, n_rows)
    rows = trades(
        times, key=random.integers(0, 2, n_rows), price=random.normal(size=n_rows), size=random.random(n_rows)
    )
    table, bars, rebuilt = Table(TableSpec(TRADES)), bars_after(), bars_after([(0, 10**6, 1, 1, 1)])
    stale = rebuilt.snapshot()
    table.append(rows)
    bars.update(rows)
    assert sum(1 for _ in rebuilt.rebuild(table)) >= 2
    assert state(rebuilt.snapshot()) == state(bars.snapshot())
    assert lines(rebuilt.snapshot().changed(stale.generation)) == lines(bars.snapshot().changed(0))


@given(st.lists(ROW, max_size=60), st.integers(1, 7))
def test_merged_periods_are_bars_of_the_longer_period(rows: list[Row], n: int) -> None:
    columns = batch_of(sorted((row for row in rows if row[0] == 0), key=lambda row: row[1])).columns
    short, long = (bars_of(columns, TRADES, period_ns=period_ns) for period_ns in (PERIOD, PERIOD * n))
    assert lines(short.coarser(n)) == lines(long)
    assert short.coarser(n).period_ns == long.period_ns == PERIOD * n


def test_the_ring_gives_longer_bars_with_the_one_that_forms_but_none_that_lost_its_begin() -> None:
    rows = [(0, PERIOD * number, number, 1, 1) for number in range(12)]
    snapshot = bars_after(rows).snapshot()  # bars 4 to 11 are left
    longer = snapshot.coarser(0, 5)
    assert longer.numbers.tolist() == [1, 2]
    assert longer.open.tolist() == [5, 10]
    assert longer.close.tolist() == [9, 11]
    assert longer.n_rows.tolist() == [5, 2]
    assert len(snapshot.coarser(1, 5)) == 0
    with pytest.raises(ValueError, match="at least 1"):
        snapshot.candles(0).coarser(0)


@given(st.lists(ROW, max_size=60))
def test_history_is_what_live_bars_have_of_the_same_rows(rows: list[Row]) -> None:
    rows = sorted(((0, row[1], row[2] / 7, row[3] / 7, row[4]) for row in rows), key=lambda row: row[1])
    live = bars_after(rows).snapshot().candles(0)
    history = bars_of(batch_of(rows).columns, TRADES, period_ns=PERIOD)
    assert lines(history)[len(history) - len(live) :] == lines(live)


def test_a_chart_begins_with_what_the_table_keeps_and_goes_on_with_what_changes() -> None:
    table, bars = Table(TableSpec(TRADES)), bars_after()
    first, second = (trades(np.arange(start, end), price=np.arange(start, end)) for start, end in ((0, 95), (95, 130)))
    table.append(first)
    bars.update(first)
    series, known = table.series(0), bars.snapshot().generation
    assert series is not None
    chart = {line[1]: line for line in lines(bars_of(series.range(0, 1_000), TRADES, period_ns=PERIOD))}
    bars.update(second)
    chart.update({line[1]: line for line in lines(bars.snapshot().changed(known, 0))})
    table.append(second)
    series = table.series(0)
    assert series is not None
    assert list(chart.values()) == lines(bars_of(series.range(0, 1_000), TRADES, period_ns=PERIOD))


def test_what_changed_of_a_symbol_in_10000_ticks_takes_at_most_200_bytes() -> None:
    bars = Bars(TRADES, period_ns=S)
    bars.update(trades(np.linspace(0, S - 1, 10_000), key=np.arange(10_000) % 50))
    known = bars.snapshot().generation
    bars.update(trades(np.linspace(S - S // 100, S + S // 100, 10_000), key=np.arange(10_000) % 50))
    changed = bars.snapshot().changed(known, 17)
    assert changed.numbers.tolist() == [0, 1]
    assert changed.n_bytes <= 200


def test_kinds_without_sizes_have_bars_without_volume() -> None:
    bars = Bars(READINGS, period_ns=PERIOD)
    bars.update(readings([1, 2, 3], value=[5, np.nan, 4]))
    candles = bars.snapshot().candles(0)
    assert (candles.open[0], candles.high[0], candles.low[0], candles.close[0]) == (5, 5, 4, 4)
    assert (candles.volume[0], candles.turnover[0], candles.buy_volume[0], candles.n_rows[0]) == (0, 0, 0, 2)
    assert np.isnan(candles.vwap).all()
    quote = {column.name: np.ones(1, column.dtype) for column in QUOTES.columns}
    assert bars_of(quote, QUOTES, period_ns=PERIOD).close.tolist() == [1]


def test_the_mean_price_is_weighted_by_size() -> None:
    snapshot = bars_after([(0, 1, 10, 1, 1), (0, 2, 20, 3, -1), (0, 3, 99, np.nan, 1), (0, 15, 7, 0, 0)]).snapshot()
    candles = snapshot.candles(0)
    np.testing.assert_array_equal(candles.vwap, [17.5, np.nan])
    assert (candles.volume[0], candles.buy_volume[0], candles.sell_volume[0], candles.n_rows[0]) == (4, 1, 3, 3)


def check_a_recording(file: Path) -> None:
    """Bars of a second equal pandas' own resampling, and those of a minute are made of them."""
    times, prices, sizes = (np.array(column) for column in zip(*trades_of(file), strict=True))
    bars = Bars(TRADES, period_ns=S, n_bars=1 << 12)
    for start in range(0, len(times), 1_000):
        part = slice(start, start + 1_000)
        bars.update(trades(times[part], price=prices[part], size=sizes[part]))
    frame = pd.DataFrame({"price": prices, "size": sizes, "turnover": prices * sizes}, pd.to_datetime(times))
    frame = frame.sort_index(kind="stable")
    for n, candles in ((1, bars.snapshot().candles(0)), (60, bars.snapshot().candles(0).coarser(60))):
        every = frame.resample(f"{n}s")
        kept = every.size() > 0
        expected = every.price.ohlc()[kept]
        assert candles.start_ns.tolist() == expected.index.as_unit("ns").asi8.tolist()
        for name in ("open", "high", "low", "close"):
            assert getattr(candles, name).tolist() == expected[name].tolist()
        assert candles.n_rows.tolist() == every.size()[kept].tolist()
        np.testing.assert_allclose(candles.volume, every["size"].sum()[kept], rtol=1e-12)
        np.testing.assert_allclose(candles.vwap, (every.turnover.sum() / every["size"].sum())[kept], rtol=1e-12)


def test_bars_of_the_recorded_exchange_equal_those_of_pandas(recordings: Path) -> None:
    check_a_recording(recordings / "binance" / "usdm" / "btcusdt_20240808.gz")


def test_bars_of_a_made_up_recording_equal_those_of_pandas(tmp_path: Path) -> None:
    check_a_recording(write_recording(tmp_path / "made-up.gz", 9_000))


def test_all_trades_have_bars_of_a_second_and_of_a_minute() -> None:
    (spec,) = declare(["sim://market"])
    names = [wanted.name for wanted in spec.aggregates if wanted.kind == "trades"]
    assert {"bars.1s", "bars.1m"} < set(names)
    made = make_aggregate(AggregateSpec("bars.1m", "trades"))
    assert isinstance(made, Bars)
    assert made.period_ns == 60 * S


@pytest.mark.parametrize("name", ["bars", "bars.", "bars.1x", "bars.0s", "last.1s", "tick_bars", "tick_bars.many"])
def test_a_name_that_says_too_little_or_too_much_makes_no_aggregate(name: str) -> None:
    with pytest.raises(SpecError):
        make_aggregate(AggregateSpec(name, "trades"))
