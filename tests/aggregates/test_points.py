from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.aggregates.points import PointRaster
from pipelines.core.batch import Batch
from pipelines.core.schema import READINGS, TRADES
from pipelines.core.spec import Reduction, Retention, TableSpec
from pipelines.store.table import Table
from tests.aggregates.rasters import (
    DRAWN,
    Row,
    assert_drawn,
    heights,
    oracle,
    parts,
    prices,
    raster_of,
    rows_of,
    state,
    total,
    trades_of,
)
from tests.batches import readings


@pytest.mark.parametrize(("reduction", "by"), DRAWN)
@settings(max_examples=30)
@given(divided=parts, n_rows=heights)
def test_every_frame_is_bit_equal_to_datashader(
    reduction: Reduction, by: str | None, divided: list[list[Row]], n_rows: int
) -> None:
    raster = raster_of(reduction, by, n_rows=n_rows)
    seen: list[Row] = []
    began: Any = None
    for part in divided:
        raster.update(trades_of(part))
        seen += part
        began = began or rows_of(raster.snapshot())
        is_grown = rows_of(raster.snapshot()) != began
        if not (is_grown and raster._live.is_unproven):
            assert_drawn(raster, trades_of(seen), is_grown=is_grown)
    anew = raster_of(reduction, by, n_rows=n_rows)
    anew.update(trades_of(seen))
    assert_drawn(anew, trades_of(seen), is_grown=False)


@pytest.mark.parametrize("tick", [None, 0.01, 0.25])
def test_a_thousand_frames_of_a_walk_are_bit_equal_to_datashader(tick: float | None) -> None:
    random = np.random.default_rng(11)
    raster = raster_of(column_log2=12, n_columns=30, n_rows=50)
    n, n_proven, levels = 12_000, 0, set()
    time = np.arange(n) * 40 - random.integers(0, 20_000, n) * (random.random(n) < 0.1) + 10**6
    price = 500 + np.cumsum(random.standard_t(2, n)) * 0.05
    batch = prices(time, price if tick is None else np.round(price / tick) * tick)
    for end in range(30, n + 1, 30):
        raster.update(batch.select(np.arange(end - 30, end)))
        if not raster._live.is_unproven:
            n_proven += 1
            recent = batch.select(np.arange(max(end - 6_000, 0), end))
            np.testing.assert_array_equal(raster.snapshot().cells, oracle(raster, recent))
            levels.add(rows_of(raster.snapshot()))
    assert n_proven == n // 30
    assert len(levels) > 3


@pytest.mark.parametrize(("reduction", "by"), [("count", None), ("last", "side"), ("max", None), ("min", "side")])
@settings(max_examples=40)
@given(divided=parts)
def test_a_batch_may_be_cut_anywhere(reduction: Reduction, by: str | None, divided: list[list[Row]]) -> None:
    cut, whole = raster_of(reduction, by), raster_of(reduction, by)
    everything = [row for part in divided for row in part]
    for part in divided:
        cut.update(trades_of(part))
    whole.update(trades_of(everything))
    for raster in (cut, whole):
        if not raster._live.is_unproven:
            assert_drawn(raster, trades_of(everything), is_grown=True)
    assert cut.value_range == whole.value_range
    if rows_of(cut.snapshot()) == rows_of(whole.snapshot()) and not (cut._live.is_unproven or whole._live.is_unproven):
        np.testing.assert_array_equal(cut.snapshot().cells, whole.snapshot().cells)


