from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.aggregates.canvas import Canvas
from pipelines.aggregates.column_summary import ColumnSummary
from pipelines.aggregates.draw_line import RowsOf, draw_line
from pipelines.aggregates.line import LineColumns, with_pairs_merged
from pipelines.core.schema import READINGS
from pipelines.live.frames.reference import draw_with_datashader
from tests.batches import readings

N_ROWS = 6
MONDAY = 1_772_409_600_000_000_000  # a real time, of which float64 does not resolve single nanoseconds

canvases = st.builds(
    Canvas,
    column_log2=st.sampled_from([0, 1, 3, 20]),
    first_column=st.integers(-5, 5),
    n_columns=st.integers(1, 8),
    step=st.sampled_from([1.0, 0.01, 0.3]),
    level=st.integers(0, 2),
    first_row=st.sampled_from([-3, 0, 9_700]),
    n_rows=st.integers(1, N_ROWS),
)
# Values are counted in rows from the lower edge of the canvas, so that integers are edges; some move to the next float.
heights = (
    st.integers(-2, N_ROWS + 2).map(float)
    | st.integers(-8, 4 * N_ROWS + 8).map(lambda quarter: quarter / 4)
    | st.floats(-3.0, N_ROWS + 3.0)
    | st.sampled_from([2.0**40, -(2.0**40), 1e4, -1e4])
)
nudges = st.sampled_from([0.0, 0.0, 0.0, np.inf, -np.inf])
gaps = st.sampled_from([0.0, 0.0, 0.0, 0.0, np.nan, np.inf, -np.inf])
# Times are shares of the canvas, so that some columns get many rows and many none.
shares = st.integers(0, 24).map(lambda share: share / 24) | st.sampled_from([0.0, 0.5, 0.5, 0.999])


def placed(canvas: Canvas, rows: list[tuple[float, float, float, float]]) -> tuple[np.ndarray, np.ndarray]:
    """Times and values of rows given by share, height, nudge and gap."""
    share, height, nudge, gap = np.array(rows, np.float64).reshape(-1, 4).T
    length = canvas.end_ns - canvas.start_ns
    time = canvas.start_ns + np.minimum((share * length).astype(np.int64), length - 1)
    value = canvas.row_edge(canvas.first_row) + height * canvas.pitch
    return time, np.where(nudge == 0, value, np.nextafter(value, nudge)) + gap


def summarised(time: np.ndarray, value: np.ndarray, column_log2: int, *, n_columns: int = 40) -> ColumnSummary:
    columns = LineColumns(READINGS, code=0, column_log2=column_log2, n_columns=n_columns, value="value")
    columns.update(readings(time, value=value))
    return columns.snapshot()


def reader(time: np.ndarray, value: np.ndarray) -> RowsOf:
    order = np.argsort(time, kind="stable")
    time, value = time[order], value[order]

    def rows_of(start_ns: int, end_ns: int) -> tuple[np.ndarray, np.ndarray]:
        rows = slice(*np.searchsorted(time, [start_ns, end_ns]))
        return time[rows], value[rows]

    return rows_of


def reference(canvas: Canvas, time: np.ndarray, value: np.ndarray) -> np.ndarray:
    """What Datashader draws, which may crash on an infinity: it is given NaN instead."""
    rows = {"time": time, "value": np.where(np.isfinite(value), value, np.nan)}
    return draw_with_datashader(canvas, rows, value="value", glyph="line", reduction="any")


def without_runs(time: np.ndarray, value: np.ndarray, column_log2: int) -> ColumnSummary:
    """A summary as history makes it."""
    return replace(summarised(time, value, column_log2), runs=None)


def drawn(canvas: Canvas, time: np.ndarray, value: np.ndarray) -> np.ndarray:
    return draw_line(without_runs(time, value, canvas.column_log2), canvas, reader(time, value))


