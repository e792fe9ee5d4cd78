from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.aggregates.canvas import Canvas
from pipelines.aggregates.point_cells import draw_points, merge_column_pairs
from pipelines.core.spec import Reduction
from pipelines.live.frames.reference import draw_with_datashader

DRAWN = [
    pytest.param(reduction, by, id=f"{reduction}-{by or 'all'}")
    for reduction in ("count", "any", "sum", "min", "max", "mean", "last")
    for by in (None, "side")
]

canvases = st.builds(
    Canvas,
    column_log2=st.integers(0, 6),
    first_column=st.one_of(st.integers(-5, 5), st.just(1_700_000_000_000_000_000 >> 6)),
    n_columns=st.integers(1, 9),
    step=st.sampled_from([0.1, 0.25, 1 / 3, 2.0**-20, 0.01 / 199, 1e6]),
    level=st.integers(0, 12),
    first_row=st.sampled_from([-7, -1, 0, 3, 573_000]),
    n_rows=st.integers(1, 12),
)


@st.composite
def frames(draw: st.DrawFn) -> tuple[Canvas, dict[str, Any]]:
    """Rows in, around and outside a canvas, many of them on its edges or one ulp beside."""
    canvas = draw(canvases)
    low, high = canvas.y_range
    edges = st.integers(-1, canvas.n_rows + 1).map(lambda row: canvas.row_edge(canvas.first_row + row))
    value = st.one_of(
        edges,
        edges.map(lambda edge: float(np.nextafter(edge, -np.inf))),
        edges.map(lambda edge: float(np.nextafter(edge, np.inf))),
        st.floats(low, high),
        st.floats(),
    )
    time = st.one_of(
        st.integers(canvas.start_ns - 3, canvas.end_ns + 3),
        st.integers(canvas.first_column, canvas.end_column).map(lambda column: column << canvas.column_log2),
    )
    size = st.one_of(st.floats(-1e6, 1e6), st.sampled_from([np.nan, np.inf, -np.inf, 0.0, -0.0]))
    rows = draw(st.lists(st.tuples(time, value, size, st.sampled_from([-1, 0, 1])), max_size=25))
    columns = zip(*rows, strict=True) if rows else ((), (), (), ())
    dtypes = (np.int64, np.float64, np.float64, np.int8)
    names = ("time", "price", "size", "side")
    return canvas, {name: np.array(column, dtype) for name, column, dtype in zip(names, columns, dtypes, strict=True)}


def options_of(reduction: Reduction, by: str | None) -> dict[str, Any]:
    return {
        "value": "price",
        "reduction": reduction,
        "of": None if reduction in ("count", "any") else "size",
        "by": by,
    }


@pytest.mark.parametrize(("reduction", "by"), DRAWN)
@settings(max_examples=40)
@given(frame=frames())
def test_points_on_a_canvas_are_bit_equal_to_datashader(
    reduction: Reduction, by: str | None, frame: tuple[Canvas, dict[str, Any]]
) -> None:
    canvas, columns = frame
    options = options_of(reduction, by)
    ours, expected = draw_points(canvas, columns, **options).drawn(), draw_with_datashader(canvas, columns, **options)
    assert ours.dtype == expected.dtype
    np.testing.assert_array_equal(ours, expected)
    if ours.dtype == np.float64:
        np.testing.assert_array_equal(np.signbit(ours[ours == 0]), np.signbit(expected[ours == 0]))


@pytest.mark.parametrize(("reduction", "by"), [param for param in DRAWN if param.values[0] not in ("sum", "mean")])
@settings(max_examples=20)
@given(frame=frames())
def test_pairs_of_columns_merge_into_what_datashader_draws_from_all_rows(
    reduction: Reduction, by: str | None, frame: tuple[Canvas, dict[str, Any]]
) -> None:
    canvas, columns = frame
    canvas = canvas.with_columns(canvas.first_column & ~1, 2 * canvas.n_columns)
    options = options_of(reduction, by)
    longer, merged = merge_column_pairs(canvas, draw_points(canvas, columns, **options))
    assert (longer.start_ns, longer.end_ns) == (canvas.start_ns, canvas.end_ns)
    np.testing.assert_array_equal(merged.drawn(), draw_with_datashader(longer, columns, **options))


@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_pairs_of_sums_differ_in_nothing_but_rounding(reduction: Reduction) -> None:
    random = np.random.default_rng(1)
    n = 5_000
    columns = {"time": random.integers(0, 64, n), "price": random.uniform(0, 10, n), "size": random.normal(size=n)}
    canvas = Canvas(2, 0, 16, 1.0, 0, 0, 11)
    options = options_of(reduction, None)
    longer, merged = merge_column_pairs(canvas, draw_points(canvas, columns, **options))
    np.testing.assert_allclose(merged.drawn(), draw_with_datashader(longer, columns, **options), rtol=1e-11, atol=1e-11)


def test_half_a_pair_at_the_end_of_a_canvas_is_taken_alone() -> None:
    columns = {"time": np.arange(5), "price": np.ones(5)}
    longer, merged = merge_column_pairs(
        Canvas(0, 1, 4, 1.0, 0, 1, 1), draw_points(Canvas(0, 1, 4, 1.0, 0, 1, 1), columns, value="price")
    )
    assert (longer.first_column, longer.n_columns) == (0, 3)
    assert merged.drawn()[:, 0].tolist() == [1, 2, 1]


def test_the_classes_of_a_canvas_follow_from_the_largest() -> None:
    random = np.random.default_rng(8)
    n = 100_000
    columns: dict[str, Any] = {
        "time": random.integers(0, 2_400 << 10, n),
        "price": np.round(random.normal(100, 1, n), 1),
    }
    canvas, cells = Canvas(10, 0, 2_400, 0.1, 1, 480, 40), None
    cells = draw_points(canvas, columns, value="price")
    for n_columns in (1_200, 600, 300):
        canvas, cells = merge_column_pairs(canvas, cells)
        assert canvas.n_columns == n_columns
        np.testing.assert_array_equal(cells.drawn(), draw_with_datashader(canvas, columns, value="price"))


def test_columns_are_found_to_the_nanosecond_on_a_canvas_of_years() -> None:
    canvas = Canvas(52, 0, 400, 1.0, 0, 0, 1)
    edge = 300 << 52
    drawn = draw_points(canvas, {"time": np.array([edge - 1, edge]), "price": np.zeros(2)}, value="price").drawn()
    assert np.flatnonzero(drawn).tolist() == [299, 300]
