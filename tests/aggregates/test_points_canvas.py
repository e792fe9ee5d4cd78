"""How the rows of a raster's canvas follow the values."""

from __future__ import annotations

import numpy as np
import pytest

from pipelines.core.batch import Batch
from pipelines.core.schema import TRADES
from pipelines.core.spec import Retention, TableSpec
from pipelines.store.table import Table
from tests.aggregates.rasters import (
    oracle,
    prices,
    raster_of,
    rows_of,
    total,
)


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
