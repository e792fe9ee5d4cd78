from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipelines.aggregates.canvas import Canvas, column_log2_of

canvases = st.builds(
    Canvas,
    column_log2=st.integers(0, 40),
    first_column=st.integers(-(10**6), 10**6),
    n_columns=st.integers(1, 2_400),
    step=st.sampled_from([0.1, 0.01, 0.25 / 7, 1.0, 2.0**-30]),
    level=st.integers(0, 40),
    first_row=st.integers(-(10**6), 10**6),
    n_rows=st.integers(1, 2_000),
)


@given(st.integers(1, 10**18), st.integers(1, 2_400))
def test_columns_are_the_shortest_that_fit_the_span(span_ns: int, n_columns: int) -> None:
    column_log2 = column_log2_of(span_ns, n_columns)
    assert span_ns <= n_columns << column_log2
    assert column_log2 == 0 or span_ns > n_columns << (column_log2 - 1)


@given(canvases, st.integers(0, 2**62))
def test_a_time_is_in_the_column_that_begins_no_later_and_ends_after_it(canvas: Canvas, time_ns: int) -> None:
    column = canvas.with_columns(canvas.column_of(time_ns), 1)
    assert column.start_ns <= time_ns < column.end_ns
    assert column.end_ns - column.start_ns == canvas.column_ns


@given(canvases)
def test_columns_and_rows_of_a_canvas_are_counted_from_its_corner(canvas: Canvas) -> None:
    assert canvas.end_column == canvas.first_column + canvas.n_columns
    assert canvas.end_ns - canvas.start_ns == canvas.x_range[1] == canvas.n_columns * canvas.column_ns
    low, high = canvas.y_range
    assert np.isclose(high - low, canvas.n_rows * canvas.pitch, rtol=1e-6)


@given(canvases, st.integers(-(10**6), 10**6))
def test_two_rows_make_one_of_the_next_level(canvas: Canvas, row: int) -> None:
    coarser = canvas.with_rows(canvas.level + 1, 0, 1)
    assert coarser.pitch == 2 * canvas.pitch
    assert coarser.row_edge(row) == canvas.row_edge(2 * row)


@given(st.integers(-(10**7), 10**7), st.sampled_from([0.1, 0.01, 0.25, 1.0]), st.integers(0, 12), st.integers(1, 400))
def test_the_transform_puts_multiples_of_the_step_clear_of_the_edges(
    n_steps: int, step: float, level: int, n_rows: int
) -> None:
    row = n_steps >> level
    canvas = Canvas(0, 0, 1, step, level, row - n_rows // 2, n_rows)
    scale, translation = canvas.y_transform
    position = n_steps * step * scale + translation
    assert int(position) == row - canvas.first_row
    assert abs(position - round(position)) > 0.4 / (1 << level)


@given(canvases, st.integers(0, 1_999))
def test_the_transform_takes_the_edges_of_rows_to_whole_numbers(canvas: Canvas, row: int) -> None:
    row %= canvas.n_rows + 1
    scale, translation = canvas.y_transform
    position = canvas.row_edge(canvas.first_row + row) * scale + translation
    low, high = canvas.y_range
    assert abs(position - row) <= ((abs(low) + abs(high)) / canvas.pitch + 4 * canvas.n_rows) * 2.0**-50
