"""Two ticks a nanosecond apart, before and after the clocks are changed: in the figure, on the axis, in the hover."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import Final

import pytest
from playwright.sync_api import Page, expect

from pipelines.core.clock import NS_PER_SECOND, ManualClock
from pipelines.views.ticks.axis import TimeAxis
from pipelines.views.ticks.picture import TickPicture
from tests.browser.conftest import OpenTab
from tests.browser.served_here import hub_of, served_here
from tests.browser.test_ticks import AXIS
from tests.browser.tick_server import FIGURE, figure_on
from tests.live.hand_feed import HandFeed
from tests.waiting import wait_until

PATIENCE_MS: Final = 30_000
HALF_NS: Final = 20
ZOOM: Final = f"([start, end]) => {FIGURE}.x_range.setv({{start, end}})"
CELLS: Final = f"""(() => {{
  const view = Bokeh.index.find_one({FIGURE}), {{image, x, y, dw, dh}} = view.model.renderers[1].data_source.data;
  const {{x_scale, y_scale}} = view.frame, found = [];
  for (const i of x.keys()) {{
    const [height, width] = image[i].shape;
    for (let column = 0; column < width; column++) for (let row = 0; row < height; row++) {{
      const time = x[i] + (column + 0.5) / width * dw[i], value = y[i] + (row + 0.5) / height * dh[i];
      if (image[i][row * width + column] > 0) found.push([time, x_scale.compute(time), y_scale.compute(value)]);
    }}
  }}
  return found.sort(([a], [b]) => a - b);
}})()"""
"""Where cells are shown that are not empty: milliseconds of the axis, and pixels of the figure."""

WRITE: Final = f"(ticks) => {FIGURE}.below[0].formatter.doFormat(ticks, {{loc: 0}})"
"""What the axis writes at ticks."""

LABELS: Final = f"({WRITE})([...Bokeh.index.find_one({FIGURE}.below[0]).tick_coords.major[0]])"
"""What the axis writes at its own ticks."""

MOMENTS: Final = [
    ("Europe/Berlin", "2024-10-27T01:00:00", "02:59:59.999999999", "02:00:00.000000000"),
    ("Europe/Berlin", "2024-03-31T01:00:00", "01:59:59.999999999", "03:00:00.000000000"),
    ("America/New_York", "2024-11-03T06:00:00", "01:59:59.999999999", "01:00:00.000000000"),
    ("Asia/Kolkata", "2024-08-08T12:00:00", "17:29:59.999999999", "17:30:00.000000000"),
]


@pytest.mark.parametrize(("zone", "utc", "first", "second"), MOMENTS)
def test_two_ticks_a_nanosecond_apart_stay_apart_in_the_figure_on_the_axis_and_in_the_hover(
    zone: str, utc: str, first: str, second: str, open_tab: OpenTab
) -> None:
    moment_ns = int(datetime.fromisoformat(utc).replace(tzinfo=UTC).timestamp()) * NS_PER_SECOND
    feed = HandFeed(clock=ManualClock(moment_ns + 2 * NS_PER_SECOND))
    feed.add([moment_ns - 1, moment_ns], [100.0, 100.0])

    def page() -> TickPicture:
        return TickPicture(feed, key="BTC", span_ns=20 * NS_PER_SECOND, zone=zone)

    with served_here({"ticks": page}, hub_of(feed)) as address:
        tab = open_tab(f"{address}/ticks", width=900, height=600)
        figure_on(tab)
        axis = TimeAxis(int(tab.evaluate(f"{AXIS}.origin")), zone)
        tab.evaluate(ZOOM, [axis.to_axis(moment_ns - HALF_NS), axis.to_axis(moment_ns + HALF_NS)])
        expect(tab.get_by_text("2 rows in this time")).to_be_visible(timeout=PATIENCE_MS)
        wait_until(lambda: len(tab.evaluate(CELLS)) == 2)
        cells = tab.evaluate(CELLS)
        assert [axis.to_ns(time - 0.5e-6) for time, _, _ in cells] == [moment_ns - 1, moment_ns]
        written = tab.evaluate(LABELS)
        assert len(set(written)) == len(written) > 2
        assert tab.evaluate(WRITE, [axis.to_axis(moment_ns - 1), axis.to_axis(moment_ns)]) == [first, second]
        for (_, x, y), time_ns, text in zip(cells, (moment_ns - 1, moment_ns), (first, second), strict=True):
            wait_until(partial(is_told, tab, x, y, str(time_ns)), what=f"the row at {text} is told of")
            expect(tab.get_by_text(text)).to_be_visible(timeout=PATIENCE_MS)
        tab.goto("about:blank")


def is_told(tab: Page, x: float, y: float, time: str) -> bool:
    """Point at a place of the figure; returns whether the row that is told of has that time."""
    box = figure_on(tab).bounding_box()
    assert box is not None
    tab.mouse.move(box["x"] + x, box["y"] + y - 1)
    tab.mouse.move(box["x"] + x, box["y"] + y)
    tab.wait_for_timeout(50)
    return bool(tab.evaluate(f"{AXIS}.row?.time ?? null") == time)
