"""The picture of ticks in a real browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from pipelines.core.clock import NS_PER_SECOND
from pipelines.live.wire.scripts import FORMATS_JS
from pipelines.views.ticks.axis import TICK_LABEL_JS, TimeAxis
from tests.browser.conftest import OpenTab
from tests.browser.tick_server import FIGURE, RANGES, TickServer, figure_on, middle
from tests.live.hand_feed import NOON_NS
from tests.views.ticks.widened import widened
from tests.waiting import wait_until

PATIENCE_MS = 30_000
STRIPS = f"""(() => {{
  const {{data_source, glyph}} = {FIGURE}.renderers[0], {{image, x, dw}} = data_source.data;
  const strips = image.map((cells, i) => ({{shape: cells.shape, x: x[i], dw: dw[i], cells: [...cells]}}));
  return [strips.filter((strip) => Number.isFinite(strip.x)), glyph.color_mapper.palette];
}})()"""
NEWEST_CELL = f"""(() => {{
  const view = Bokeh.index.find_one({FIGURE}), {{image, x, y, dw, dh}} = view.model.renderers[0].data_source.data;
  const {{x_scale, y_scale}} = view.frame, {{x_range}} = view.model;
  for (const i of [...x.keys()].sort((a, b) => x[b] - x[a])) {{
    const [height, width] = image[i].shape;
    for (let column = width - 1; column >= 0; column--) {{
      const time = x[i] + (column + 0.5) / width * dw[i];
      if (!(time < x_range.end - 0.05 * (x_range.end - x_range.start))) continue;
      for (let row = 1; row < height - 1; row++)
        if (image[i][row * width + column] > 0)
          return [x_scale.compute(time), y_scale.compute(y[i] + (row + 0.5) / height * dh[i])];
    }}
  }}
}})()"""
AXIS = "[...Bokeh.documents[0]._all_models.values()].find((model) => model.row)"
STATE = f"(() => {{const {{row, origin, zone, pointer}} = {AXIS}; return [row, origin, zone, pointer]}})()"
HIDE = """(isHidden) => {
  Object.defineProperty(document, "hidden", {value: isHidden, configurable: true});
  document.dispatchEvent(new Event("visibilitychange"));
}"""


@pytest.fixture(scope="module", params=["route", "document"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TickServer]:
    server = TickServer(tmp_path_factory.mktemp("ticks") / "server.log", request.param)
    try:
        server.start()
        yield server
    finally:
        server.stop()
    log = server.log.read_text()
    assert "/pipelines/" not in log, log  # in a traceback


@pytest.fixture
def flow(server: TickServer) -> Iterator[Callable[[str], None]]:
    server.flow("go")
    yield server.flow
    server.flow("stop")


@pytest.fixture
def open_page(server: TickServer, open_tab: OpenTab) -> Callable[..., Page]:
    def open_page(query: str = "", **options: Any) -> Page:
        tab = open_tab(f"{server.address}/ticks?{query}", width=900, height=600, **options)
        figure_on(tab)
        return tab

    return open_page


def n_received(tab: Page) -> list[int]:
    """A list that grows with each message that a tab gets from here on, its sockets being new."""
    sizes: list[int] = []
    tab.on("websocket", lambda socket: socket.on("framereceived", lambda data: sizes.append(len(data))))
    return sizes


@pytest.mark.parametrize("look", ["points", "side", "line"])
def test_pixels_change_while_rows_come_and_stand_still_within_two_seconds(
    open_page: Callable[..., Page], flow: Callable[[str], None], look: str
) -> None:
    tab = open_page(f"look={look}")
    figure = figure_on(tab)
    first = figure.screenshot()
    wait_until(lambda: figure.screenshot() != first)
    end = tab.evaluate(RANGES)[1]
    wait_until(lambda: tab.evaluate(RANGES)[1] > end + 1_000)
    flow("stop")
    tab.wait_for_timeout(2_000)
    still = figure.screenshot()
    tab.wait_for_timeout(1_000)
    assert figure.screenshot() == still
    expect(tab.get_by_text("nothing new for")).to_be_visible()


@pytest.mark.parametrize("look", ["points", "line"])
def test_what_is_on_the_screen_is_what_the_server_has_after_many_deltas(
    server: TickServer, open_page: Callable[..., Page], flow: Callable[[str], None], look: str
) -> None:
    tab = open_page(f"look={look}")
    end = tab.evaluate(RANGES)[1]
    wait_until(lambda: tab.evaluate(RANGES)[1] > end + 6_000)  # some strips have begun anew
    flow("stop")
    wait_until(lambda: differences(tab, server.newest(), look) == [], what="all cells and colours are the server's")


def differences(tab: Page, frame: dict[str, Any], look: str) -> list[str]:
    """What is drawn otherwise than in a frame of the server."""
    strips, palette = tab.evaluate(STRIPS)
    codes = np.array([list(bytes.fromhex(column)) for column in frame["codes"]], np.uint8)
    expected = codes if look == "line" else widened(codes)
    first, column_ns = int(frame["first_column"]), 1 << frame["column_log2"]
    shown = np.zeros_like(codes)
    origin_ns = int(tab.evaluate(f"{AXIS}.origin"))
    for strip in strips:
        n_rows, width = strip["shape"]
        offset = (origin_ns + round(strip["x"] * 1e6)) // column_ns - first
        cells = np.array(strip["cells"], np.uint8).reshape(n_rows, width).T
        inside = range(max(offset, 0), min(offset + width, len(codes)))
        shown[inside.start : inside.stop] = cells[inside.start - offset : inside.stop - offset]
    assert np.count_nonzero(shown) > 500
    found = []
    if not np.array_equal(shown[3:], expected[3:]):  # what scrolled out had widened into the first ones
        found.append("cells")
    if palette != [f"#{frame['colours'][8 * i : 8 * i + 8]}" for i in range(256)]:
        found.append("colours")
    return found


def test_a_zoom_pauses_and_a_reset_follows_again(open_page: Callable[..., Page], flow: Callable[[str], None]) -> None:
    tab = open_page()
    tab.mouse.move(*middle(figure_on(tab)))
    tab.mouse.wheel(0, -400)
    tab.get_by_text("Paused").wait_for()
    tab.wait_for_timeout(300)
    zoomed = tab.evaluate(RANGES)
    assert 0 < zoomed[1] - zoomed[0] < 19_000
    tab.get_by_text("rows in this time").wait_for()
    tab.wait_for_timeout(3_500)  # some hundred frames
    assert tab.evaluate(RANGES) == zoomed
    tab.locator("[title='Reset']").first.click()
    tab.get_by_text("Paused").wait_for(state="hidden")
    wait_until(lambda: tab.evaluate(RANGES)[1] > zoomed[1] + 3_000)
    left, right, *_ = tab.evaluate(RANGES)
    assert right - left == pytest.approx(20_000, rel=0.01)


def test_a_pan_pauses_and_the_button_follows_again(open_page: Callable[..., Page], flow: Callable[[str], None]) -> None:
    tab = open_page()
    x, y = middle(figure_on(tab))
    tab.mouse.move(x, y)
    tab.mouse.down()
    tab.mouse.move(x + 200, y + 10, steps=8)
    tab.mouse.up()
    tab.get_by_text("Paused").wait_for()
    panned = tab.evaluate(RANGES)
    tab.wait_for_timeout(1_500)
    assert tab.evaluate(RANGES) == panned
    tab.get_by_text("Follow", exact=True).click()
    wait_until(lambda: tab.evaluate(RANGES)[1] > panned[1] + 5_000)


def test_a_hidden_tab_gets_no_frames_and_catches_up_at_once(
    server: TickServer, open_tab: OpenTab, flow: Callable[[str], None]
) -> None:
    tab = open_tab("about:blank", width=900, height=600)
    sizes = n_received(tab)
    tab.goto(f"{server.address}/ticks")
    figure_on(tab)
    wait_until(lambda: tab.evaluate(RANGES) and len(sizes) > 30)
    tab.evaluate(HIDE, True)
    tab.wait_for_timeout(500)
    n_before, end = len(sizes), tab.evaluate(RANGES)[1]
    tab.wait_for_timeout(3_000)
    assert len(sizes) - n_before < 20  # answers to pings, of three messages each over the document
    assert tab.evaluate(RANGES)[1] == end
    tab.evaluate(HIDE, False)
    wait_until(lambda: tab.evaluate(RANGES)[1] > end + 2_500, 2)


def test_a_picture_that_is_scrolled_away_is_paused(open_page: Callable[..., Page], flow: Callable[[str], None]) -> None:
    tab = open_page()
    tab.evaluate("document.body.append(Object.assign(document.createElement('div'), {style: 'height: 3000px'}))")
    tab.evaluate("scrollTo(0, 2000)")
    tab.wait_for_timeout(700)
    end = tab.evaluate(RANGES)[1]
    tab.wait_for_timeout(1_000)
    assert tab.evaluate(RANGES)[1] == end
    tab.evaluate("scrollTo(0, 0)")
    wait_until(lambda: tab.evaluate(RANGES)[1] > end + 1_500, 2)


def test_after_a_restart_of_the_server_it_shows_the_right_picture_and_the_same_view(
    tmp_path_factory: pytest.TempPathFactory, open_tab: OpenTab
) -> None:
    server = TickServer(tmp_path_factory.mktemp("restart") / "server.log", "route")
    try:
        server.start()
        server.flow("go")
        tab = open_tab(f"{server.address}/ticks", width=900, height=600, loses_server=True)
        figure = figure_on(tab)
        tab.mouse.move(*middle(figure))
        tab.mouse.wheel(0, -300)
        tab.get_by_text("rows in this time").wait_for()
        zoomed = tab.evaluate(RANGES)
        server.stop()
        tab.get_by_text("what you see is old").wait_for()
        assert "grayscale" in figure.evaluate("element => element.style.filter")
        server.start()
        server.flow("go")
        expect(tab.get_by_text("what you see is old")).to_be_hidden(timeout=5_000)
        expect(tab.get_by_text("rows in this time")).to_be_visible(timeout=5_000)
        assert figure.evaluate("element => element.style.filter") == ""
        assert tab.evaluate(RANGES) == zoomed
        tab.get_by_text("Follow", exact=True).click()
        wait_until(lambda: tab.evaluate(RANGES)[1] > zoomed[1] + 1_000)
    finally:
        server.stop()


def test_the_hover_shows_the_raw_row_in_the_zone_of_the_axis(
    open_page: Callable[..., Page], flow: Callable[[str], None]
) -> None:
    flow("stop")
    tab = open_page("zone=Asia/Kolkata")
    figure = figure_on(tab)
    tab.get_by_text("nothing new for").wait_for()

    def is_answered() -> bool:
        box, (x, y) = figure.bounding_box(), tab.evaluate(NEWEST_CELL)
        assert box is not None
        tab.mouse.move(box["x"] + x - 5, box["y"] + y)
        tab.mouse.move(box["x"] + x, box["y"] + y)
        tab.wait_for_timeout(500)
        return tab.get_by_text("count:").is_visible()

    wait_until(is_answered, 60)
    row, origin, zone, pointer = tab.evaluate(STATE)
    axis = TimeAxis(int(origin), zone)
    assert abs(int(row["time"]) - axis.to_ns(pointer[0])) < NS_PER_SECOND // 4
    shown = tab.get_by_text(f".{row['time'][-9:]}")
    assert shown.inner_text() == tab.evaluate(
        f"(() => {{{FORMATS_JS} return formatTime({row['time']}n, 'Asia/Kolkata', 9)}})()"
    )


def labels(blank: Page, axis: TimeAxis, times_ns: list[int]) -> list[str]:
    """What the axis writes at ticks that stand at `times_ns`."""
    ticks = [axis.to_axis(time_ns) for time_ns in times_ns]
    code = f"([ticks, axis]) => ticks.map((tick, index) => {{ {TICK_LABEL_JS} }})"
    return blank.evaluate(code, [ticks, {"origin": str(axis.origin_ns), "zone": axis.zone}])


@pytest.fixture
def blank(open_tab: OpenTab) -> Page:
    return open_tab("about:blank")


def hovered(blank: Page, zone: str, time_ns: int) -> str:
    """What the hover writes for a row at `time_ns`."""
    return blank.evaluate(f"(() => {{{FORMATS_JS} return formatTime({time_ns}n, '{zone}', 9)}})()")


# In each zone: an ordinary moment, and moments to both sides of a change of its clocks.
MOMENTS = [
    ("Europe/Berlin", "2024-08-08T12:00:00", "14:00:00"),
    ("Europe/Berlin", "2024-10-27T00:59:59", "02:59:59"),
    ("Europe/Berlin", "2024-10-27T01:00:01", "02:00:01"),
    ("America/New_York", "2024-03-10T06:59:59", "01:59:59"),
    ("America/New_York", "2024-03-10T07:00:01", "03:00:01"),
    ("Australia/Lord_Howe", "2024-04-06T14:59:59", "01:59:59"),
    ("Australia/Lord_Howe", "2024-04-06T15:00:01", "01:30:01"),
    ("Asia/Kolkata", "2024-08-08T12:00:00", "17:30:00"),
]


@pytest.mark.parametrize(("zone", "utc", "local"), MOMENTS)
def test_axis_and_hover_write_the_same_exact_time(blank: Page, zone: str, utc: str, local: str) -> None:
    time_ns = int(datetime.fromisoformat(utc).replace(tzinfo=UTC).timestamp()) * NS_PER_SECOND + 123_456_789
    axis = TimeAxis.around(time_ns - 3 * 3_600 * NS_PER_SECOND, zone)
    written = labels(blank, axis, [time_ns, time_ns + 1, time_ns + 2])
    assert written == [f"{local}.{digits}" for digits in (123456789, 123456790, 123456791)]
    assert written == [hovered(blank, zone, time_ns + step) for step in range(3)]


@pytest.mark.parametrize(
    ("step_ns", "first", "second"),
    [
        (1, "12:00:00.000000000", "12:00:00.000000001"),
        (20_000, "12:00:00.00000", "12:00:00.00002"),
        (500_000_000, "12:00:00.0", "12:00:00.5"),
        (5 * NS_PER_SECOND, "12:00:00", "12:00:05"),
        (60 * NS_PER_SECOND, "12:00", "12:01"),
        (13 * 3_600 * NS_PER_SECOND, "12:00", "9 Aug 01:00"),
    ],
)
def test_labels_have_the_digits_that_their_distance_needs(blank: Page, step_ns: int, first: str, second: str) -> None:
    assert labels(blank, TimeAxis.around(NOON_NS, "UTC"), [NOON_NS, NOON_NS + step_ns]) == [first, second]
