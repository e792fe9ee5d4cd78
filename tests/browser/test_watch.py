"""`/watch/<symbol>` in a real browser, on a simulated market."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, WebSocket, expect

from pipelines.live.broadcast.ticket import SECRET_VARIABLE
from tests.browser.conftest import OpenTab
from tests.browser.test_pages import DARK, PATIENCE_MS
from tests.browser.test_ticks import HIDE
from tests.live.wire.picture import Picture
from tests.page_server import PageServer, page_server
from tests.views.ticks.widened import widened
from tests.waiting import wait_until

SOURCE = "sim://market?rate=2000&symbols=3&seed=1"
SECRET = {SECRET_VARIABLE: "one for all restarts"}
NOTE_RECTANGLES = """
for (const name of ["drawImage", "rect"]) {
  const {prototype} = CanvasRenderingContext2D, draw = prototype[name];
  prototype[name] = function (...args) {
    globalThis[name] = args.slice(-4);
    return draw.apply(this, args);
  };
}"""
PIXELS = """() => {
  const canvas = document.querySelector("canvas"), {width, height} = canvas;
  const {data} = canvas.getContext("2d").getImageData(0, 0, width, height);
  const bytes = new Uint8Array(data.buffer), parts = [];
  for (let i = 0; i < bytes.length; i += 8192) parts.push(String.fromCharCode(...bytes.subarray(i, i + 8192)));
  return {width, height, rgba: parts.join(""), drawn: globalThis.drawImage, shown: globalThis.rect};
}"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PageServer]:
    with page_server(tmp_path_factory.mktemp("watch"), SOURCE, environment=SECRET) as server:
        yield server


def state(tab: Page) -> Any:
    return expect(tab.locator("#state"))


class Wire:
    """What a tab asks for, and what goes over its socket, from here on."""

    def __init__(self, tab: Page) -> None:
        self.urls: list[str] = []
        self.said: list[dict[str, Any]] = []
        self.pictures: list[bytes] = []
        tab.on("request", lambda request: self.urls.append(request.url))
        tab.on("websocket", self._listen)

    def _listen(self, socket: WebSocket) -> None:
        self.urls.append(socket.url)
        socket.on("framesent", lambda words: self.said.append(json.loads(words)))
        socket.on("framereceived", self._take)

    def _take(self, data: str | bytes) -> None:
        if isinstance(data, bytes) and data[2:4] == bytes(2):  # the other pane shows the last value
            self.pictures.append(data)


@pytest.mark.parametrize("look", ["points", "side", "line"])
def test_a_picture_appears_and_moves_without_a_session_or_any_library(
    look: str, served: PageServer, open_tab: OpenTab
) -> None:
    tab = open_tab("about:blank")
    wire = Wire(tab)
    address = f"{served.address}/watch/BTC-USD?look={look}&span=20s"
    tab.goto(address)
    state(tab).to_have_text(re.compile(r"^Live · \d+ ms old$"), timeout=PATIENCE_MS)
    expect(tab).to_have_title("BTC-USD · streamshade")
    last = tab.locator("#last")
    expect(last).to_have_text(re.compile(r"^\d\d,\d{3}\.\d+$"))
    before = last.inner_text()
    expect(last).not_to_have_text(before, timeout=PATIENCE_MS)
    canvas = tab.locator("canvas")
    first = canvas.screenshot()
    wait_until(lambda: canvas.screenshot() != first)
    assert wire.urls == [address, f"{served.address.replace('http', 'ws')}/frames"]
    assert tab.evaluate("typeof Bokeh") == "undefined"


@pytest.mark.parametrize("look", ["points", "line"])
def test_what_is_on_the_screen_is_what_the_server_sent(look: str, served: PageServer, open_tab: OpenTab) -> None:
    tab = open_tab("about:blank", width=1_400, height=1_100)
    tab.add_init_script(NOTE_RECTANGLES)
    wire, picture = Wire(tab), Picture()
    tab.goto(f"{served.address}/watch/BTC-USD?look={look}&span=5s")
    wait_until(lambda: tab.evaluate("1") and len(wire.pictures) > 90, what="some columns have scrolled out")
    tab.evaluate(HIDE, True)
    tab.wait_for_timeout(1_000)
    for message in wire.pictures:
        picture.apply(message)
    codes = picture.codes if look == "line" else widened(picture.codes)
    n_cells = expect_cells(tab.evaluate(PIXELS), codes, picture.colours)
    assert n_cells > 500


