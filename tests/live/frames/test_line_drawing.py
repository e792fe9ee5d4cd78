"""Gaps in a live line are where Datashader leaves them, also when the rows beside them are gone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.aggregates.line import LineColumns
from pipelines.core.batch import Batch
from pipelines.core.schema import READINGS
from pipelines.core.spec import Retention, TableSpec, ViewSpec
from pipelines.live.frames import line_drawing, reread
from pipelines.live.frames.drawing import Drawn
from pipelines.live.frames.line_drawing import LineDrawing
from pipelines.live.frames.reference import draw_with_datashader
from pipelines.store.table import Table
from tests.batches import readings

N_COLUMNS = 300
COLUMN_NS = 1 << 10
SPAN_NS = N_COLUMNS * COLUMN_NS
WINDOW_NS = 1 << 40
SPEC = ViewSpec(
    "feed", "readings", "A", "value", span_ns=SPAN_NS, n_columns=N_COLUMNS, n_rows=40, glyph="line", reduction="any"
)

TAKE = LineColumns.take

held = st.sampled_from([np.nan, np.nan, np.inf, -np.inf]) | st.integers(0, 40).map(float) | st.floats(-9, 9)
ahead = st.sampled_from([0, 1, 100, 300, COLUMN_NS, 40 * COLUMN_NS])
late = st.sampled_from([0, 0, 0, 1, 150, 3 * COLUMN_NS])


class Line:
    """A drawing of a table that a test fills and empties, and all rows that there ever were."""

    def __init__(self) -> None:
        self.table = Table(TableSpec(READINGS, Retention(window_ns=WINDOW_NS)))
        self.drawing = LineDrawing(SPEC, 0, self.table)
        self.time, self.value = np.empty(0, np.int64), np.empty(0)
        self.cursor = 0
        assert list(self.drawing.rebuild(self.table, 0)) == []

    def store(self, time: np.ndarray, value: np.ndarray) -> None:
        self.table.append(readings(time, value=value))
        self.time, self.value = np.append(self.time, time), np.append(self.value, value)

    def read(self, max_rows: int | None = None) -> None:
        """Let the drawing take in what it has not, as a view does."""
        rows = self.table.since(0, self.cursor, max_rows=max_rows)
        self.drawing.update(Batch(READINGS, rows.columns))
        self.cursor = rows.next_row

    def add(self, time: np.ndarray, value: np.ndarray) -> None:
        self.store(time, value)
        self.read()

    def evict(self, before_ns: int | None = None) -> None:
        """Drop rows up to a time, by pages; all of them where none is given."""
        self.table.evict((int(self.time.max()) + 1 if before_ns is None else before_ns) + WINDOW_NS)

    def frames(self) -> list[np.ndarray]:
        """Draw for as long as the picture may get better."""
        edge_ns, codes = int(self.time.max()), []
        self.drawing.advance(edge_ns)
        while len(codes) < 50:
            drawn = self.drawing.draw()
            codes.append(np.empty((0, 0)) if drawn is None else drawn.codes)
            if not self.drawing.advance(edge_ns):
                return codes
        raise AssertionError("it never settles")

    def drawn(self) -> Drawn:
        self.frames()
        drawn = self.drawing.draw()
        assert drawn is not None
        return drawn

    def expected(self, drawn: Drawn) -> np.ndarray:
        """What Datashader draws of all rows that there ever were."""
        rows = {"time": self.time, "value": self.value}
        return draw_with_datashader(drawn.canvas, rows, value="value", glyph="line", reduction="any").astype(np.uint8)

    def check(self) -> None:
        if np.isfinite(self.value[self.time > self.time.max() - SPAN_NS]).any():
            drawn = self.drawn()
            np.testing.assert_array_equal(drawn.codes, self.expected(drawn))


@settings(max_examples=50)
@given(st.lists(st.lists(st.tuples(ahead, held), min_size=1, max_size=30), min_size=1, max_size=4), st.booleans())
def test_gaps_are_exact_though_no_row_is_left_and_the_range_of_values_grows(
    parts: list[list[tuple[int, float]]], is_spiked: bool
) -> None:
    line = Line()
    now = 5 * COLUMN_NS
    for number, part in enumerate(parts):
        time = now + np.cumsum([step for step, _ in part])
        now = int(time[-1])
        line.add(time, np.array([value for _, value in part]))
        line.check()
        line.evict()
        assert line.table.n_rows == 0
        line.check()
        if is_spiked:
            line.add(np.array([now]), np.array([(-10.0) ** (number + 2)]))
            line.check()


@settings(max_examples=150)
@given(st.lists(st.lists(st.tuples(ahead, late, held), min_size=1, max_size=30), min_size=1, max_size=6))
def test_gaps_are_exact_however_late_rows_are_that_the_table_has(parts: list[list[tuple[int, int, float]]]) -> None:
    line = Line()
    now = 5 * COLUMN_NS
    for part in parts:
        edges = now + np.cumsum([step for step, _, _ in part])
        now = int(edges[-1])
        line.add(edges - [behind for _, behind, _ in part], np.array([value for _, _, value in part]))
        line.check()


@settings(max_examples=60)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.01, 0.3, 0.8]), st.sampled_from([0, 500]))
def test_gaps_are_exact_where_some_of_the_rows_are_left_and_late_ones_come_to_columns_that_have_theirs(
    seed: int, share_nan: float, lateness_ns: int
) -> None:
    random = np.random.default_rng(seed)
    line = Line()
    now = 5 * COLUMN_NS
    for _ in range(4):
        n = int(random.integers(1, 400))
        edges = now + np.cumsum(random.integers(0, 400, n))
        now = int(edges[-1])
        value = np.where(random.random(n) < share_nan, np.nan, np.cumsum(random.normal(size=n)))
        line.add(np.maximum(edges - random.integers(0, lateness_ns + 1, n), edges[0]), value)
        line.check()
        line.evict(now - 10 * COLUMN_NS)
        now += 4 * COLUMN_NS
        line.check()


@settings(max_examples=60)
@given(st.integers(0, 2**32 - 1))
def test_a_late_row_to_a_column_without_rows_is_passed_and_nothing_that_was_drawn_is_lost(seed: int) -> None:
    random = np.random.default_rng(seed)
    line = Line()
    line.add(5 * COLUMN_NS + np.arange(30) * 30, np.where(random.random(30) < 0.3, np.nan, random.normal(size=30)))
    line.evict()
    before = {"time": line.time, "value": line.value}
    line.add(5 * COLUMN_NS + random.integers(0, 800, 6), np.array([2.0, np.nan, 0.5, np.nan, -2.0, 1.0]))
    canvas, codes = line.drawn()[:2]
    kept = draw_with_datashader(canvas, before, value="value", glyph="line", reduction="any")
    assert not (kept & (codes == 0)).any()
    scale, translation = canvas.y_transform
    for value in (-2.0, 0.5, 2.0):
        assert codes[5 - canvas.first_column, int(value * scale + translation)]


def test_a_column_whose_rows_left_before_they_could_be_read_again_is_not_tried_for_ever() -> None:
    line = Line()
    line.add(np.array([100, 200, 300, 150]), np.array([1.0, np.nan, 2.0, 3.0]))
    line.evict()
    assert len(line.frames()) == 1


def test_a_line_of_nothing_but_gaps_is_no_picture_and_waits_for_nothing() -> None:
    line = Line()
    line.add(np.array([100, 200, 150]), np.full(3, np.nan))
    assert line.drawing.draw() is None
    assert not line.drawing.advance(300)


def test_many_rows_are_read_again_over_several_frames() -> None:
    n = 200_000
    random = np.random.default_rng(3)
    line = Line()
    value = np.where(random.random(n) < 0.1, np.nan, random.normal(size=n))
    line.add(np.maximum(np.linspace(0, SPAN_NS - 1, n).astype(np.int64) - random.integers(0, 9, n), 0), value)
    frames = line.frames()
    assert 6 <= len(frames) <= 9
    drawn = line.drawn()
    np.testing.assert_array_equal(frames[-1], line.expected(drawn))


def test_a_column_with_more_rows_than_a_frame_may_read_is_read_in_slices_and_exact_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read: list[int] = []
    monkeypatch.setattr(
        LineColumns, "take", lambda line, time, value: read.append(len(time)) or TAKE(line, time, value)
    )
    n = 200_000
    line = Line()
    time = np.sort(np.random.default_rng(4).integers(0, COLUMN_NS, n))
    time[-1] = 5
    line.add(time, np.where(np.arange(n) % 7 == 0, np.nan, np.arange(n) // 40_000 * 10.0))
    read.clear()
    assert len(line.frames()) == 4
    assert sum(read) == n
    assert max(read) < 70_000
    line.check()


@settings(max_examples=100)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0, 30, 3_000]))
def test_slices_are_exact_though_rows_come_and_go_while_they_are_read(seed: int, lateness_ns: int) -> None:
    random = np.random.default_rng(seed)
    line = Line()
    now = 5 * COLUMN_NS
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(line_drawing, "_REREAD_ROWS", 40)
        patch.setattr(reread, "_SEEK_ROWS", 3)
        for _ in range(30):
            edges = now + np.cumsum(random.integers(0, 4, random.integers(1, 40)))
            now = int(edges[-1])
            value = np.where(random.random(len(edges)) < 0.3, np.nan, random.normal(size=len(edges)).round(1))
            line.add(np.maximum(edges - random.integers(0, lateness_ns + 1, len(edges)), 0), value)
            line.drawing.advance(now)
            line.drawing.draw()
        line.check()
        line.evict(now - COLUMN_NS // 2)
        line.check()


def test_no_column_is_read_again_before_all_of_its_rows_are_taken_in() -> None:
    line = Line()
    line.store(np.array([10, 30, 20, 40, 50]), np.array([np.nan, np.nan, 3.0, 8.0, np.nan]))
    line.read(max_rows=3)
    line.drawing.advance(100)
    line.drawing.draw()
    line.read()
    line.check()
    assert not line.drawn().codes.any()


def test_columns_are_read_again_also_behind_rows_that_left_unread() -> None:
    line = Line()
    line.store(np.arange(200), np.zeros(200))
    line.evict()
    line.time, line.value = np.empty(0, np.int64), np.empty(0)
    line.add(5 * COLUMN_NS + np.array([10, 30, 20, 40]), np.array([1.0, np.nan, 3.0, 8.0]))
    line.check()


def test_a_drawing_that_is_built_anew_finds_the_gaps_of_the_rows_that_there_are() -> None:
    random = np.random.default_rng(5)
    line = Line()
    time = 5 * COLUMN_NS + np.arange(9_000) * 30 - random.integers(0, 90, 9_000)
    line.store(time, np.where(random.random(9_000) < 0.2, np.nan, random.normal(size=9_000)))
    *_, done = line.drawing.rebuild(line.table, 0)
    assert done == pytest.approx(1.0)
    line.cursor = line.drawing.next_row
    line.check()
    line.add(time[-1] + np.arange(3), np.array([1.0, np.nan, 4.0]))
    line.check()


def test_a_line_whose_rows_have_all_scrolled_out_is_gone_and_does_not_stand_still() -> None:
    line = Line()
    line.add(np.arange(10) * COLUMN_NS, np.arange(10.0))
    (before,) = line.frames()
    assert before.any()
    line.drawing.advance(3 * SPAN_NS)
    drawn = line.drawing.draw()
    assert drawn is not None
    assert drawn.canvas.start_ns > 10 * COLUMN_NS
    assert not drawn.codes.any()
    assert drawn.value_range is None
    line.add(3 * SPAN_NS + np.arange(2) * COLUMN_NS, np.arange(2.0))
    assert line.frames()[0].any()