@pytest.mark.parametrize(("reduction", "by"), DRAWN)
@settings(max_examples=20)
@given(divided=parts, n_rows=heights)
def test_rasters_of_the_parts_merged_in_order_show_all_rows(
    reduction: Reduction, by: str | None, divided: list[list[Row]], n_rows: int
) -> None:
    merged = raster_of(reduction, by, n_rows=n_rows, step=0.1)
    for part in divided:
        later = raster_of(reduction, by, n_rows=n_rows, step=0.1)
        later.update(trades_of(part))
        before = state(later.snapshot())
        merged.merge(later)
        assert state(later.snapshot()) == before
    whole = raster_of(reduction, by, n_rows=n_rows, step=0.1)
    everything = trades_of([row for part in divided for row in part])
    whole.update(everything)
    assert merged.value_range == whole.value_range
    assert merged._live.ring.newest_column == whole._live.ring.newest_column
    if not merged._live.is_unproven:
        assert_drawn(merged, everything, is_grown=True)


def test_an_empty_batch_and_a_raster_that_saw_nothing_change_nothing() -> None:
    raster = raster_of()
    raster.merge(raster_of())
    raster.update(trades_of([]))
    assert raster.canvas is None
    assert raster.take_changed().tolist() == []
    raster.update(prices([0, 20], [100, 101]))
    before = state(raster.snapshot())
    raster.take_changed()
    raster.update(trades_of([]))
    raster.merge(raster_of())
    assert state(raster.snapshot()) == before
    assert raster.take_changed().tolist() == []
    raster_of().merge(raster)


def test_a_snapshot_is_left_alone_by_whatever_comes_later() -> None:
    raster = raster_of()
    raster.update(prices([0, 20], [100, 101]))
    snapshot = raster.snapshot()
    before = state(snapshot)
    raster.update(prices([21, 5, 60], [100, 100, 5_000]))
    raster.merge(raster)
    raster.advance(10_000)
    assert state(snapshot) == before
    with pytest.raises(ValueError, match="read-only"):
        snapshot.cells[0, 0] = 1


@pytest.mark.parametrize("step", [None, 0.1])
def test_rebuilding_equals_a_new_raster_over_the_kept_rows_of_its_key(step: float | None) -> None:
    random = np.random.default_rng(5)
    n = 30_000
    table = Table(TableSpec(READINGS, Retention(window_ns=200_000, memory_bytes=1 << 30)))
    time = np.arange(n) * 10 - random.integers(0, 500, n)
    batch = readings(np.maximum(time, 0), key=random.integers(0, 3, n), value=np.round(random.normal(20, 3, n), 1))
    for start in range(0, n, 1_000):
        table.append(batch.select(np.arange(start, start + 1_000)))
    table.evict()

    def new() -> PointRaster:
        return PointRaster(
            READINGS,
            code=1,
            column_log2=13,
            n_columns=20,
            n_rows=64,
            value="value",
            reduction="last",
            of="value",
            step=step,
        )

    raster, fresh = new(), new()
    raster.update(readings([5], key=1, value=[1e6]))
    n_steps = sum(1 for _ in raster.rebuild(table))
    series = table.series(1)
    assert series is not None
    assert raster.next_row == series.next_row
    assert n_steps >= 2 * len(series.segments)
    fresh.update(Batch.concatenate(list(series.batches())))
    assert state(raster.snapshot()) == state(fresh.snapshot())
    np.testing.assert_array_equal(fresh.snapshot().cells, oracle(fresh, Batch.concatenate(list(series.batches()))))


def test_rebuilding_from_a_table_without_the_key_leaves_nothing() -> None:
    table = Table(TableSpec(TRADES, Retention()))
    raster = raster_of(code=7)
    raster.update(prices([0], [1]))
    assert list(raster.rebuild(table)) == []
    assert raster.canvas is None


def test_rows_of_other_keys_are_left_out() -> None:
    raster = PointRaster(READINGS, code=2, column_log2=4, n_columns=8, n_rows=40, value="value")
    raster.update(readings([0, 1, 10_000], key=[2, 1, 1], value=[5.0, 6.0, 7.0]))
    assert raster.value_range == (5.0, 5.0)
    assert total(raster.snapshot()) == 1


