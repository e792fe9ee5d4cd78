"""What a page sends to its browser, over a real socket."""

from __future__ import annotations

import asyncio
from pathlib import Path
from urllib.parse import urlsplit

from tests.benchmarks.page_client import MarketTab, open_tab
from tests.page_server import page_server


class Listening(MarketTab):
    """A tab that counts messages, from its third update to its ninth."""

    n_messages = 0

    def patched(self, content: bytes) -> None:
        self.n_messages += b'"PATCH-DOC"' in content and b"reqid" not in content and 3 <= self.n_updates < 9
        super().patched(content)


async def listen(port: int) -> Listening:
    tab = await open_tab(Listening, port, "market", "")
    assert isinstance(tab, Listening)
    await tab.live(port, 10)
    while tab.n_updates < 10:
        await asyncio.sleep(0.05)
    tab.close()
    return tab


def test_all_that_changes_at_a_beat_goes_out_in_one_message(tmp_path: Path) -> None:
    with page_server(tmp_path, "sim://market?rate=5000&symbols=3") as server:
        tab = asyncio.run(asyncio.wait_for(listen(urlsplit(server.address).port or 0), 60))
    assert tab.n_messages == 6
