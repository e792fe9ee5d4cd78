from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.aggregates.points import PointRaster, PointsSnapshot
from pipelines.aggregates.value_grid import MAX_VALUE
from pipelines.core.batch import Batch
from pipelines.core.schema import READINGS, TRADES
from pipelines.core.spec import Reduction, Retention, TableSpec
from pipelines.live.frames.reference import draw_with_datashader
from pipelines.store.table import Table
from tests.batches import readings

ORDERED: list[Reduction] = ["sum", "mean"]
"""Reductions that are bit-equal only as long as rows were added one after the other."""

DRAWN = [
    pytest.param(reduction, by, id=f"{reduction}-{by or 'all'}")
    for reduction in ("count", "any", "sum", "min", "max", "mean", "last")
    for by in (None, "side")
]

Row = tuple[int, float, float, int]

ticks = st.integers(9_900, 10_100).map(lambda n: n / 10)
hostile = st.sampled_from([np.nan, np.inf, -np.inf, 0.0, -0.0, 5e-324, -1.0, 1e9, -1e270, 1e270, 1e300])
values = st.one_of(ticks, ticks, ticks, st.floats(990, 1_010), st.floats(), hostile)
sizes = st.one_of(st.floats(-1e6, 1e6), st.sampled_from([np.nan, 0.0, -0.0, 1.0]))
times = st.one_of(st.integers(0, 300), st.integers(0, 300), st.sampled_from([5, 127, 128, 3_000]))
rows = st.tuples(times, values, sizes, st.sampled_from([-1, 0, 1]))
parts = st.lists(st.lists(rows, max_size=12), min_size=1, max_size=5)
heights = st.sampled_from([2, 3, 7, 8, 40])


def trades_of(part: list[Row]) -> Batch:
    time, price, size, side = zip(*part, strict=True) if part else ((), (), (), ())
    columns = {
        "time": np.array(time, np.int64),
        "symbol": np.zeros(len(part), np.int32),
        "price": np.array(price, np.float64),
        "size": np.array(size, np.float64),
        "side": np.array(side, np.int8),
    }
    return Batch(TRADES, columns)


def raster_of(
    reduction: Reduction = "count", by: str | None = None, *, n_rows: int = 40, **options: Any
) -> PointRaster:
    of = None if reduction in ("count", "any") else "size"
    shape = {"code": 0, "column_log2": 4, "n_columns": 8, "n_rows": n_rows, "value": "price"} | options
    return PointRaster(TRADES, reduction=reduction, of=of, by=by, **shape)


def oracle(raster: PointRaster, batch: Batch) -> np.ndarray:
    assert raster.canvas is not None
    return draw_with_datashader(
        raster.canvas, batch.columns, value=raster.value, reduction=raster.reduction, of=raster.of, by=raster.by
    )


def assert_same_bits(ours: np.ndarray, expected: np.ndarray) -> None:
    """Also the sign of a zero."""
    assert ours.dtype == expected.dtype
    np.testing.assert_array_equal(ours, expected)
    if ours.dtype == np.float64:
        np.testing.assert_array_equal(np.signbit(ours[ours == 0]), np.signbit(expected[ours == 0]))


def assert_drawn(raster: PointRaster, batch: Batch, *, is_grown: bool) -> None:
    """The cells are those of Datashader: to the bit, or where sums were merged, but for their rounding."""
    snapshot = raster.snapshot()
    if snapshot.canvas is None:
        in_ring = batch.time >> raster.column_log2 >= raster._live.ring.first_column
        assert not (np.abs(batch["price"][in_ring]) <= MAX_VALUE).any()
        return
    expected = oracle(raster, batch)
    if not is_grown:
        assert_same_bits(snapshot.cells, expected)
    elif raster.reduction in ORDERED:
        # Sums were added in the order of the cells; numbers that cancel leave what was lost to rounding.
        np.testing.assert_allclose(snapshot.cells, expected, rtol=1e-12, atol=1e-8)
    else:
        np.testing.assert_array_equal(snapshot.cells, expected)


def rows_of(snapshot: PointsSnapshot) -> Any:
    return snapshot.canvas and (snapshot.canvas.step, snapshot.canvas.level, snapshot.canvas.first_row)


def state(snapshot: PointsSnapshot) -> list[Any]:
    return [snapshot.canvas, snapshot.reduction, snapshot.value_range, snapshot.cells.tobytes()]


def total(snapshot: PointsSnapshot) -> int:
    return int(snapshot.cells.sum())


def prices(time: Any, price: Any) -> Batch:
    return trades_of([(int(t), float(p), 1.0, 1) for t, p in zip(time, price, strict=True)])


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