@settings(max_examples=60)
@given(divided=parts, edges=st.lists(st.integers(0, 400), max_size=5))
def test_only_columns_that_are_told_have_changed(divided: list[list[Row]], edges: list[int]) -> None:
    raster = raster_of()
    known: dict[int, bytes] = {}
    for part, edge in zip(divided, [*edges, *[0] * 5], strict=False):
        raster.update(trades_of(part))
        raster.advance(edge)
        changed = raster.take_changed()
        assert changed.tolist() == sorted(set(changed.tolist()))
        known |= {column: cells.tobytes() for column, cells in zip(changed, raster.cells_of(changed), strict=True)}
        if (canvas := raster.canvas) is not None:
            shown = [known[column] for column in range(canvas.first_column, canvas.end_column)]
            assert shown == [cells.tobytes() for cells in raster.snapshot().cells]


def test_new_points_change_only_their_columns() -> None:
    raster = raster_of()
    raster.update(prices([0, 20, 100], [100, 101, 102]))
    raster.take_changed()
    raster.update(prices([110, 33], [101, 101]))
    assert raster.take_changed().tolist() == [2, 6]


def test_the_ring_scrolls_with_newer_rows_and_with_the_live_edge_and_never_back() -> None:
    raster = raster_of()
    raster.update(prices([0, 16, 112], [100, 100, 100]))
    assert raster.snapshot().cells.sum(axis=1).tolist() == [1, 1, 0, 0, 0, 0, 0, 1]
    raster.update(prices([128], [100]))
    assert raster.snapshot().cells.sum(axis=1).tolist() == [1, 0, 0, 0, 0, 0, 1, 1]
    raster.advance(16 * 14)
    raster.advance(0)
    assert raster.canvas is not None
    assert raster.canvas.end_column == 15
    assert raster.snapshot().cells.sum(axis=1).tolist() == [1, 1, 0, 0, 0, 0, 0, 0]
    raster.advance(10**18)
    assert total(raster.snapshot()) == 0
    assert raster.value_range is None


def test_late_rows_land_in_their_own_column_and_those_older_than_the_ring_are_counted() -> None:
    raster = raster_of()
    raster.update(prices([200, 100], [100, 100]))
    raster.update(prices([110, 79, -(2**63)], [100, 1e9, 100]))
    assert raster.n_outside == 2
    assert raster.snapshot().cells.sum(axis=1).tolist() == [0, 2, 0, 0, 0, 0, 0, 1]
    assert raster.value_range == (100, 100)


def test_what_has_no_place_is_not_drawn() -> None:
    raster = raster_of()
    raster.update(prices([1, 2, 3, 4], [np.nan, np.inf, -np.inf, 1e300]))
    assert raster.canvas is None
    assert raster.n_outside == 1
    raster.update(prices([5, 6, 7], [3.0, np.nan, -1e300]))
    assert total(raster.snapshot()) == 1
    assert raster.n_outside == 2


def test_rasters_of_unlike_steps_are_not_merged() -> None:
    raster, other = raster_of(step=0.1), raster_of(step=0.25)
    raster.update(prices([0], [1]))
    other.update(prices([0], [1]))
    with pytest.raises(ValueError, match=r"steps of 0\.1 and 0\.25"):
        raster.merge(other)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_rows": 1}, "2 rows"),
        ({"step": 0.0}, "height"),
        ({"step": 1e-50}, "height"),
        ({"n_columns": 0}, "1 column"),
        ({"value": "symbol"}, "codes"),
        ({"by": "size"}, "sign"),
        ({"reduction": "sum"}, "needs a column"),
        ({"of": "size"}, "takes no column"),
    ],
)
def test_a_raster_that_can_not_be_is_refused(options: dict[str, Any], message: str) -> None:
    shape = {"code": 0, "column_log2": 4, "n_columns": 8, "n_rows": 40, "value": "price"}
    with pytest.raises(ValueError, match=message):
        PointRaster(TRADES, **(shape | options))
