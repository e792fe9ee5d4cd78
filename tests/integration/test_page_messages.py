"""What a page sends to its browser, over a real socket."""

from __future__ import annotations

import asyncio
from pathlib import Path
from urllib.parse import urlsplit

from tests.benchmarks.page_client import MarketTab, PageTab, open_tab
from tests.page_server import page_server

SOURCE = "sim://market?rate=5000&symbols=3"


class Counting(PageTab):
    """A tab that counts messages, from its third update to its ninth."""

    n_messages = 0

    def patched(self, content: bytes) -> None:
        self.n_messages += b'"PATCH-DOC"' in content and b"reqid" not in content and 3 <= self.n_updates < 9
        super().patched(content)


class Watching(MarketTab):
    """A tab that counts messages over its document while 20 frames of its picture come, from the 20th on."""

    n_messages = 0

    def patched(self, content: bytes) -> None:
        self.n_messages += b'"PATCH-DOC"' in content and b"reqid" not in content and 20 <= self.n_frames < 40
        super().patched(content)


async def count(port: int) -> Counting:
    tab = await open_tab(Counting, port, "overview", "")
    assert isinstance(tab, Counting)
    await tab.live(port, 10)
    while tab.n_updates < 10:
        await asyncio.sleep(0.05)
    tab.close()
    return tab


async def watch(port: int) -> Watching:
    tab = await open_tab(Watching, port, "market", "")
    assert isinstance(tab, Watching)
    await tab.live(port, 10)
    while tab.n_frames < 40:
        await asyncio.sleep(0.05)
    tab.close()
    return tab


def test_all_that_changes_at_a_beat_goes_out_in_one_message(tmp_path: Path) -> None:
    with page_server(tmp_path, SOURCE) as server:
        tab = asyncio.run(asyncio.wait_for(count(urlsplit(server.address).port or 0), 60))
    assert tab.n_messages == 6


def test_nothing_of_the_market_page_goes_over_its_document_while_nobody_chooses(tmp_path: Path) -> None:
    with page_server(tmp_path, SOURCE) as server:
        tab = asyncio.run(asyncio.wait_for(watch(urlsplit(server.address).port or 0), 60))
    assert tab.n_messages == 0
