"""Rasters of points, rows for them, and Datashader's drawing of the same rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st

from pipelines.aggregates.points import PointRaster, PointsSnapshot
from pipelines.aggregates.value_grid import MAX_VALUE
from pipelines.core.batch import Batch
from pipelines.core.schema import TRADES
from pipelines.core.spec import Reduction
from pipelines.live.frames.reference import draw_with_datashader

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
    """Return trades as a batch of one key."""
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
    """Return an empty raster of 8 columns of 16 ns."""
    of = None if reduction in ("count", "any") else "size"
    shape = {"code": 0, "column_log2": 4, "n_columns": 8, "n_rows": n_rows, "value": "price"} | options
    return PointRaster(TRADES, reduction=reduction, of=of, by=by, **shape)


def oracle(raster: PointRaster, batch: Batch) -> np.ndarray:
    """Return what Datashader draws of some rows on the canvas of a raster."""
    assert raster.canvas is not None
    return draw_with_datashader(
        raster.canvas, batch.columns, value=raster.value, reduction=raster.reduction, of=raster.of, by=raster.by
    )


def assert_same_bits(ours: np.ndarray, expected: np.ndarray) -> None:
    """Compare cells, also the sign of a zero."""
    assert ours.dtype == expected.dtype
    np.testing.assert_array_equal(ours, expected)
    if ours.dtype == np.float64:
        np.testing.assert_array_equal(np.signbit(ours[ours == 0]), np.signbit(expected[ours == 0]))


def assert_drawn(raster: PointRaster, batch: Batch, *, is_grown: bool) -> None:
    """Compare the cells with those of Datashader: to the bit, or where sums were merged, but for their rounding."""
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
    """Return which rows the canvas has; None without one."""
    return snapshot.canvas and (snapshot.canvas.step, snapshot.canvas.level, snapshot.canvas.first_row)


def state(snapshot: PointsSnapshot) -> list[Any]:
    """Return all that a snapshot says, for comparison."""
    return [snapshot.canvas, snapshot.reduction, snapshot.value_range, snapshot.cells.tobytes()]


def total(snapshot: PointsSnapshot) -> int:
    """Return the sum of all cells."""
    return int(snapshot.cells.sum())


def prices(time: Any, price: Any) -> Batch:
    """Return trades of size 1 at these times and prices."""
    return trades_of([(int(t), float(p), 1.0, 1) for t, p in zip(time, price, strict=True)])
