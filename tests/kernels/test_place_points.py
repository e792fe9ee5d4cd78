from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.kernels.place_points import NOT_DRAWN, RowScale, place_in_ring, place_on_canvas

ROWS: RowScale = (-1.0, 3.0, 2.0, 2.0)
"""Eight rows of half a unit."""

LIMIT = 1e6

edges = st.integers(-4, 8).map(lambda row: row / 2)
values = st.one_of(
    edges,
    edges.map(lambda edge: float(np.nextafter(edge, -np.inf))),
    edges.map(lambda edge: float(np.nextafter(edge, np.inf))),
    st.floats(-2, 4),
    st.sampled_from([np.nan, np.inf, -np.inf, 2e6, -0.0]),
)
times = st.one_of(st.integers(-40, 200), st.sampled_from([-(2**63), 2**62]))
points = st.lists(st.tuples(times, values, st.integers(-1, 1)), min_size=1, max_size=30)


def read_only(values: object, dtype: type) -> np.ndarray:
    array = np.array(values, dtype)
    array.flags.writeable = False
    return array


def columns_of(given_points: list[tuple[int, float, int]], by_side: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    time, value, side = zip(*given_points, strict=True)
    return read_only(time, np.int64), read_only(value, np.float64), read_only(side if by_side else [], np.int8)


def twin(time: np.ndarray, value: np.ndarray, side: np.ndarray, first_column: int, n_columns: int) -> np.ndarray:
    """Cells on a canvas of columns of 8 ns: Datashader's arithmetic in NumPy."""
    column = time // 8
    low, high, scale, translation = ROWS
    with np.errstate(invalid="ignore"):
        inside = (column >= first_column) & (column < first_column + n_columns) & (value >= low) & (value <= high)
    row = np.minimum(np.trunc(np.where(inside, value, 0) * scale + translation).astype(np.int64), 7)
    cell = np.where(inside, column - first_column, 0) * 8 + row
    return np.where(inside, cell if len(side) == 0 else cell * 3 + side + 1, NOT_DRAWN)


@given(points, st.booleans(), st.integers(-3, 3))
def test_points_fall_where_the_twin_puts_them(
    given_points: list[tuple[int, float, int]], by_side: bool, first_column: int
) -> None:
    time, value, side = columns_of(given_points, by_side)
    cells = np.full(len(time), 99, np.int64)
    place_on_canvas(time, value, side, 3, first_column, 10, 8, ROWS, cells)
    np.testing.assert_array_equal(cells, twin(time, value, side, first_column, 10))


@given(points, st.booleans(), st.integers(0, 5))
def test_a_ring_has_the_same_cells_at_other_places_and_keeps_what_each_column_holds(
    given_points: list[tuple[int, float, int]], by_side: bool, start: int
) -> None:
    time, value, side = columns_of([(min(t, 150), v, s) for t, v, s in given_points], by_side)
    start = min(start, len(time) - 1)
    newest, n_columns = int(time.max()) // 8, 6
    low, high = np.full(n_columns, np.inf), np.full(n_columns, -np.inf)
    n_ambiguous, changed = np.zeros(n_columns, np.int64), np.zeros(n_columns, bool)
    cells = np.full(len(time), 99, np.int64)
    stop, n_outside = place_in_ring(
        time, value, side, start, 3, newest, 8, ROWS, (LIMIT, 1e-9), low, high, n_ambiguous, changed, cells
    )
    expected = twin(time, value, side, newest - n_columns + 1, n_columns)
    column = time // 8
    is_late = column <= newest - n_columns
    is_beyond = np.isfinite(value) & (np.abs(value) > LIMIT)
    misfits = np.flatnonzero(~is_late & (expected == NOT_DRAWN) & (np.abs(value) <= LIMIT))
    assert stop == min([int(point) for point in misfits if point >= start], default=len(time))
    seen = np.arange(start, stop)
    assert n_outside == (is_late | is_beyond)[seen].sum()
    assert (cells[:start] == 99).all()
    n_layers = 3 if by_side else 1
    place = (column % n_columns)[seen]
    per_column = 8 * n_layers
    drawn = expected[seen] != NOT_DRAWN
    moved = np.where(drawn, place * per_column + expected[seen] % per_column, NOT_DRAWN)
    np.testing.assert_array_equal(cells[seen], moved)
    for each in range(n_columns):
        inside = value[seen][drawn & (place == each)]
        assert changed[each] == (len(inside) > 0)
        assert low[each] == inside.min(initial=np.inf)
        assert high[each] == inside.max(initial=-np.inf)
        distance = np.abs(inside * 2 - np.rint(inside * 2))
        assert n_ambiguous[each] == (distance < 1e-9).sum()


@pytest.mark.parametrize(("side", "layer"), [(-1, 0), (0, 1), (1, 2), (-128, 0), (127, 2)])
def test_only_the_sign_of_a_side_counts(side: int, layer: int) -> None:
    cells = np.empty(1, np.int64)
    place_on_canvas(
        read_only([0], np.int64), read_only([-1.0], np.float64), read_only([side], np.int8), 3, 0, 1, 8, ROWS, cells
    )
    assert cells.tolist() == [layer]
