from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.aggregates.candles import Candles
from pipelines.aggregates.catalogue import make_aggregate
from pipelines.aggregates.event_bars import EventBars, EventBarsSnapshot
from pipelines.core.errors import SpecError
from pipelines.core.schema import READINGS, TRADES
from pipelines.core.spec import AggregateSpec, TableSpec
from pipelines.store.table import Table
from tests.aggregates.test_bars import PARTS, Row, batch_of, lines
from tests.batches import readings, trades

N_BARS: Final = 20
KINDS = st.sampled_from([("rows", 2), ("volume", 40.0), ("turnover", 900.0)])


def bars_after(kind: Any, *parts: list[Row]) -> EventBars:
    bars = EventBars(TRADES, of=kind[0], threshold=kind[1], n_bars=N_BARS)
    for part in parts:
        bars.update(batch_of(part))
    return bars


def everything(snapshot: EventBarsSnapshot) -> list[tuple[object, ...]]:
    return lines(snapshot.changed(0))


def by_hand(rows: list[Row], kind: Any) -> list[list[Row]]:
    """The rows of each bar of one key, said in the plainest way."""
    bars: list[list[Row]] = [[]]
    amount = 0.0
    for row in rows:
        if not math.isfinite(row[2]):
            continue
        bars[-1].append(row)
        added = {"rows": 1.0, "volume": row[3], "turnover": row[2] * row[3]}[kind[0]]
        amount += added if 0 < added < math.inf else 0.0
        if amount >= kind[1]:
            bars.append([])
            amount = 0.0
    return bars if bars[-1] else bars[:-1]


def check_by_hand(candles: Candles, bars: list[list[Row]]) -> None:
    numbers = range(len(bars))[-N_BARS:]
    assert candles.numbers.tolist() == list(numbers)
    for number, line in zip(numbers, lines(candles), strict=True):
        rows = bars[number]
        values, sizes = [row[2] for row in rows], [row[3] if math.isfinite(row[3]) else 0 for row in rows]
        signed = list(zip(sizes, (row[4] for row in rows), strict=True))
        assert line[2:] == (
            rows[0][1], rows[-1][1], values[0], max(values), min(values), values[-1], sum(sizes),
            sum(value * size for value, size in zip(values, sizes, strict=True)),
            sum(size for size, side in signed if side > 0), sum(size for size, side in signed if side < 0), len(rows),
        )  # fmt: skip


@given(PARTS, KINDS)
def test_a_bar_closes_with_the_row_that_brings_it_to_its_amount(parts: list[list[Row]], kind: Any) -> None:
    snapshot = bars_after(kind, *parts).snapshot()
    for key in (0, 1, 2, 3, 70):
        check_by_hand(snapshot.candles(key), by_hand([row for part in parts for row in part if row[0] == key], kind))
    assert len(snapshot.candles(-1)) == len(snapshot.candles(10_000)) == 0


def test_only_the_last_bars_of_a_key_are_kept_and_what_was_too_much_is_not_carried_over() -> None:
    rows: list[Row] = [(0, number, 1, 30, 1) for number in range(75)]
    candles = bars_after(("volume", 40.0), rows).snapshot().candles(0)
    assert candles.numbers.tolist() == list(range(18, 38))  # 37 bars of two trades, and one forms
    assert candles.volume.tolist() == [60.0] * 19 + [30.0]


@given(PARTS, KINDS)
def test_it_does_not_matter_where_a_stream_is_cut(parts: list[list[Row]], kind: Any) -> None:
    whole = bars_after(kind, [row for part in parts for row in part])
    assert everything(bars_after(kind, *parts).snapshot()) == everything(whole.snapshot())


@given(PARTS, PARTS, KINDS)
def test_keys_that_one_side_has_seen_merge_exactly_in_any_order(
    parts: list[list[Row]], others: list[list[Row]], kind: Any
) -> None:
    evens = [[(2 * key, *row) for key, *row in part] for part in parts]
    odds = [[(2 * key + 1, *row) for key, *row in part] for part in others]
    whole = bars_after(kind, *evens, *odds)
    for first, second in ((evens, odds), (odds, evens)):
        merged = bars_after(kind, *first)
        merged.merge(bars_after(kind, *second))
        assert everything(merged.snapshot()) == everything(whole.snapshot())
        more: list[Row] = [(0, 5, 6, 7, 1), (1, 5, 6, 7, 1)] * 30
        continued = bars_after(kind, *evens, *odds, more)
        merged.update(batch_of(more))
        assert everything(merged.snapshot()) == everything(continued.snapshot())


