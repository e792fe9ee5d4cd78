"""A page drawn from frames beside one drawn by Datashader over the same rows, screenshot against screenshot.

Equal means:

- in the colours of the frame, every pixel of the figure is the same to the last bit, axes and grid included: the same
  cells are covered, each with the same code;
- in the colours of Datashader's own `shade` (``eq_hist``), the same pixels are covered, and each is at most 3 of 256
  steps of the palette away.

Datashader's cells are widened as the browser widens those of points: a cell that is alone reaches one cell to all
sides. The three oldest columns are left out, for what has scrolled out of the picture had widened into them.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from math import ceil, floor
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Page

from pipelines.live.frames.palette import PALETTE
from tests.browser.conftest import OpenTab
from tests.browser.tick_server import FIGURE, RANGES, TickServer, figure_on
from tests.waiting import wait_until

MOST_STEPS = 3
TICKS = f"{FIGURE}.below[0].ticker.desired_num_ticks"
HIDE_GRID = f"{FIGURE}.center.forEach((grid) => {{ grid.visible = false; }})"
PLOT = f"""(() => {{
  const {{left, top, width, height}} = Bokeh.index.find_one({FIGURE}).frame.bbox;
  return [left, top, width, height];
}})()"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TickServer]:
    server = TickServer(tmp_path_factory.mktemp("pixels") / "server.log", "route")
    try:
        server.start()
        yield server
    finally:
        server.stop()


def still_page(server: TickServer, open_tab: OpenTab, look: str) -> Page:
    """A page that has followed the live edge by deltas, and stands still now."""
    server.flow("go")
    tab = open_tab(f"{server.address}/ticks?look={look}", width=900, height=600)
    figure = figure_on(tab)
    end = tab.evaluate(RANGES)[1]
    wait_until(lambda: tab.evaluate(RANGES)[1] > end + 3_000)
    server.flow("stop")
    tab.get_by_text("nothing new for").wait_for()

    def is_still() -> bool:
        before = figure.screenshot()
        tab.wait_for_timeout(1_000)
        return figure.screenshot() == before

    wait_until(is_still)
    assert server.newest()["n_frames"]["delta"] > 50
    return tab


def reference_page(server: TickServer, open_tab: OpenTab, tab: Page, query: str = "") -> Page:
    """A page of what Datashader makes of the rows that `tab` shows, with as many ticks on its axes."""
    reference = open_tab(f"{server.address}/datashader?{query}", width=900, height=600)
    reference.locator(".bk-Figure").first.wait_for()
    wait_until(lambda: reference.evaluate(f"{FIGURE}.inner_width > 0"))
    assert reference.evaluate(RANGES) == tab.evaluate(RANGES)
    assert reference.evaluate(PLOT) == tab.evaluate(PLOT)
    reference.evaluate(f"{TICKS} = {tab.evaluate(TICKS)}")
    return reference


def pixels(tab: Page, column_ns: int) -> NDArray[np.uint8]:
    """What is seen of the figure, uint8[height, width, 3], without its three oldest columns."""
    tab.mouse.move(0, 0)
    tab.wait_for_timeout(500)
    shown = np.array(Image.open(io.BytesIO(tab.locator(".bk-Figure").first.screenshot())).convert("RGB"))
    (start_ms, end_ms, *_), (left, _, width, _) = tab.evaluate(RANGES), tab.evaluate(PLOT)
    wide = ceil(3 * column_ns / 1e6 / (end_ms - start_ms) * width)
    shown[:, floor(left) : ceil(left) + wide] = 0
    return shown


@pytest.mark.parametrize("look", ["points", "side", "line"])
def test_frames_look_the_same_to_the_last_bit_as_what_datashader_counts(
    server: TickServer, open_tab: OpenTab, look: str
) -> None:
    tab = still_page(server, open_tab, look)
    column_ns = 1 << server.newest()["column_log2"]
    shown, expected = (pixels(each, column_ns) for each in (tab, reference_page(server, open_tab, tab)))
    assert len(np.unique(shown.reshape(-1, 3), axis=0)) > (10 if look == "line" else 30)
    differs = (shown != expected).any(axis=2)
    assert not differs.any(), f"{differs.sum()} pixels, such as {np.argwhere(differs)[:5].tolist()} (row, column)"


def test_frames_look_the_same_as_what_datashader_shades_within_three_steps_of_the_palette(
    server: TickServer, open_tab: OpenTab
) -> None:
    tab = still_page(server, open_tab, "points")
    reference = reference_page(server, open_tab, tab, "shade=1")
    for each in (tab, reference):
        each.evaluate(HIDE_GRID)  # it is drawn over the picture, and would mix with its colours
    column_ns = 1 << server.newest()["column_log2"]
    shown, expected = (pixels(each, column_ns) for each in (tab, reference))
    differs = (shown != expected).any(axis=2)
    steps = np.abs(steps_of(shown[differs]) - steps_of(expected[differs]))
    assert np.count_nonzero(differs) > 100  # the one is not the other by another name
    assert steps.max() <= MOST_STEPS


def steps_of(colours: NDArray[Any]) -> NDArray[np.float64]:
    """Where in the palette colours stand, of 255 steps; fails where one is not of it."""
    stops = np.array([[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour in PALETTE], np.float64)
    fine = np.linspace(0.0, 255.0, 4_081)
    between = np.stack([np.interp(fine, np.linspace(0.0, 255.0, len(stops)), stop) for stop in stops.T], axis=1)
    distance = np.linalg.norm(colours[:, np.newaxis, :].astype(np.float64) - between, axis=2)
    assert distance.min(axis=1).max() < 2.0
    return np.asarray(fine[distance.argmin(axis=1)])
