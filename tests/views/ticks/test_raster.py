"""Rows on a canvas."""

from __future__ import annotations

import datashader
import numpy as np
import pandas as pd
import pytest

from pipelines.views.ticks.raster import Canvas, rasterize, widen_points
from tests.live.hand_feed import NOON_NS

CANVAS = Canvas(NOON_NS, (0.0, 1e9), (90.0, 110.0), 400, 200)


def some_rows(n_rows: int, seed: int = 7) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return NOON_NS + rng.integers(0, 10**9, n_rows), 100 + np.cumsum(rng.normal(0, 0.02, n_rows))


def test_points_are_what_datashader_draws() -> None:
    time_ns, value = some_rows(50_000)
    rows = pd.DataFrame({"x": (time_ns - NOON_NS).astype(float), "y": value})
    expected = datashader.Canvas(400, 200, (0.0, 1e9), (90.0, 110.0)).points(rows, "x", "y", datashader.count())
    assert np.array_equal(rasterize(CANVAS, time_ns, value, "points"), expected.to_numpy())


def test_a_line_is_what_datashader_draws_through_the_rows_in_order_of_time() -> None:
    time_ns, value = some_rows(5_000)
    rows = pd.DataFrame({"x": (time_ns - NOON_NS).astype(float), "y": value}).sort_values("x", kind="stable")
    expected = datashader.Canvas(400, 200, (0.0, 1e9), (90.0, 110.0)).line(rows, "x", "y", datashader.any())
    assert np.array_equal(rasterize(CANVAS, time_ns, value, "line").astype(bool), expected.to_numpy())


@pytest.mark.parametrize("reduction", ["points", "line"])
def test_no_rows_make_an_empty_picture(reduction: str) -> None:
    cells = rasterize(CANVAS, np.empty(0, np.int64), np.empty(0), reduction)
    assert cells.shape == (200, 400)
    assert not cells.any()


@pytest.mark.parametrize("zoom", [1, 3, 17, 250, 4_000])
def test_one_spike_among_many_points_is_seen_at_every_zoom(zoom: int) -> None:
    time_ns, value = some_rows(1_000_000)
    spike = 612_345
    value[spike] = value.max() + 5
    left = float(time_ns[spike] - NOON_NS) - 0.37e9 / zoom
    canvas = Canvas(NOON_NS, (left, left + 1e9 / zoom), (90.0, float(value[spike]) + 1), 400, 200)
    for reduction in ("points", "line"):
        cells = rasterize(canvas, time_ns, value, reduction)
        top = int((value[spike] - 90) / (canvas.y_range[1] - 90) * 200)
        assert cells[top].any(), reduction


def test_two_ticks_one_nanosecond_apart_fall_into_two_columns() -> None:
    canvas = Canvas(NOON_NS + 5, (0.0, 10.0), (90.0, 110.0), 100, 10)
    cells = rasterize(canvas, np.array([NOON_NS + 8, NOON_NS + 9]), np.array([100.0, 100.0]), "points")
    assert np.flatnonzero(cells.any(axis=0)).tolist() == [30, 40]


@pytest.mark.parametrize(("n_rows", "dtype"), [(10, np.uint8), (300, np.uint16), (70_000, np.uint32)])
def test_counts_are_exact_in_the_smallest_type(n_rows: int, dtype: type) -> None:
    cells = rasterize(CANVAS, np.full(n_rows, NOON_NS), np.full(n_rows, 100.0), "points")
    assert cells.dtype == dtype
    assert cells.max() == n_rows


def test_a_lone_point_is_widened_and_the_larger_count_shows_where_two_meet() -> None:
    cells = np.zeros((5, 6), np.uint8)
    cells[2, 1], cells[2, 3] = 4, 9
    wide = widen_points(cells)
    assert wide[1:4].tolist() == [[4, 4, 9, 9, 9, 0]] * 3
    assert not wide[[0, 4]].any()