def test_merged_keys_have_changed() -> None:
    bars, other = bars_after(("rows", 2), [(0, 1, 2, 3, 1)]), bars_after(("rows", 2), [(1, 1, 2, 3, 1)] * 40)
    known = bars.snapshot().generation
    bars.merge(other)
    assert len(bars.snapshot().changed(known)) == len(bars.snapshot().candles(1)) == 20


def test_a_key_that_both_sides_have_seen_can_not_be_merged_but_its_rows_can_be_replayed() -> None:
    first: list[Row] = [(0, 1, 2, 3, 1)]
    second: list[Row] = [(1, 1, 2, 3, 1), (0, 2, 3, 4, 1)]
    bars = bars_after(("rows", 2), first)
    before = everything(bars.snapshot())
    with pytest.raises(ValueError, match=r"both sides have keys \[0\]"):
        bars.merge(bars_after(("rows", 2), second))
    assert everything(bars.snapshot()) == before
    bars.merge(bars_after(("rows", 2)))
    bars.update(batch_of(second))
    assert everything(bars.snapshot()) == everything(bars_after(("rows", 2), first + second).snapshot())


@given(PARTS, KINDS)
def test_snapshots_stay_as_they_were_and_tell_what_changed_since_each_of_them(
    parts: list[list[Row]], kind: Any
) -> None:
    bars = bars_after(kind)
    taken = []
    for part in parts:
        bars.update(batch_of(part * 4))
        taken.append((snapshot := bars.snapshot(), everything(snapshot)))
        assert bars.snapshot() is snapshot
    assert all(everything(snapshot) == before for snapshot, before in taken)
    newest, now = taken[-1]
    for snapshot, before in taken:
        assert set(now) - set(before) <= set(changed := lines(newest.changed(snapshot.generation))) <= set(now)
        assert [line for key in (0, 1, 2, 3, 70) for line in lines(newest.changed(snapshot.generation, key))] == changed
    assert newest.changed(newest.generation).n_bytes == 0


def test_a_table_that_keeps_all_rows_rebuilds_the_same_bars() -> None:
    random = np.random.default_rng(5)
    rows = trades(random.integers(0, 10**6, 10_000), key=random.integers(0, 2, 10_000), size=random.random(10_000))
    table, bars, rebuilt = (
        Table(TableSpec(TRADES)), bars_after(("volume", 40.0)), bars_after(("volume", 40.0), [(0, 1, 2, 3, 1)])
    )  # fmt: skip
    table.append(rows)
    bars.update(rows)
    assert sum(1 for _ in rebuilt.rebuild(table)) >= 2
    assert everything(rebuilt.snapshot()) == everything(bars.snapshot())


def test_readings_have_bars_of_so_many_rows_and_no_others() -> None:
    bars = EventBars(READINGS, of="rows", threshold=2)
    bars.update(readings([1, 2, 3], value=[5, 4, 6]))
    assert bars.snapshot().candles(0).close.tolist() == [4, 6]
    with pytest.raises(SpecError, match="no sizes"):
        EventBars(READINGS, of="volume", threshold=2)


@pytest.mark.parametrize("threshold", [0.0, -1.0, math.nan, math.inf])
def test_a_bar_must_be_able_to_close(threshold: float) -> None:
    with pytest.raises(SpecError, match="positive number"):
        EventBars(TRADES, of="rows", threshold=threshold)


@pytest.mark.parametrize(
    ("name", "of", "threshold"),
    [("tick_bars.100", "rows", 100), ("volume_bars.0.5", "volume", 0.5), ("dollar_bars.1e6", "turnover", 1e6)],
)
def test_a_name_says_what_closes_a_bar(name: str, of: str, threshold: float) -> None:
    made = make_aggregate(AggregateSpec(name, "trades"))
    assert isinstance(made, EventBars)
    assert (made.of, made.threshold) == (of, threshold)
