from __future__ import annotations

from typing import Any

import datashader
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.kernels.polyline import draw_polyline, draw_spans

N_COLUMNS, N_ROWS = 9, 7
FAR = 2.0**48

# Places are counted in cells from the lower end, so that integers are edges; a few are moved to the next float.
place = (
    st.integers(-2, N_COLUMNS + 2).map(float)
    | st.floats(-3.0, N_COLUMNS + 3.0)
    | st.integers(-8, 4 * N_COLUMNS).map(lambda quarter: quarter / 4)
    | st.sampled_from([np.nan, np.inf, -np.inf, FAR, -FAR, 1e5, -1e5])
)
nudge = st.sampled_from([0.0, 0.0, 0.0, np.inf, -np.inf])
points = st.lists(st.tuples(place, nudge, place, nudge), max_size=12)
ranges = st.tuples(st.sampled_from([2.0, -0.5, -3.3, 1e6 + 0.1, 97_000.005]), st.sampled_from([1.0, 0.1, 1 / 3, 0.01]))


def ours(x: np.ndarray, y: np.ndarray, x_range: tuple[float, float], y_range: tuple[float, float]) -> np.ndarray:
    cells = np.zeros((N_COLUMNS, N_ROWS), np.bool_)
    draw_polyline(x, y, *x_range, *y_range, cells)
    return cells


def theirs(x: np.ndarray, y: np.ndarray, x_range: tuple[float, float], y_range: tuple[float, float]) -> np.ndarray:
    """What Datashader draws, which may crash on an infinity: it is given NaN instead."""
    finite = np.isfinite(x) & np.isfinite(y)
    frame = pd.DataFrame({"x": np.where(finite, x, np.nan), "y": np.where(finite, y, np.nan)})
    canvas = datashader.Canvas(N_COLUMNS, N_ROWS, x_range, y_range)
    return canvas.line(frame, "x", "y", agg=datashader.any()).to_numpy().T


def moved(coordinates: np.ndarray, nudges: np.ndarray) -> np.ndarray:
    """Coordinates, some of them moved to the next float up or down."""
    return np.where((nudges == 0) | np.isinf(coordinates), coordinates, np.nextafter(coordinates, nudges))


def unit(*drawn: tuple[float, float]) -> tuple[Any, ...]:
    """Points and ranges where a cell is a unit."""
    x, y = (np.array(axis, np.float64) for axis in zip(*drawn, strict=True))
    return x, y, (0.0, float(N_COLUMNS)), (0.0, float(N_ROWS))


def lit(cells: np.ndarray) -> set[tuple[int, int]]:
    return {(int(column), int(row)) for column, row in zip(*np.nonzero(cells), strict=True)}


@settings(max_examples=600)
@given(points, ranges, ranges)
def test_a_line_passes_the_cells_that_datashader_draws(
    drawn: list[tuple[float, float, float, float]], across: tuple[float, float], up: tuple[float, float]
) -> None:
    sides = np.array(drawn, np.float64).reshape(-1, 4).T
    (x_low, x_pitch), (y_low, y_pitch) = across, up
    x, y = moved(x_low + sides[0] * x_pitch, sides[1]), moved(y_low + sides[2] * y_pitch, sides[3])
    x_range, y_range = (x_low, x_low + N_COLUMNS * x_pitch), (y_low, y_low + N_ROWS * y_pitch)
    np.testing.assert_array_equal(ours(x, y, x_range, y_range), theirs(x, y, x_range, y_range))


def test_two_thousand_lines_of_any_length_and_size_are_those_of_datashader() -> None:
    random = np.random.default_rng(3)
    for _ in range(2_000):
        n = int(random.integers(0, 80))
        x = random.uniform(-2, N_COLUMNS + 2, n) if random.random() < 0.5 else np.sort(random.uniform(0, N_COLUMNS, n))
        y = random.normal(3.5, random.choice([0.1, 2.0, 50.0, 1e9]), n)
        y[random.random(n) < random.choice([0.0, 0.3])] = np.nan
        x_range, y_range = (0.0, float(N_COLUMNS)), (0.0, float(N_ROWS))
        np.testing.assert_array_equal(ours(x, y, x_range, y_range), theirs(x, y, x_range, y_range))


