"""Pages behind a login, in a real browser: their sockets show who has logged in, too."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, expect

from tests.browser.conftest import OpenTab
from tests.browser.test_pages import PATIENCE_MS
from tests.browser.tick_server import RANGES, figure_on
from tests.page_server import page_server
from tests.waiting import wait_until

OPTIONS = ["--basic-auth", "open-sesame", "--cookie-secret", "signs-cookies"]
OUTSIDE = re.compile("^https?://(?!127.0.0.1)")


def log_in(visitor: BrowserContext, address: str) -> None:
    form = {"username": "ann", "password": "open-sesame"}
    visitor.request.post(f"{address}/login", form=form, max_redirects=0)


def test_who_has_logged_in_gets_the_pictures(tmp_path: Path, open_tab: OpenTab) -> None:
    with page_server(tmp_path, "sim://market?rate=2000&symbols=3", options=OPTIONS) as server:
        tab = open_tab("about:blank")
        log_in(tab.context, server.address)
        tab.goto(f"{server.address}/watch/BTC-USD")
        expect(tab.locator("#state")).to_have_text(re.compile("Live"), timeout=PATIENCE_MS)
        tab.goto(f"{server.address}/market?symbol=BTC-USD&span=20s")
        figure_on(tab)
        end = tab.evaluate(RANGES)[1]
        wait_until(lambda: tab.evaluate(RANGES)[1] > end + 1_000)
        tab.goto("about:blank")


def test_who_is_logged_out_while_watching_is_sent_to_the_login(tmp_path: Path, chromium: Browser) -> None:
    with (
        page_server(tmp_path, "sim://market?rate=2000&symbols=3", options=OPTIONS) as server,
        chromium.new_context() as visitor,
    ):
        visitor.route(OUTSIDE, lambda route: route.abort())  # Panel's login asks for its logo
        log_in(visitor, server.address)
        tab = visitor.new_page()
        tab.goto(f"{server.address}/watch/BTC-USD")
        expect(tab.locator("#state")).to_have_text(re.compile("Live"), timeout=PATIENCE_MS)
        server.stop()
        visitor.clear_cookies()
        server.start()
        tab.wait_for_url("**/login?next=%2Fwatch%2FBTC-USD", timeout=PATIENCE_MS)
