"""What a live view shows is what Datashader draws of the rows that are stored."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.core.clock import NS_PER_SECOND as S
from pipelines.core.spec import ViewSpec
from pipelines.live.explore.encode import encoded
from pipelines.live.frames.frame import Frame
from pipelines.live.frames.reference import draw_with_datashader
from pipelines.live.frames.views import Views
from tests.live.hand_feed import NOON_NS, HandFeed

SPAN = 30 * S
LOOKS: list[dict[str, Any]] = [
    {},
    {"glyph": "line", "reduction": "any"},
    {"reduction": "max", "of": "size"},
    {"reduction": "last", "of": "price"},
    {"by": "side"},
]

row = st.tuples(
    st.integers(-2 * SPAN, SPAN) | st.integers(-20, 20).map(lambda n: n * (S // 4)),
    st.integers(-400, 400).map(lambda n: round(100 + n / 10, 1)) | st.sampled_from([0.0, 1e6, -3e4, 99.95]),
)
parts = st.lists(st.lists(row, min_size=1, max_size=30), min_size=1, max_size=6)


class Watched:
    """A view of a table that a test fills by hand."""

    def __init__(self, **look: Any) -> None:
        self.feed = HandFeed()
        self.spec = ViewSpec("feed", "trades", "BTC", "price", span_ns=SPAN, n_columns=300, n_rows=40, **look)
        self.errors: list[BaseException] = []
        self.views = Views(
            tables=self.feed.tables,
            dictionary=self.feed.dictionary,
            clock=self.feed.clock,
            memory_bytes=1 << 30,
            on_error=lambda _, error: self.errors.append(error),
        )
        self.subscription = self.views.subscribe(self.spec)

    def settle(self, edge_ns: int) -> Frame:
        """Step until nothing moves any more."""
        for _ in range(60):
            self.feed.clock.advance(seconds=0.5)
            if not self.views.step(edge_ns):
                break
        assert not self.errors, self.errors
        if self.subscription.frame is None:  # there is none before the first row that is on its canvas
            self.feed.add([edge_ns], [100.0])
            return self.settle(edge_ns)
        return self.subscription.frame

    def expected(self, frame: Frame) -> np.ndarray:
        """Codes of what Datashader draws."""
        series = self.feed.tables["trades"].series(0)
        assert series is not None
        rows = series.since(0).columns
        spec = self.spec
        cells = draw_with_datashader(
            frame.canvas, rows, value="price", glyph=spec.glyph, reduction=spec.reduction, of=spec.of, by=spec.by
        )
        return encoded(cells, frame.quantiser)[0]


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: "-".join(look.values()) or "count")
@given(divided=parts)
@settings(max_examples=40)
def test_every_frame_is_what_datashader_draws(look: dict[str, Any], divided: list[list[tuple[int, float]]]) -> None:
    watched = Watched(**look)
    edge_ns = NOON_NS
    for part in divided:
        times, prices = zip(*part, strict=True)
        watched.feed.add(NOON_NS + np.array(times), list(prices))
        edge_ns = max(edge_ns, NOON_NS + max(times))
        frame = watched.settle(edge_ns)
        np.testing.assert_array_equal(frame.codes, watched.expected(frame))
        np.testing.assert_array_equal(frame.histogram, np.bincount(frame.codes.ravel(), minlength=256))
        assert frame.canvas.start_ns <= edge_ns - SPAN + frame.canvas.column_ns
        assert frame.canvas.end_ns > edge_ns
        assert frame.progress == 1.0


@pytest.mark.parametrize("look", LOOKS[:2], ids=["points", "line"])
@given(divided=parts)
@settings(max_examples=40)
def test_a_column_that_did_not_change_keeps_its_generation_and_no_other(
    look: dict[str, Any], divided: list[list[tuple[int, float]]]
) -> None:
    watched = Watched(**look)
    edge_ns = NOON_NS
    before: Frame | None = None
    for part in divided:
        times, prices = zip(*part, strict=True)
        watched.feed.add(NOON_NS + np.array(times), list(prices))
        edge_ns = max(edge_ns, NOON_NS + max(times))
        frame = watched.settle(edge_ns)
        if before is not None and before.canvas.with_columns(0, 0) == frame.canvas.with_columns(0, 0):
            moved = frame.canvas.first_column - before.canvas.first_column
            n_kept = max(len(frame.codes) - moved, 0)
            same = (frame.codes[:n_kept] == before.codes[moved:]).all(axis=1)
            kept = frame.generations[:n_kept] == before.generations[moved:]
            assert not (kept & ~same).any()
            assert (frame.generations[n_kept:] > before.generation).all()
        before = frame


def test_columns_stay_though_their_rows_were_evicted() -> None:
    watched = Watched()
    watched.feed.add(NOON_NS + np.arange(100) * (S // 100), np.linspace(100, 101, 100))
    before = watched.settle(NOON_NS + S)
    watched.feed.tables["trades"].evict(NOON_NS + 7_200 * S)
    assert watched.feed.tables["trades"].n_rows == 0
    watched.feed.add([NOON_NS + 2 * S], [100.0])
    after = watched.settle(NOON_NS + 2 * S)
    assert int((after.codes > 0).sum()) == int((before.codes > 0).sum()) + 1


def test_the_picture_scrolls_on_when_all_rows_have_left_the_table() -> None:
    watched = Watched()
    watched.feed.add(NOON_NS + np.arange(100) * (S // 100), np.linspace(100, 101, 100))
    before = watched.settle(NOON_NS + S)
    watched.feed.tables["trades"].evict(NOON_NS + 7_200 * S)
    after = watched.settle(NOON_NS + 11 * S)
    assert after.canvas.end_ns > NOON_NS + 11 * S
    assert np.count_nonzero(after.codes) == np.count_nonzero(before.codes)


def test_a_canvas_that_would_fit_better_does_not_cost_columns_whose_rows_are_gone() -> None:
    watched = Watched()
    watched.feed.add([NOON_NS], [1e6])
    for second in range(1, 40):
        watched.feed.add(NOON_NS + second * S + np.arange(10) * (S // 10), 100 + np.arange(10) / 10)
        watched.settle(NOON_NS + second * S)
        watched.feed.tables["trades"].evict(NOON_NS + second * S + 1_800 * S - 5 * S)  # a window of 5 s
    frame = watched.settle(NOON_NS + 40 * S)
    assert np.count_nonzero((frame.codes > 0).any(axis=1)) > 100


def test_an_outlier_that_has_left_a_quiet_key_is_forgotten_once_and_for_all() -> None:
    watched = Watched()
    watched.feed.add([NOON_NS, NOON_NS + 20 * S, NOON_NS + 21 * S], [1e6, 100.0, 101.0])
    watched.settle(NOON_NS + 21 * S)
    frame = watched.settle(NOON_NS + 40 * S)
    assert frame.canvas.pitch < 1
    generation = frame.generation
    for _ in range(10):
        watched.feed.clock.advance(seconds=1)
        watched.views.step(NOON_NS + 40 * S)
    assert watched.subscription.frame is not None
    assert watched.subscription.frame.generation == generation


def test_another_canvas_marks_every_column_as_changed() -> None:
    watched = Watched()
    watched.feed.add([NOON_NS, NOON_NS + 20 * S], [1e6, 100.0])
    watched.settle(NOON_NS + 20 * S)
    frame = watched.settle(NOON_NS + 40 * S)
    assert (frame.generations == frame.generations.max()).all()


@pytest.mark.parametrize("look", LOOKS[:2], ids=["points", "line"])
def test_a_row_as_large_as_floats_can_be_kills_no_picture(look: dict[str, Any]) -> None:
    watched = Watched(**look)
    watched.feed.add(NOON_NS + np.arange(4) * S, [100.0, 1.7e308, -1.7e308, 101.0])
    assert watched.settle(NOON_NS + 4 * S).progress == 1.0
    watched.feed.add([NOON_NS + 40 * S, NOON_NS + 41 * S], [100.0, 101.0])
    frame = watched.settle(NOON_NS + 41 * S)
    assert np.count_nonzero(frame.codes)
    assert frame.canvas.pitch < 1


def test_values_far_from_zero_are_told_apart_by_their_codes() -> None:
    watched = Watched(reduction="max", of="price")
    watched.feed.add(NOON_NS + np.arange(200) * (S // 10), 60_000 + np.arange(200) / 10)
    frame = watched.settle(NOON_NS + 20 * S)
    assert np.count_nonzero(frame.histogram[1:]) > 60