@settings(max_examples=600)
@given(canvases, st.lists(st.tuples(shares, heights, nudges, st.just(0.0)), max_size=14))
def test_a_line_from_columns_is_that_of_datashader_through_all_rows(canvas: Canvas, rows: list[Any]) -> None:
    time, value = placed(canvas, rows)
    np.testing.assert_array_equal(
        draw_line(summarised(time, value, canvas.column_log2), canvas), reference(canvas, time, value)
    )


@settings(max_examples=500)
@given(canvases, st.lists(st.tuples(shares, heights, nudges, gaps), max_size=14))
def test_a_line_with_gaps_is_that_of_datashader_with_the_rows_of_broken_columns(
    canvas: Canvas, rows: list[Any]
) -> None:
    time, value = placed(canvas, rows)
    np.testing.assert_array_equal(drawn(canvas, time, value), reference(canvas, time, value))


@settings(max_examples=500)
@given(canvases, st.lists(st.tuples(shares, heights, nudges, gaps), max_size=30))
def test_a_line_with_gaps_is_that_of_datashader_from_the_runs_between_them(canvas: Canvas, rows: list[Any]) -> None:
    time, value = placed(canvas, sorted(rows, key=lambda row: row[0]))
    np.testing.assert_array_equal(
        draw_line(summarised(time, value, canvas.column_log2), canvas), reference(canvas, time, value)
    )


@pytest.mark.parametrize("share_nan", [0.0, 0.02, 0.5])
def test_hundreds_of_live_frames_are_those_of_datashader_however_far_it_zooms_into_values(share_nan: float) -> None:
    random = np.random.default_rng(11)
    for _ in range(300):
        n = int(random.choice([2, 40, 2_000]))
        canvas = Canvas(20, (MONDAY >> 20) + int(random.integers(1_000)), 60, 0.01, 0, 0, 50)
        time = random.integers(canvas.start_ns, canvas.end_ns, n)
        value = 100 + np.cumsum(random.normal(size=n)) * random.choice([0.01, 1.0])
        if random.random() < 0.3:
            value = np.round(random.choice([100.0, 300.0, -5e6], n), 2)
        value[random.random(n) < share_nan] = np.nan
        level = int(random.integers(0, 12))
        canvas = canvas.with_rows(level, (10_000 >> level) - int(random.integers(0, 50)), 50)
        expected = reference(canvas, time, value)
        summary = replace(summarised(time, value, 20, n_columns=60), runs=None)
        np.testing.assert_array_equal(draw_line(summary, canvas, reader(time, value)), expected)
        order = np.argsort(time, kind="stable")
        in_order = summarised(time[order], value[order], 20, n_columns=60)
        np.testing.assert_array_equal(draw_line(in_order, canvas), expected)


@given(st.integers(-12, 12), st.integers(1, 30))
def test_a_canvas_shows_the_columns_that_it_shares_with_the_summary(first_column: int, n_columns: int) -> None:
    random = np.random.default_rng([first_column + 12, n_columns])
    canvas = Canvas(4, first_column, n_columns, 1.0, 0, -5, 11)
    time, value = np.sort(random.integers(-100, 100, 30)), random.normal(scale=3, size=30)
    value[random.random(30) < 0.2] = np.nan
    np.testing.assert_array_equal(drawn(canvas, time, value), reference(canvas, time, value))
    np.testing.assert_array_equal(draw_line(summarised(time, value, 4), canvas), reference(canvas, time, value))


def test_a_row_alone_and_no_rows_draw_nothing() -> None:
    canvas = Canvas(4, 0, 5, 1.0, 0, 0, 5)
    for rows in ([], [(0.5, 2.5, 0.0, 0.0)]):
        assert not drawn(canvas, *placed(canvas, rows)).any()