def test_the_range_grows_by_shifts_and_by_merging_pairs_of_rows_without_losing_a_point() -> None:
    raster = raster_of()
    raster.update(prices(range(60), np.linspace(100, 102, 60).round(1)))
    before = raster.canvas
    assert before is not None
    raster.update(prices([61], [before.y_range[1] + 0.1]))
    shifted = raster.canvas
    assert shifted is not None
    assert (shifted.level, shifted.first_row) > (before.level, before.first_row)
    raster.update(prices([62], [400]))
    merged = raster.canvas
    assert merged is not None
    assert merged.level > shifted.level
    assert merged.step == shifted.step
    assert total(raster.snapshot()) == 62
    assert raster.take_changed().tolist() == list(range(-4, 4))


def test_a_range_that_has_grown_has_room_to_move_in() -> None:
    raster = raster_of(n_rows=400)
    canvases = set()
    walk = 100 + np.cumsum(np.random.default_rng(3).choice([-0.1, 0, 0.1], 20_000))
    for start in range(0, 20_000, 100):
        raster.update(prices(np.full(100, 5), walk[start : start + 100].round(1)))
        canvases.add(rows_of(raster.snapshot()))
    assert len(canvases) <= 14
    assert total(raster.snapshot()) == 20_000


@pytest.mark.parametrize("outlier", [1e270, -1e270, 2.0**60, 1e18])
def test_the_canvas_reaches_any_outlier(outlier: float) -> None:
    raster = raster_of()
    raster.update(prices([0, 1, 2], [100.0, 100.1, -3.0]))
    raster.update(prices([3], [outlier]))
    assert total(raster.snapshot()) == 4
    assert raster.value_range == (min(outlier, -3.0), max(outlier, 100.1))
    assert raster.wants_rebuild


def test_an_outlier_that_has_left_makes_it_want_a_rebuild_and_get_a_finer_canvas() -> None:
    table = Table(TableSpec(TRADES, Retention(window_ns=150)))
    raster = raster_of(n_rows=400)
    for batch in (prices(range(50), np.linspace(99, 101, 50).round(2)), prices([51], [10_000])):
        table.append(batch)
        raster.update(batch)
    assert not raster.wants_rebuild
    batch = prices(range(160, 280), np.linspace(99, 110, 120).round(2))
    table.append(batch)
    table.evict()
    raster.update(batch)
    assert raster.wants_rebuild
    coarse = raster.canvas
    for _ in raster.rebuild(table):
        pass
    assert not raster.wants_rebuild
    assert raster.canvas is not None
    assert coarse is not None
    assert raster.canvas.pitch < coarse.pitch / 10
    np.testing.assert_array_equal(raster.snapshot().cells, oracle(raster, batch))


def test_rows_that_were_parts_of_a_tick_are_wanted_anew_where_they_hold_several() -> None:
    raster = raster_of(n_rows=64)
    raster.update(prices([0], [100.1]))
    canvas = raster.canvas
    assert canvas is not None
    assert canvas.step < 0.1
    raster.update(prices([1, 2], [99.1, 101.3]))
    assert raster.canvas is not None
    assert raster.canvas.pitch > canvas.pitch
    assert raster.wants_rebuild


def test_a_value_that_rounding_decides_on_is_counted_and_doubted_once_the_canvas_grows() -> None:
    raster = raster_of()
    raster.update(prices([0, 1], [100.0, 110.0]))
    canvas = raster.canvas
    assert canvas is not None
    raster.update(prices([2], [canvas.row_edge(canvas.first_row + 13)]))
    assert raster.n_ambiguous == 1
    assert not raster.wants_rebuild
    raster.update(prices([3], [500.0]))
    assert raster.wants_rebuild


def test_values_on_a_grid_of_prices_are_never_ambiguous() -> None:
    random = np.random.default_rng(2)
    raster = raster_of(n_rows=400)
    for spread in (0, 3, 50, 2_000):
        raster.update(prices(np.full(500, 9), (573_211 + random.integers(-spread, spread + 1, 500)) / 10))
    assert raster.n_ambiguous == 0
    assert total(raster.snapshot()) == 2_000


def test_one_spike_among_many_points_stays_visible() -> None:
    random = np.random.default_rng(4)
    n = 1_000_000
    raster = raster_of(column_log2=10, n_columns=300, n_rows=200)
    time = np.arange(n) // 4
    price = np.round(100 + random.normal(0, 0.2, n), 2)
    price[n - 200_000] = 250.0
    columns = {
        "time": time,
        "symbol": np.zeros(n, np.int32),
        "price": price,
        "size": np.ones(n),
        "side": np.ones(n, np.int8),
    }
    batch = Batch(TRADES, columns)
    for start in range(0, n, 50_000):
        raster.update(batch.select(np.arange(start, start + 50_000)))
    canvas, cells = raster.canvas, raster.snapshot().cells
    assert canvas is not None
    row = int(np.flatnonzero(cells[canvas.column_of(int(time[n - 200_000])) - canvas.first_column])[-1])
    low, high = canvas.row_edge(canvas.first_row + row), canvas.row_edge(canvas.first_row + row + 1)
    assert low <= 250.0 <= high
    assert total(raster.snapshot()) == n


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
