"""From a window of rows to frames."""

from __future__ import annotations

import numpy as np
import pytest

from pipelines.core.clock import NS_PER_SECOND
from pipelines.live.window_buffer import WindowBuffer
from pipelines.views.ticks.frame import Frame, FrameMaker, Viewport
from pipelines.views.ticks.raster import rasterize
from tests.live.hand_feed import NOON_NS, HandFeed

SPAN_NS = 60 * NS_PER_SECOND


def make(feed: HandFeed) -> FrameMaker:
    buffer = WindowBuffer(feed, kind="trades", key="BTC", columns=("price",), span_ns=SPAN_NS)
    maker = FrameMaker(feed, buffer, value="price", clock=feed.clock)
    maker.size_px = (600, 200)
    return maker


def frame_of(maker: FrameMaker) -> Frame:
    maker.advance()
    return maker.draw()


def random_walk(n_rows: int = 20_000) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    time_ns = np.sort(NOON_NS - rng.integers(0, SPAN_NS, n_rows))
    return time_ns, 100 + np.cumsum(rng.normal(0, 0.01, n_rows))


@pytest.mark.parametrize("reduction", ["points", "line"])
def test_a_frame_is_the_picture_of_the_stored_rows_on_its_canvas(reduction: str) -> None:
    feed = HandFeed()
    feed.add(*random_walk())
    maker = make(feed)
    maker.reduction = reduction
    frame = frame_of(maker)
    rows = feed.tables["trades"].series(0).range(0, 2**62)
    assert frame.cells.any()
    assert np.array_equal(frame.cells, rasterize(frame.canvas, rows["time"], rows["price"], reduction))


def test_columns_never_exceed_the_pixels_of_the_plot() -> None:
    feed = HandFeed()
    maker = make(feed)
    for width_px in (1, 37, 289, 1_920, 7_680):
        maker.size_px = (width_px, 300)
        assert frame_of(maker).canvas.n_columns <= min(width_px, 2_400)


def test_it_follows_the_live_edge_in_whole_columns_so_that_cells_keep_their_rows() -> None:
    feed = HandFeed()
    feed.add(*random_walk())
    maker = make(feed)
    before = frame_of(maker)
    feed.clock.advance(seconds=0.73)
    feed.publish()
    after = frame_of(maker)
    n_columns, rest = divmod(after.canvas.origin_ns - before.canvas.origin_ns, SPAN_NS // 600)
    assert (n_columns, rest) == (8, 0)
    assert np.array_equal(after.cells[:, :-8], before.cells[:, 8:])


def test_an_outlier_leaves_the_colours_of_other_cells_as_they_were() -> None:
    feed = HandFeed()
    feed.add(*random_walk())
    maker = make(feed)
    before = frame_of(maker)
    bottom, top = before.canvas.y_range
    feed.add([NOON_NS - 7 * NS_PER_SECOND], [top - 0.01 * (top - bottom)])
    after = frame_of(maker)
    assert after.canvas == before.canvas
    assert after.largest == before.largest
    assert np.count_nonzero(after.cells != before.cells) == 1


def test_it_stands_still_once_nothing_comes_any_more() -> None:
    feed = HandFeed()
    feed.add(*random_walk())
    maker = make(feed)
    frame_of(maker)
    feed.clock.advance(seconds=0.9)
    assert maker.advance()
    maker.draw()
    feed.clock.advance(seconds=5)
    assert not maker.advance()
    assert maker.quiet_ns == round(5.9 * NS_PER_SECOND)
    feed.publish()
    assert maker.advance()


def test_a_quiet_symbol_moves_on_while_others_trade() -> None:
    feed = HandFeed(symbols=("BTC", "ETH"))
    feed.add(*random_walk())
    maker = make(feed)
    start_ns = frame_of(maker).canvas.start_ns
    feed.clock.advance(seconds=10)
    feed.add([feed.clock.now_ns()], symbol="ETH")
    assert frame_of(maker).canvas.start_ns - start_ns == 10 * NS_PER_SECOND


def test_a_paused_picture_keeps_its_range_and_its_rows() -> None:
    feed = HandFeed()
    time_ns, price = random_walk()
    feed.add(time_ns, price)
    maker = make(feed)
    axis = frame_of(maker).axis
    left, right = axis.to_axis(NOON_NS - 30 * NS_PER_SECOND), axis.to_axis(NOON_NS - 10 * NS_PER_SECOND)
    maker.viewport = Viewport((left, right), (price.min() - 1, price.max() + 1))
    paused = frame_of(maker)
    for second in range(100):
        feed.clock.advance(seconds=1)
        feed.add([NOON_NS + second * NS_PER_SECOND], [500.0])
        assert not maker.advance()
    again = maker.draw()  # the rows have left the following window by now
    assert again.canvas == paused.canvas
    assert np.array_equal(again.cells, paused.cells)
    bounds = paused.canvas.bounds(axis)
    assert (bounds[0], bounds[2]) == pytest.approx((left, right), abs=1e-8)


def test_a_late_row_appears_in_a_paused_picture() -> None:
    feed = HandFeed()
    feed.add([NOON_NS - 20 * NS_PER_SECOND])
    maker = make(feed)
    axis = frame_of(maker).axis
    maker.viewport = Viewport((axis.to_axis(NOON_NS - 30 * NS_PER_SECOND), axis.to_axis(NOON_NS)), (99.0, 101.0))
    before = frame_of(maker).cells
    feed.add([NOON_NS - 10 * NS_PER_SECOND])
    assert maker.advance()
    assert maker.draw().cells.sum() == before.sum() + 1


def test_a_line_comes_into_a_zoom_from_the_rows_outside_it() -> None:
    feed = HandFeed()
    feed.add([NOON_NS - 50 * NS_PER_SECOND, NOON_NS - 5 * NS_PER_SECOND], [100.0, 101.0])
    maker = make(feed)
    maker.reduction = "line"
    axis = frame_of(maker).axis
    maker.viewport = Viewport(
        (axis.to_axis(NOON_NS - 21 * NS_PER_SECOND), axis.to_axis(NOON_NS - 20 * NS_PER_SECOND)), (100, 101)
    )
    assert frame_of(maker).cells.any(axis=0).all()


def test_the_axis_moves_to_the_day_of_a_recording() -> None:
    feed = HandFeed(now_ns=NOON_NS + 365 * 86_400 * NS_PER_SECOND)
    maker = make(feed)
    frame_of(maker)
    feed.clock.advance(seconds=-365 * 86_400)
    feed.add([NOON_NS - NS_PER_SECOND])
    frame = frame_of(maker)
    assert 0 <= NOON_NS - frame.axis.origin_ns < 86_400 * NS_PER_SECOND
    assert frame.cells.sum() == 1


def test_a_cell_is_found_by_the_row_that_fell_into_it() -> None:
    feed = HandFeed()
    feed.add([NOON_NS - NS_PER_SECOND] * 3 + [NOON_NS - 40 * NS_PER_SECOND], [100.0] * 3 + [101.0])
    frame = frame_of(make(feed))
    assert frame.cell_at(NOON_NS - NS_PER_SECOND, 100.0) == 3
    assert frame.cell_at(NOON_NS - 40 * NS_PER_SECOND, 101.0) == 1
    assert frame.cell_at(NOON_NS - 40 * NS_PER_SECOND, 1e9) == 0