def expect_cells(screen: dict[str, Any], codes: np.ndarray, colours: np.ndarray) -> int:
    """Compare each pixel in the middle of a cell with that cell; returns how many cells were seen."""
    width, height = screen["width"], screen["height"]
    rgba = np.frombuffer(screen["rgba"].encode("latin-1"), np.uint8).reshape(height, width, 4)
    (left, top, wide, tall), (x, y, w, h) = screen["drawn"], screen["shown"]
    column = (np.arange(x, x + w) + 0.5 - left) / wide * codes.shape[0]
    column[column < 3] = -1  # what scrolled out had widened into these
    row = codes.shape[1] - (np.arange(y, y + h) + 0.5 - top) / tall * codes.shape[1]
    in_x, in_y = is_inside(column, codes.shape[0]), is_inside(row, codes.shape[1])
    seen = rgba[y : y + h, x : x + w][in_y][:, in_x]
    cells = codes[column[in_x].astype(int)][:, row[in_y].astype(int)].T
    assert (seen[cells > 0] == colours[cells[cells > 0]]).all()
    others = np.unique(seen[cells == 0].reshape(-1, 4), axis=0)
    assert len(others) <= 3  # the ground, and the lines of the grid
    return int(np.count_nonzero(cells))


def is_inside(place: np.ndarray, n: int) -> np.ndarray:
    return (place > 0) & (place < n) & (np.abs(place - np.round(place)) > 0.01)


def test_a_hidden_tab_gets_no_pictures_and_catches_up_at_once(served: PageServer, open_tab: OpenTab) -> None:
    tab = open_tab("about:blank")
    wire, picture = Wire(tab), Picture()
    tab.goto(f"{served.address}/watch/BTC-USD?span=20s")
    wait_until(lambda: tab.evaluate("1") and len(wire.pictures) > 10)
    tab.evaluate(HIDE, True)
    tab.wait_for_timeout(500)
    n_before = len(wire.pictures)
    tab.wait_for_timeout(2_000)
    assert len(wire.pictures) == n_before
    tab.evaluate(HIDE, False)
    wait_until(lambda: tab.evaluate("1") and len(wire.pictures) > n_before, 2)
    for message in wire.pictures[: n_before + 1]:
        before_ns = picture.newest_ns
        picture.apply(message)
    assert picture.newest_ns is not None
    assert before_ns is not None
    assert picture.newest_ns - before_ns > 1_900_000_000


def test_a_tab_that_is_opened_in_the_background_waits_until_it_is_seen(served: PageServer, open_tab: OpenTab) -> None:
    tab = open_tab("about:blank")
    tab.add_init_script(f"({HIDE})(true)")
    wire = Wire(tab)
    tab.goto(f"{served.address}/watch/BTC-USD")
    wait_until(lambda: tab.evaluate("1") and any(words["type"] == "ping" for words in wire.said))
    tab.wait_for_timeout(1_000)
    assert len(wire.pictures) <= 1
    tab.evaluate(HIDE, False)
    wait_until(lambda: tab.evaluate("1") and len(wire.pictures) > 10)


def test_a_larger_window_gets_a_finer_picture(served: PageServer, open_tab: OpenTab) -> None:
    tab = open_tab("about:blank", width=400, height=700)
    wire = Wire(tab)
    tab.goto(f"{served.address}/watch/BTC-USD?span=1m")
    state(tab).to_have_text(re.compile("Live"), timeout=PATIENCE_MS)
    tab.set_viewport_size({"width": 1_500, "height": 700})
    wait_until(lambda: tab.evaluate("1") and len(columns_asked_for(wire)) == 2)
    small, large = columns_asked_for(wire)
    assert small < large
    n_before = len(wire.pictures)
    wait_until(lambda: tab.evaluate("1") and len(wire.pictures) > n_before + 10)
    state(tab).to_have_text(re.compile("Live"))


