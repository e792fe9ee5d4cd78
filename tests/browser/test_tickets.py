"""Tickets that are not taken: the page says so, gets another one, and goes on."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from pipelines.core.clock import ManualClock, SystemClock
from pipelines.core.spec import ViewSpec
from pipelines.live.broadcast.ticket import SECRET_VARIABLE, Tickets
from tests.browser.conftest import OpenTab
from tests.browser.tick_server import RANGES, SECRET, TickServer, figure_on
from tests.page_server import page_server
from tests.waiting import wait_until

PATIENCE_MS: Final = 30_000
VIEW: Final = ViewSpec("feed", "trades", "BTC", "price")
EXPIRED: Final = Tickets(SECRET.encode(), clock=ManualClock()).mint({"1": VIEW, "view": VIEW})
FORGED: Final = Tickets(b"another secret", clock=SystemClock()).mint({"1": VIEW})
WHY: Final = "Not connected: this ticket has expired: load the page again"


class BadTickets:
    """Has a tab show another ticket than its own, while `is_on`: all of them, or for as long as it has the first."""

    def __init__(self, tab: Page, ticket: str, *, is_on: bool = True, of_first: bool = False) -> None:
        self.is_on, self.n_sockets = is_on, 0
        self._ticket, self._of_first = ticket, of_first
        self._first = ""
        self._sockets: list[WebSocketRoute] = []
        tab.route_web_socket(re.compile("/frames$"), self._between)

    def cut(self) -> None:
        """Close the newest connection."""
        self._sockets[-1].close()

    def _between(self, page: WebSocketRoute) -> None:
        self.n_sockets += 1
        self._sockets.append(page)
        server = page.connect_to_server()

        def on_message(text: Any) -> None:
            words = json.loads(text)
            if words["type"] == "hello" and self.is_on:
                self._first = self._first or words["ticket"]
                if words["ticket"] == self._first or not self._of_first:
                    words["ticket"] = self._ticket
            server.send(json.dumps(words))

        page.on_message(on_message)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TickServer]:
    server = TickServer(tmp_path_factory.mktemp("tickets") / "server.log", "route")
    try:
        server.start()
        server.flow("go")
        yield server
    finally:
        server.stop()


def expect_to_move(tab: Page) -> None:
    figure_on(tab)
    expect(tab.get_by_text("Live", exact=True)).to_be_visible(timeout=PATIENCE_MS)
    end = tab.evaluate(RANGES)[1]
    wait_until(lambda: tab.evaluate(RANGES)[1] > end + 500)


@pytest.mark.parametrize("ticket", [EXPIRED, FORGED], ids=["expired", "forged"])
def test_a_page_whose_ticket_is_not_taken_shows_another_one_at_once(
    ticket: str, server: TickServer, open_tab: OpenTab
) -> None:
    tab = open_tab("about:blank")
    bad = BadTickets(tab, ticket, of_first=True)
    tab.goto(f"{server.address}/ticks")
    expect_to_move(tab)
    assert bad.n_sockets == 2


def test_a_page_whose_tickets_are_not_taken_says_why_does_not_hammer_and_comes_back(
    server: TickServer, open_tab: OpenTab
) -> None:
    tab = open_tab("about:blank")
    bad = BadTickets(tab, EXPIRED, is_on=False)
    tab.goto(f"{server.address}/ticks")
    expect_to_move(tab)
    bad.is_on, bad.n_sockets = True, 0
    bad.cut()
    why = tab.get_by_text(WHY)
    expect(why).to_be_visible(timeout=PATIENCE_MS)
    tab.wait_for_timeout(3_000)
    assert bad.n_sockets <= 10
    expect(why).to_be_visible(timeout=PATIENCE_MS)
    bad.is_on = False
    expect_to_move(tab)


def test_a_page_none_of_whose_tickets_was_ever_taken_is_drawn_over_its_document(
    server: TickServer, open_tab: OpenTab
) -> None:
    tab = open_tab("about:blank")
    bad = BadTickets(tab, FORGED)
    tab.goto(f"{server.address}/ticks")
    expect_to_move(tab)
    assert bad.n_sockets <= 4


def test_a_watched_view_whose_ticket_has_expired_says_so_and_is_loaded_again(tmp_path: Path, open_tab: OpenTab) -> None:
    with page_server(tmp_path, "sim://market?rate=500&symbols=3", environment={SECRET_VARIABLE: SECRET}) as server:
        tab = open_tab("about:blank")
        BadTickets(tab, EXPIRED, of_first=True)
        tab.goto(f"{server.address}/watch/BTC-USD?span=20s")
        tab.evaluate("globalThis.isSamePage = true")
        state = expect(tab.locator("#state"))
        state.to_have_text(WHY, timeout=PATIENCE_MS)
        state.to_have_text(re.compile("^Live"), timeout=PATIENCE_MS)
        assert not tab.evaluate("globalThis.isSamePage")
