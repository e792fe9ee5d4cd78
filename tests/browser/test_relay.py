"""A page whose feed runs elsewhere: it is live, says so when the feed is gone, and goes on when it is back."""

from __future__ import annotations

import re
import signal
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.conftest import OpenTab
from tests.integration.test_relay import SOURCE, running, wait_for
from tests.servers import free_port

PATIENCE_MS = 20_000


def test_a_page_greys_while_its_collector_is_gone_and_goes_on_when_it_is_back(
    tmp_path: Path, open_tab: OpenTab
) -> None:
    place, port = f"unix://{tmp_path}/feeds", free_port()
    address = f"http://127.0.0.1:{port}"
    with (
        running(tmp_path / "collect.log", "collect", "--source", SOURCE, "--to", place) as collector,
        running(tmp_path / "serve.log", "serve", "--from", place, "--port", str(port)),
    ):
        wait_for(address, tmp_path / "serve.log")
        tab = open_tab(f"{address}/market?symbol=BTC-USD")
        live, old = (
            tab.get_by_text("Live", exact=True),
            tab.get_by_text(re.compile("No picture for .*: what you see is old")),
        )
        expect(live).to_be_visible(timeout=PATIENCE_MS)
        expect(tab.get_by_text("Tape")).to_be_visible()
        collector.end(signal.SIGKILL)
        expect(old).to_be_visible(timeout=PATIENCE_MS)
        collector.start()
        expect(live).to_be_visible(timeout=PATIENCE_MS)
        expect(old).to_be_hidden()
        tab.close()