@pytest.mark.parametrize("begin", [(4, 3), (0, 0), (8, 6), (0, 6)])
def test_a_segment_of_every_slope_takes_the_same_side_of_a_tie(begin: tuple[int, int]) -> None:
    for column in range(N_COLUMNS):
        for row in range(N_ROWS):
            there = unit((begin[0] + 0.5, begin[1] + 0.5), (column + 0.5, row + 0.5))
            np.testing.assert_array_equal(ours(*there), theirs(*there))


def test_integer_nanoseconds_are_drawn_like_floats() -> None:
    x, y, x_range, y_range = unit((0, 1), (3, 5), (3, 2), (8, 9))
    np.testing.assert_array_equal(ours(x.astype(np.int64), y, x_range, y_range), ours(x, y, x_range, y_range))


@pytest.mark.parametrize("drawn", [[(1.5, 2.5)], [(1.5, 2.5), (3.0, np.nan), (4.5, 2.5)], [(np.nan, 1.0)] * 3])
def test_a_point_without_a_neighbour_draws_nothing(drawn: list[tuple[float, float]]) -> None:
    assert not ours(*unit(*drawn)).any()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_a_gap(value: float) -> None:
    cells = ours(*unit((0.5, 1.5), (1.5, 1.5), (3.5, value), (5.5, 4.5), (6.5, 4.5)))
    assert lit(cells) == {(0, 1), (1, 1), (5, 4), (6, 4)}


@pytest.mark.parametrize("far", [1e18, 1e300, np.finfo(np.float64).max])
def test_a_line_to_a_value_however_far_leaves_and_comes_back_on_that_side(far: float) -> None:
    up, down = {(0, row) for row in range(3, N_ROWS)}, {(0, row) for row in range(4)}
    back_down, back_up = {(6, row) for row in range(3, N_ROWS)}, {(6, row) for row in range(4)}
    assert lit(ours(*unit((0.5, 3.5), (3.5, far), (6.5, 3.5)))) == up | back_down
    assert lit(ours(*unit((0.5, 3.5), (3.5, -far), (6.5, 3.5)))) == down | back_up


def test_cells_that_the_line_does_not_pass_are_left_alone() -> None:
    cells = np.zeros((N_COLUMNS, N_ROWS), np.bool_)
    cells[2, 2] = True
    draw_polyline(*unit((0.5, 0.5), (1.5, 0.5))[:2], 0.0, float(N_COLUMNS), 0.0, float(N_ROWS), cells)
    assert lit(cells) == {(0, 0), (1, 0), (2, 2)}


spans = st.lists(st.tuples(place, place).filter(lambda ends: bool(np.isfinite(ends).all())), max_size=3)


@given(st.dictionaries(st.integers(-1, N_COLUMNS), spans, max_size=4), ranges)
def test_ranges_cover_the_cells_that_lines_inside_their_columns_do(
    drawn: dict[int, list[tuple[float, float]]], unit: tuple[float, float]
) -> None:
    bottom, height = unit
    columns, held = np.array(list(drawn), np.int64), np.full((len(drawn), 3, 2), np.nan)
    expected = np.zeros((N_COLUMNS, N_ROWS), np.bool_)
    y_range = (bottom, bottom + N_ROWS * height)
    for number, (column, ends) in enumerate(drawn.items()):
        for slot, pair in enumerate(ends):
            held[number, slot] = low, high = sorted(bottom + height * end for end in pair)
            if 0 <= column < N_COLUMNS:
                expected |= ours(np.full(2, column + 0.5), np.array([low, high]), (0.0, float(N_COLUMNS)), y_range)
    cells = np.zeros((N_COLUMNS, N_ROWS), np.bool_)
    draw_spans(columns, np.array([len(ends) for ends in drawn.values()], np.int64), held, *y_range, cells)
    assert np.array_equal(cells, expected)