def test_two_rows_in_a_column_cover_it_between_them_and_in_two_columns_share_the_way() -> None:
    canvas = Canvas(4, 0, 2, 1.0, 0, 0, 5)
    cells = drawn(canvas, np.array([3, 3]), np.array([1.0, 3.0]))
    assert cells.tolist() == [[False, True, True, True, False], [False] * 5]
    cells = drawn(canvas, np.array([3, 20]), np.array([0.0, 4.0]))
    assert cells.tolist() == [[True, True, False, False, False], [False, False, True, True, True]]


def test_without_its_rows_or_runs_a_broken_column_is_covered_from_lowest_to_highest() -> None:
    canvas = Canvas(4, 0, 3, 1.0, 0, 0, 5)
    time, value = np.array([18, 19, 20, 40]), np.array([1.0, np.nan, 3.0, 3.0])
    assert draw_line(without_runs(time, value, 4), canvas)[1].tolist() == [False, True, True, True, False]
    assert drawn(canvas, time, value)[1].tolist() == [False, False, False, True, False]


def test_rows_are_asked_for_only_where_a_gap_is_inside_a_column_and_its_runs_are_not_known() -> None:
    asked = []

    def rows_of(start_ns: int, end_ns: int) -> tuple[np.ndarray, np.ndarray]:
        asked.append((start_ns, end_ns))
        return np.empty(0, np.int64), np.empty(0)

    time = np.array([0, 1, 2, 16, 17, 18, 32, 33, 34, 48, 49, 64, 65, 66, 80, 81, 82])
    value = np.array([1, np.nan, 2, 1, 2, np.nan, 1, 2, 3, np.nan, 1, *[np.nan] * 3, 1, np.nan, 1])
    draw_line(summarised(time, value, 4), Canvas(4, 0, 6, 1.0, 0, 0, 5), rows_of)
    assert asked == []
    draw_line(without_runs(time, value, 4), Canvas(4, 0, 6, 1.0, 0, 0, 5), rows_of)
    assert asked == [(0, 32), (80, 96)]


@pytest.mark.parametrize("spike", [150.0, 1e300, -1e300])
@pytest.mark.parametrize("n_columns", [2_400, 1_200, 600, 300])
def test_one_spike_among_a_million_rows_is_visible_in_every_class(n_columns: int, spike: float) -> None:
    n = 1_000_000
    time = MONDAY + np.arange(n, dtype=np.int64) * 2_000
    value = 100 + np.sin(np.arange(n) / 1e4)
    value[617_345] = spike
    column_log2, first_column = 20, MONDAY >> 20
    summary = summarised(time, value, column_log2, n_columns=2_400)
    while len(summary.n_rows) > n_columns + 1:
        summary = with_pairs_merged(summary)
        column_log2, first_column = column_log2 + 1, first_column >> 1
    canvas = Canvas(column_log2, first_column, n_columns, 0.5, 0, 150, 151)
    cells = draw_line(summary, canvas)
    edge = 0 if spike < 0 else canvas.n_rows - 1
    assert np.flatnonzero(cells[:, edge]).tolist() == [int(time[617_345] >> column_log2) - first_column]


def test_pairs_of_columns_draw_the_same_line_as_columns_of_twice_the_length() -> None:
    random = np.random.default_rng(2)
    for _ in range(100):
        time, value = random.integers(0, 64 << 6, 200), np.cumsum(random.normal(size=200))
        summary = summarised(time, value, 6, n_columns=64)
        for column_log2 in (7, 8, 9):
            summary = with_pairs_merged(summary)
            canvas = Canvas(column_log2, 0, 64 >> column_log2 - 6, 1.0, 0, -4, 9)
            np.testing.assert_array_equal(draw_line(summary, canvas), reference(canvas, time, value))


def test_columns_of_another_length_are_refused() -> None:
    summary = summarised(np.array([1]), np.array([1.0]), 3)
    with pytest.raises(ValueError, match="does not fit"):
        draw_line(summary, Canvas(4, 0, 3, 1.0, 0, 0, 5))
