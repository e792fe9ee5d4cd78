"""Tabs that are opened, zoomed into and closed again and again: the server is as it was before.

`STREAMSHADE_CYCLES=200` tries it as often as that, and then looks at memory too. What is kept on purpose (rows, and
answers to zooms) has little room here, so that it is soon full.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
from playwright.sync_api import Browser, Page, expect

from pipelines.live.feeds import MEMORY_VARIABLE, WINDOW_VARIABLE
from tests.browser.tick_server import figure_on, middle
from tests.page_server import PageServer, page_server
from tests.waiting import wait_until

PATIENCE_MS: Final = 30_000
N_CYCLES: Final = int(os.environ.get("STREAMSHADE_CYCLES", "8"))
N_TELLING: Final = 100
"""Of fewer cycles memory tells nothing: what is imported late and pooled is more."""

MOST_BYTES_A_CYCLE: Final = 60_000
"""A session takes some 800 kB while it lasts."""

OPTIONS: Final = (
    *("--rest-session-info", "--session-history", "-1"),
    *("--check-unused-sessions", "500", "--unused-session-lifetime", "1000"),
)


def on_the_market(tab: Page) -> None:
    figure = figure_on(tab)
    x, y = middle(figure)
    tab.mouse.move(x, y)
    tab.mouse.wheel(0, -300)
    expect(tab.get_by_text("rows in this time")).to_be_visible(timeout=PATIENCE_MS)
    tab.mouse.move(x + 30, y)


def on_the_overview(tab: Page) -> None:
    expect(tab.locator("td.number").first).to_be_visible(timeout=PATIENCE_MS)


def on_the_status(tab: Page) -> None:
    expect(tab.locator("tr[data-kind=trades]")).to_be_visible(timeout=PATIENCE_MS)


def on_a_wall(tab: Page) -> None:
    expect(tab.locator("#state")).to_have_text(re.compile("^Live"), timeout=PATIENCE_MS)


VISITS: Final[dict[str, Callable[[Page], None]]] = {
    "market?symbol=BTC-USD&span=20s": on_the_market,
    "overview": on_the_overview,
    "status": on_the_status,
    "watch/BTC-USD?span=20s": on_a_wall,
}


def test_after_all_tabs_are_closed_no_session_and_no_viewer_is_left(tmp_path: Path, chromium: Browser) -> None:
    source, environment = "sim://market?rate=100&symbols=3", {WINDOW_VARIABLE: "10s", MEMORY_VARIABLE: "64M"}
    with page_server(tmp_path, source, options=OPTIONS, environment=environment) as server:
        resident_bytes = []
        for number in range(N_CYCLES):
            page, look_around = list(VISITS.items())[number % len(VISITS)]
            tab = chromium.new_page()
            tab.goto(f"{server.address}/{page}")
            look_around(tab)
            tab.close()
            resident_bytes.append(server.resident_bytes)
        wait_until(lambda: n_sessions(server) == 0, 60, what="sessions end with their tabs")
        wait_until(lambda: n_viewers(server) == 0, 60, what="viewers leave with their tabs")
    if N_CYCLES >= N_TELLING:
        late = np.array(resident_bytes[N_CYCLES // 2 :])
        slope = np.polyfit(np.arange(len(late)), late, 1)[0]
        print(f"{N_CYCLES} cycles: {resident_bytes[0] >> 20} to {resident_bytes[-1] >> 20} MiB, {slope:,.0f} B a cycle")
        assert slope < MOST_BYTES_A_CYCLE


def n_sessions(server: PageServer) -> int:
    sessions = json.loads(server.read("/rest/session_info"))["session_info"]["sessions"]
    return sum(session["ended"] is None for session in sessions.values())


def n_viewers(server: PageServer) -> float:
    viewers = re.findall(r"^streamshade_viewers\{.*\} (\S+)$", server.read("/metrics"), re.MULTILINE)
    assert viewers
    return sum(map(float, viewers))
