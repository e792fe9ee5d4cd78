"""The picture of ticks in a real browser."""

from __future__ import annotations

import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, sync_playwright

from pipelines.core.clock import NS_PER_SECOND
from pipelines.views.ticks.axis import FORMAT_TIME_JS, TICK_LABEL_JS, TimeAxis
from tests.browser.conftest import FLAGS
from tests.live.hand_feed import NOON_NS
from tests.servers import free_port
from tests.waiting import wait_until

FIGURE = "[...Bokeh.documents[0]._all_models.values()].find((model) => model.type === 'Figure')"
RANGES = f"(() => {{const f = {FIGURE}; return [f.x_range.start, f.x_range.end, f.y_range.start, f.y_range.end]}})()"
NEWEST_CELL = f"""(() => {{
  const view = Bokeh.index.find_one({FIGURE}), {{image, x, y, dw, dh}} = view.model.renderers[0].data_source.data;
  const [height, width] = image[0].shape, {{x_scale, y_scale}} = view.frame;
  for (let column = width - 60; column > 0; column--)
    for (let row = 1; row < height - 1; row++)
      if (image[0][row * width + column] > 0) return [
        x_scale.compute(x[0] + (column + 0.5) / width * dw[0]), y_scale.compute(y[0] + (row + 0.5) / height * dh[0])];
}})()"""
SETTLED = f"""(() => {{
  const figure = {FIGURE}, image = figure?.renderers[0].data_source.data.image[0];
  return figure?.inner_width > 600 && image.shape[1] > 300;
}})()"""
STATE = """(() => {
  const state = [...Bokeh.documents[0]._all_models.values()].find((model) => model.row);
  return [state.row, state.origin, state.zone, state.pointer];
})()"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port, log_path = free_port(), tmp_path_factory.mktemp("ticks") / "server.log"
    with log_path.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.browser.tick_app", str(port)],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: process.poll() is not None or "launching" in log_path.read_text().lower(), 60)
        assert process.poll() is None, log_path.read_text()
        yield address
        assert "/pipelines/" not in log_path.read_text(), log_path.read_text()  # in a traceback
    finally:
        process.kill()
        process.wait(10)


@pytest.fixture
def flow(server: str) -> Iterator[Callable[[str], None]]:
    def switch(action: str) -> None:
        urllib.request.urlopen(f"{server}/{action}", timeout=10).close()

    switch("go")
    yield switch
    switch("stop")


@pytest.fixture(scope="module")
def pages(chromium_path: str) -> Iterator[Any]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def page(pages: Any, server: str) -> Iterator[Page]:
    faults: list[str] = []
    page = pages.new_page(viewport={"width": 900, "height": 600})
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", lambda request: faults.append(request.url) if is_outside(request.url, server) else None)
    yield page
    page.close()
    assert faults == []


def is_outside(url: str, server: str) -> bool:
    return not url.startswith((server, server.replace("http", "ws"), "data:", "blob:"))


def open_page(page: Page, server: str, query: str = "") -> Any:
    page.goto(f"{server}/ticks?{query}")
    figure = page.locator(".bk-Figure").first
    figure.wait_for(timeout=30_000)
    wait_until(lambda: page.evaluate(SETTLED))
    return figure


def middle(figure: Any) -> tuple[float, float]:
    box = figure.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


@pytest.mark.parametrize("look", ["points", "side", "line"])
def test_pixels_change_while_rows_come_and_stand_still_within_two_seconds(
    page: Page, server: str, flow: Callable[[str], None], look: str
) -> None:
    figure = open_page(page, server, f"look={look}")
    first = figure.screenshot()
    wait_until(lambda: figure.screenshot() != first)
    end = page.evaluate(RANGES)[1]
    wait_until(lambda: page.evaluate(RANGES)[1] > end + 1_000)
    flow("stop")
    page.wait_for_timeout(2_000)
    still = figure.screenshot()
    page.wait_for_timeout(1_000)
    assert figure.screenshot() == still
    page.get_by_text("nothing new for").wait_for()


def test_a_zoom_pauses_and_a_reset_follows_again(page: Page, server: str, flow: Callable[[str], None]) -> None:
    figure = open_page(page, server)
    page.mouse.move(*middle(figure))
    page.mouse.wheel(0, -400)
    page.get_by_text("Paused").wait_for()
    page.wait_for_timeout(300)
    zoomed = page.evaluate(RANGES)
    assert 0 < zoomed[1] - zoomed[0] < 19_000
    page.wait_for_timeout(3_000)  # some thirty frames
    assert page.evaluate(RANGES) == zoomed
    page.locator("[title='Reset']").first.click()
    page.get_by_text("Paused").wait_for(state="hidden")
    wait_until(lambda: page.evaluate(RANGES)[1] > zoomed[1] + 3_000)
    left, right, *_ = page.evaluate(RANGES)
    assert right - left == pytest.approx(20_000, rel=0.01)


def test_a_pan_pauses_and_the_button_follows_again(page: Page, server: str, flow: Callable[[str], None]) -> None:
    figure = open_page(page, server)
    x, y = middle(figure)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 200, y + 10, steps=8)
    page.mouse.up()
    page.get_by_text("Paused").wait_for()
    panned = page.evaluate(RANGES)
    page.wait_for_timeout(1_500)
    assert page.evaluate(RANGES) == panned
    page.get_by_text("Follow", exact=True).click()
    wait_until(lambda: page.evaluate(RANGES)[1] > panned[1] + 5_000)


def test_the_hover_shows_the_raw_row_in_the_zone_of_the_axis(
    page: Page, server: str, flow: Callable[[str], None]
) -> None:
    flow("stop")
    figure = open_page(page, server, "zone=Asia/Kolkata")
    page.get_by_text("nothing new for").wait_for()

    def is_answered() -> bool:
        box, (x, y) = figure.bounding_box(), page.evaluate(NEWEST_CELL)
        page.mouse.move(box["x"] + x - 5, box["y"] + y)
        page.mouse.move(box["x"] + x, box["y"] + y)
        page.wait_for_timeout(500)
        return page.get_by_text("count:").is_visible()

    wait_until(is_answered, 60)
    row, origin, zone, pointer = page.evaluate(STATE)
    axis = TimeAxis(int(origin), zone)
    assert abs(int(row["time"]) - axis.to_ns(pointer[0])) < NS_PER_SECOND // 4
    shown = page.get_by_text(f".{row['time'][-9:]}")
    assert shown.inner_text() == page.evaluate(
        f"(() => {{{FORMAT_TIME_JS} return format_time({row['time']}n, 'Asia/Kolkata', 9)}})()"
    )


def labels(page: Page, axis: TimeAxis, times_ns: list[int]) -> list[str]:
    """What the axis writes at ticks that stand at `times_ns`."""
    ticks = [axis.to_axis(time_ns) for time_ns in times_ns]
    code = f"([ticks, axis]) => ticks.map((tick, index) => {{ {TICK_LABEL_JS} }})"
    return page.evaluate(code, [ticks, {"origin": str(axis.origin_ns), "zone": axis.zone}])


def hovered(page: Page, zone: str, time_ns: int) -> str:
    """What the hover writes for a row at `time_ns`."""
    return page.evaluate(f"(() => {{{FORMAT_TIME_JS} return format_time({time_ns}n, '{zone}', 9)}})()")


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
def test_axis_and_hover_write_the_same_exact_time(page: Page, zone: str, utc: str, local: str) -> None:
    time_ns = int(datetime.fromisoformat(utc).replace(tzinfo=UTC).timestamp()) * NS_PER_SECOND + 123_456_789
    axis = TimeAxis.around(time_ns - 3 * 3_600 * NS_PER_SECOND, zone)
    written = labels(page, axis, [time_ns, time_ns + 1, time_ns + 2])
    assert written == [f"{local}.{digits}" for digits in (123456789, 123456790, 123456791)]
    assert written == [hovered(page, zone, time_ns + step) for step in range(3)]


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
def test_labels_have_the_digits_that_their_distance_needs(page: Page, step_ns: int, first: str, second: str) -> None:
    assert labels(page, TimeAxis.around(NOON_NS, "UTC"), [NOON_NS, NOON_NS + step_ns]) == [first, second]
