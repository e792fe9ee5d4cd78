"""What stands still says so in time: a source that brings nothing, and a server that does not answer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenTab
from tests.browser.test_watch import state
from tests.browser.tick_server import RANGES, TickServer, figure_on
from tests.page_server import page_server
from tests.waiting import wait_until

PATIENCE_MS: Final = 30_000
SOON_MS: Final = 4_500
"""Two periods of a stream that says something once a second at least, half a second until the page looks at its clock
again, and as much again for a machine that has other things to do."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[TickServer]:
    server = TickServer(tmp_path / "server.log", "route")
    try:
        server.start()
        server.flow("go")
        yield server
    finally:
        server.stop()


def expect_to_move(tab: Page) -> None:
    expect(tab.get_by_text("Live", exact=True)).to_be_visible(timeout=PATIENCE_MS)
    end = tab.evaluate(RANGES)[1]
    wait_until(lambda: tab.evaluate(RANGES)[1] > end + 500)


def test_a_source_that_brings_nothing_more_is_noticed_and_its_return_too(server: TickServer, open_tab: OpenTab) -> None:
    tab = open_tab(f"{server.address}/ticks")
    figure_on(tab)
    expect_to_move(tab)
    server.flow("stop")
    expect(tab.get_by_text(re.compile(r"nothing new for \d+ s"))).to_be_visible(timeout=SOON_MS)
    expect(tab.get_by_text("Following", exact=True)).to_be_visible()
    server.flow("go")
    expect_to_move(tab)
    expect(tab.get_by_text("nothing new for")).to_be_hidden()


def test_a_server_that_does_not_answer_makes_pictures_old_then_grey_and_its_return_makes_them_live(
    server: TickServer, open_tab: OpenTab
) -> None:
    tab = open_tab(f"{server.address}/ticks")
    figure = figure_on(tab)
    expect_to_move(tab)
    server.freeze()
    expect(tab.get_by_text(re.compile(r"nothing new for \d+ s"))).to_be_visible(timeout=SOON_MS)
    expect(tab.get_by_text(re.compile("Disconnected for .*: what you see is old"))).to_be_visible(timeout=PATIENCE_MS)
    assert "grayscale" in figure.evaluate("element => element.style.filter")
    server.thaw()
    expect_to_move(tab)
    assert figure.evaluate("element => element.style.filter") == ""


def test_a_watched_view_says_so_too(tmp_path: Path, open_tab: OpenTab) -> None:
    with page_server(tmp_path, "sim://market?rate=500&symbols=3") as server:
        tab = open_tab(f"{server.address}/watch/BTC-USD?span=20s")
        state(tab).to_have_text(re.compile("^Live"), timeout=PATIENCE_MS)
        server.freeze()
        state(tab).to_have_text(re.compile(r"^Following · nothing new for \d+ s"), timeout=SOON_MS)
        server.thaw()
        state(tab).to_have_text(re.compile("^Live"), timeout=PATIENCE_MS)


def test_the_quote_strip_says_so_too_though_nothing_is_told(tmp_path: Path, open_tab: OpenTab) -> None:
    with page_server(tmp_path, "sim://market?rate=500&symbols=3") as server:
        tab = open_tab(f"{server.address}/market?symbol=BTC-USD", loses_server=True)
        expect(tab.locator(".strip .badge")).to_have_text("live", timeout=PATIENCE_MS)
        server.freeze()
        expect(tab.locator(".strip .badge")).to_have_text(re.compile(r"stale \d+ s"), timeout=SOON_MS)
        expect(tab.locator(".strip .why")).to_have_text(re.compile(r"nothing came for \d+ s"))
        server.thaw()
        expect(tab.locator(".strip .badge")).to_have_text("live", timeout=PATIENCE_MS)
