"""The picture of ticks as an object, without a browser."""

from __future__ import annotations

from typing import Any

import numpy as np
import panel as pn
import pytest
from bokeh.models import ColumnDataSource, Plot

from pipelines.core.clock import NS_PER_SECOND
from pipelines.live.broadcast.ticket import process_tickets
from pipelines.live.frames.palette import PALETTE
from pipelines.views.ticks.picture import TickPicture
from tests.live.hand_feed import NOON_NS, HandFeed


@pytest.fixture
def feed() -> HandFeed:
    feed = HandFeed(symbols=("BTC", "ETH"))
    feed.add(NOON_NS - np.arange(1_000)[::-1] * NS_PER_SECOND // 20, 100 + np.sin(np.arange(1_000) / 40))
    feed.add([NOON_NS - NS_PER_SECOND], [2_500.0], symbol="ETH")
    return feed


def picture_of(feed: HandFeed, **options: Any) -> TickPicture:
    return TickPicture(feed, key="BTC", **options)


def figure_of(picture: TickPicture) -> tuple[Plot, ColumnDataSource]:
    pn.panel(picture).get_root()
    plot = picture._figures[-1]
    return plot.state, plot.handles["source"]


def test_without_a_server_it_shows_the_rows_that_there_are(feed: HandFeed) -> None:
    figure, source = figure_of(picture_of(feed))
    assert np.count_nonzero(source.data["image"][0]) > 500
    assert figure.x_range.end == pytest.approx(12 * 3_600_000, abs=201)
    assert figure.y_range.start < 99 < 101 < figure.y_range.end
    assert figure.xaxis[0].axis_label == "8 Aug 2024, UTC"
    assert figure.yaxis[0].axis_label == "price (quote currency)"
    assert figure.output_backend == "canvas"
    mapper = picture_mapper(figure)
    assert (mapper.low, mapper.high, len(mapper.palette)) == (0, 255, 256)
    assert mapper.palette[0] == "#00000000"
    assert mapper.palette[1].startswith(PALETTE[0])


def picture_mapper(figure: Plot) -> Any:
    return figure.renderers[0].glyph.color_mapper


def test_the_browser_finds_its_figure_with_two_images_and_the_state_of_its_axis(feed: HandFeed) -> None:
    picture = picture_of(feed, zone="Asia/Tokyo")
    figure, _ = figure_of(picture)
    assert figure.name == picture._pane.figure
    assert [renderer.visible for renderer in figure.renderers] == [True, False]
    (axis,) = (model for model in figure.references() if model.name == f"{figure.name} axis")
    assert (axis.origin, axis.zone) == (str(NOON_NS - 21 * 3_600 * NS_PER_SECOND), "Asia/Tokyo")


def test_each_place_that_it_is_shown_at_has_a_figure_of_its_own(feed: HandFeed) -> None:
    picture = picture_of(feed)
    assert figure_of(picture)[0] is not figure_of(picture)[0]


def test_its_ticket_is_for_what_it_shows_and_nothing_else(feed: HandFeed) -> None:
    picture = picture_of(feed, look="side", span_ns=10 * NS_PER_SECOND)
    view = picture._pane.view
    ((name, spec),) = process_tickets().read(view["ticket"]).items()
    assert name == view["name"]
    assert (spec.feed, spec.kind, spec.key, spec.value, spec.by) == ("feed", "trades", "BTC", "price", "side")
    assert spec.span_ns == view["span_ns"] == 10 * NS_PER_SECOND
    picture.key = "ETH"
    ((name, spec),) = process_tickets().read(picture._pane.view["ticket"]).items()
    assert spec.key == "ETH"
    assert name != view["name"]


@pytest.mark.parametrize(("look", "widens"), [("points", True), ("side", True), ("line", False)])
def test_lone_points_are_widened_and_lines_are_not(feed: HandFeed, look: str, widens: bool) -> None:
    assert picture_of(feed, look=look)._pane.view["widens"] is widens


def test_another_key_or_span_follows_and_another_look_stays_where_it_is(feed: HandFeed) -> None:
    picture = picture_of(feed)
    picture._pane.following = False  # as the browser does
    assert not picture.following
    picture.look = "line"
    assert not picture.following
    picture.key = "ETH"
    assert picture.following
    assert picture._pane.following
    picture.following = False
    assert not picture._pane.following
    picture.span_ns = 5 * NS_PER_SECOND
    assert picture._pane.following


def test_another_zone_moves_the_axis_to_its_midnight(feed: HandFeed) -> None:
    picture = picture_of(feed)
    picture.zone = "Asia/Tokyo"
    assert picture._pane.axis == {"origin": str(NOON_NS - 21 * 3_600 * NS_PER_SECOND), "zone": "Asia/Tokyo"}


def test_a_browser_whose_ticket_is_old_gets_a_new_one_for_the_same(feed: HandFeed) -> None:
    picture = picture_of(feed)
    before = picture._pane.view
    picture._pane._handle_msg({"renew": True})
    after = picture._pane.view
    assert after["ticket"] != before["ticket"]
    assert after | {"ticket": ""} == before | {"ticket": ""}


def test_where_there_is_no_room_for_another_view_the_figure_is_empty(feed: HandFeed) -> None:
    feed.views._memory_bytes = 0
    _, source = figure_of(picture_of(feed))
    assert not source.data["image"][0].any()


@pytest.mark.parametrize("ground", ["#ffffff", "#f4f6f8", "#0d1117", "#151b23", "#1e1e1e"])
def test_every_colour_stands_out_from_light_and_dark_pages(ground: str) -> None:
    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for colour in PALETTE:
        darker, lighter = sorted((luminance(colour), luminance(ground)))
        assert (lighter + 0.05) / (darker + 0.05) >= 3


def test_it_shows_itself_in_a_notebook(feed: HandFeed, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("IPython", reason="needs a notebook's IPython: pip install ipython")
    monkeypatch.setattr(pn.extension, "_loaded", True)  # as pn.extension() leaves it there
    data, _ = picture_of(feed)._repr_mimebundle_()
    assert "Image" in data["text/html"]


def test_a_closed_picture_lets_go_of_its_view(feed: HandFeed) -> None:
    picture = picture_of(feed)
    figure_of(picture)
    picture.close()
    assert picture._pane.view == {}
    picture._pane._handle_msg({"renew": True})
    assert picture._pane.view == {}
    feed.clock.advance(seconds=31)
    feed.publish()
    assert len(feed.views) == 0