def columns_asked_for(wire: Wire) -> list[int]:
    return [words["columns"] for words in wire.said if words["type"] == "subscribe" and words["view"] == "view"]


@pytest.mark.parametrize("size", [(400, 800), (1_400, 900), (2_560, 1_440)])
@pytest.mark.parametrize("colours", ["light", "dark"])
def test_it_fills_any_screen_in_the_colours_that_are_preferred(
    size: tuple[int, int], colours: str, served: PageServer, open_tab: OpenTab
) -> None:
    width, height = size
    tab = open_tab(f"{served.address}/watch/BTC-USD?look=side", width=width, height=height, color_scheme=colours)
    state(tab).to_have_text(re.compile("Live"), timeout=PATIENCE_MS)
    for place in ("body", "main"):
        is_dark = DARK.match(tab.locator(place).evaluate("element => getComputedStyle(element).backgroundColor"))
        assert bool(is_dark) is (colours == "dark")
    scrolled = tab.evaluate("(({scrollWidth, scrollHeight}) => [scrollWidth, scrollHeight])(document.documentElement)")
    assert scrolled == [width, height]
    box = tab.locator("canvas").bounding_box()
    assert box is not None
    assert box["width"] > 0.9 * width
    assert box["height"] > 0.8 * height
    expect(tab.locator("header")).to_contain_text(re.compile(r"price, the last 1 min.*sold.*even.*bought", re.DOTALL))
    expect(tab.locator("#day")).to_have_text(re.compile(r"^\d+ [A-Z][a-z]+ \d{4}, \S+$"))


def test_a_name_that_there_is_not_is_explained_and_looked_for_again(served: PageServer, chromium: Browser) -> None:
    tab = chromium.new_page()
    answer = tab.goto(f"{served.address}/watch/BTX-USD<i>")
    assert answer is not None
    assert answer.status == 404
    assert int(answer.headers["refresh"]) > 0
    expect(tab.get_by_role("alert")).to_have_text("there are no rows of 'BTX-USD<i>': did you mean 'BTC-USD'?")
    expect(tab.locator("h1")).to_have_text("BTX-USD<i>")
    tab.close()


def test_it_greys_out_without_its_server_and_comes_back_when_that_does(tmp_path: Path, open_tab: OpenTab) -> None:
    with page_server(tmp_path, SOURCE, environment=SECRET) as server:
        tab = open_tab(f"{server.address}/watch/BTC-USD?span=20s", loses_server=True)
        state(tab).to_have_text(re.compile("Live"), timeout=PATIENCE_MS)
        server.stop()
        state(tab).to_have_text(re.compile("^Disconnected for .*what you see is old"), timeout=5_000)
        expect(tab.locator("canvas")).to_have_css("filter", re.compile("grayscale"))
        tab.evaluate("globalThis.isSamePage = true")
        server.start()
        state(tab).to_have_text(re.compile("^Live"), timeout=5_000)
        expect(tab.locator("canvas")).to_have_css("filter", "none")
        assert tab.evaluate("globalThis.isSamePage")


def test_it_gets_a_new_ticket_where_the_old_one_is_not_taken_any_more(tmp_path: Path, open_tab: OpenTab) -> None:
    with page_server(tmp_path, SOURCE, environment=SECRET) as server:
        tab = open_tab(f"{server.address}/watch/BTC-USD?span=20s", loses_server=True)
        state(tab).to_have_text(re.compile("Live"), timeout=PATIENCE_MS)
        server.stop()
        tab.evaluate("globalThis.isSamePage = true")
        server.environment[SECRET_VARIABLE] = "another"
        server.start()
        state(tab).to_have_text("Not connected: this ticket is not ours: load the page again", timeout=PATIENCE_MS)
        state(tab).to_have_text(re.compile("^Live"), timeout=PATIENCE_MS)
        assert not tab.evaluate("globalThis.isSamePage")
