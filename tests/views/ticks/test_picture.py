"""The picture of ticks as an object, without a browser."""

from __future__ import annotations

from typing import Any

import numpy as np
import panel as pn
import pytest
from bokeh.models import ColumnDataSource, Plot
from pyviz_comms import Comm

from pipelines.core.clock import NS_PER_SECOND
from pipelines.live.frames.palette import PALETTE
from pipelines.views.ticks.figure import widen_points
from pipelines.views.ticks.picture import TickPicture, caption
from pipelines.views.ticks.state import TickState
from tests.live.hand_feed import NOON_NS, HandFeed


@pytest.fixture
def feed() -> HandFeed:
    feed = HandFeed(symbols=("BTC", "ETH"))
    feed.add(NOON_NS - np.arange(1_000)[::-1] * NS_PER_SECOND // 20, 100 + np.sin(np.arange(1_000) / 40))
    feed.add([NOON_NS - NS_PER_SECOND], [2_500.0], symbol="ETH")
    return feed


def picture_of(feed: HandFeed, **options: Any) -> TickPicture:
    return TickPicture(feed, key="BTC", clock=feed.clock, **options)


def shown(picture: TickPicture) -> tuple[Plot, ColumnDataSource, TickState]:
    plot, state = picture._shown[-1]
    return plot.state, plot.handles["source"], state


def test_it_shows_the_rows_from_its_first_frame(feed: HandFeed) -> None:
    picture = picture_of(feed)
    pn.panel(picture).get_root()
    figure, source, _ = shown(picture)
    assert np.array_equal(source.data["image"][0], widen_points(picture._picture.codes).T)
    assert figure.x_range.end == pytest.approx(12 * 3_600_000, abs=201)
    assert figure.y_range.start < 99 < 101 < figure.y_range.end
    assert figure.xaxis[0].axis_label == "8 Aug 2024, UTC"
    assert figure.yaxis[0].axis_label == "price (quote currency)"
    assert figure.output_backend == "canvas"


def test_new_rows_come_with_the_next_beat_and_nothing_is_drawn_without(feed: HandFeed) -> None:
    picture = picture_of(feed)
    pn.panel(picture).get_root()
    _, source, _ = shown(picture)
    before = source.data["image"][0]
    feed.clock.advance(seconds=2)
    picture.advance()
    assert source.data["image"][0] is before
    feed.add([NOON_NS + 2 * NS_PER_SECOND], [100.0])
    feed.clock.advance(seconds=0.1)
    picture.advance()
    assert source.data["image"][0] is not before


def test_no_frame_is_sent_before_the_last_one_is_painted(feed: HandFeed) -> None:
    picture = picture_of(feed)
    pn.panel(picture).get_root()
    _, _, state = shown(picture)

    def beat(seconds: float) -> int:
        feed.clock.advance(seconds=seconds)
        feed.add([feed.clock.now_ns()], [100.0])
        picture.advance()
        return state.frame

    assert [beat(0.1) for _ in range(5)] == [1] * 5
    state.painted = 1
    assert beat(0.1) == 2
    assert beat(0.1) == 2
    assert beat(5) == 3  # the answer may have been lost with its connection


def test_a_picture_has_the_colours_of_its_frame_and_empty_cells_none(feed: HandFeed) -> None:
    picture = picture_of(feed)
    pn.panel(picture).get_root()
    mapper = picture._shown[-1][0].handles["color_mapper"]
    assert (mapper.low, mapper.high, len(mapper.palette)) == (0, 255, 256)
    assert mapper.palette[:2] == ["#00000000", PALETTE[0] + "ff"]
    feed.clock.advance(seconds=0.1)
    feed.add([feed.clock.now_ns()] * 500, [100.0] * 500)
    for _ in range(20):
        feed.clock.advance(seconds=0.1)
        feed.publish()
        picture._shown[-1][1].painted = picture._shown[-1][1].frame
        picture.advance()
    assert mapper.palette == ["#" + rgba.tobytes().hex() for rgba in picture._picture.colours]
    assert mapper.palette[255] == PALETTE[-1] + "ff"


@pytest.mark.parametrize("ground", ["#ffffff", "#f4f6f8", "#0d1117", "#151b23", "#1e1e1e"])
def test_every_colour_stands_out_from_light_and_dark_pages(ground: str) -> None:
    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for colour in PALETTE:
        darker, lighter = sorted((luminance(colour), luminance(ground)))
        assert (lighter + 0.05) / (darker + 0.05) >= 3


def test_another_key_follows_afresh_on_its_own_scale(feed: HandFeed) -> None:
    picture = picture_of(feed)
    pn.panel(picture).get_root()
    picture.following = False
    picture.key = "ETH"
    assert picture.following
    feed.clock.advance(seconds=0.1)
    picture.advance()
    bottom, top = picture._picture.value_range
    assert 2_499 < bottom < 2_500 < top < 2_501


def test_pausing_in_the_browser_is_known_here_and_following_here_is_known_there(feed: HandFeed) -> None:
    picture = picture_of(feed)
    pn.panel(picture).get_root()
    _, _, state = shown(picture)
    state.following = False
    assert not picture.following
    assert "Paused" in picture._caption.object
    picture.following = True
    assert state.following
    assert picture._caption.object == "Live"


def test_the_pointer_is_answered_with_the_raw_row(feed: HandFeed) -> None:
    picture = picture_of(feed, zone="Asia/Tokyo")
    pn.panel(picture).get_root()
    _, _, state = shown(picture)
    row_ns = NOON_NS - 10 * NS_PER_SECOND
    state.pointer = [picture._picture.axis.to_axis(row_ns) + 20, 100 + np.sin(799 / 40)]
    assert state.row["time"] == str(row_ns)
    assert state.row["cell"].startswith("count: ")
    assert state.zone == "Asia/Tokyo"
    state.pointer = [float("inf"), float("-inf")]
    assert state.row == {}


def test_what_a_notebook_asks_for_from_another_thread_is_done_by_the_next_beat(feed: HandFeed) -> None:
    picture = picture_of(feed)
    pn.panel(picture).get_root(comm=Comm())
    plot, state = picture._shown[-1]
    assert plot.comm is not None
    state.following = False
    assert picture.following
    picture.advance()
    assert not picture.following


def test_it_shows_itself_in_a_notebook(feed: HandFeed, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("IPython", reason="needs a notebook's IPython: pip install ipython")
    monkeypatch.setattr(pn.extension, "_loaded", True)  # as pn.extension() leaves it there
    data, _ = picture_of(feed)._repr_mimebundle_()
    assert "ImageGlyph" in data["text/html"] or "Image" in data["text/html"]


def test_a_closed_picture_lets_go_of_its_view_and_shows_nothing_more(feed: HandFeed) -> None:
    picture = picture_of(feed)
    pn.panel(picture).get_root()
    picture.close()
    feed.add([NOON_NS + NS_PER_SECOND], [100.0])
    assert not picture._lens.advance()
    feed.clock.advance(seconds=31)
    feed.publish()
    assert len(feed.views) == 0


def test_the_caption_says_how_old_a_silent_picture_is() -> None:
    assert caption(True, 0) == "Live"
    assert caption(True, 1_234 * NS_PER_SECOND) == "Following · nothing new for 1,234 s"
    assert caption(False, 3 * NS_PER_SECOND).endswith("nothing new for 3 s")
    assert caption(True, 0, "reading the past: 40%") == "Live · reading the past: 40%"
