"""Who opens a page's own socket and never says that the page is there: held stock Panel at full load."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Final

from tests.integration.page_session import PageSession
from tests.page_server import PageServer, page_server
from tests.waiting import wait_until

PAGES: Final = ("overview", "market", "status") * 2
WATCHED_S: Final = 3
MOST_CPUS: Final = 0.5
"""Far above what the feed and the machine's noise take, far below a session that never rests."""

OPTIONS: Final = (
    *("--rest-session-info", "--session-history", "-1"),
    *("--check-unused-sessions", "250", "--unused-session-lifetime", "2000"),
)


def test_sessions_whose_pages_never_report_cost_nothing_and_end_with_their_sockets(tmp_path: Path) -> None:
    with page_server(tmp_path, "sim://market?rate=500&symbols=3", options=OPTIONS) as server:
        asyncio.run(asyncio.wait_for(stay_silent(server), 120))
        wait_until(lambda: n_sessions(server) == 0, 30, what="the sessions end with their sockets")


async def stay_silent(server: PageServer) -> None:
    greeted = [await PageSession.open(server.address, page) for page in PAGES]
    loaded = [await PageSession.open(server.address, page) for page in PAGES]
    for session in loaded:
        await session.pull()
    assert await asyncio.to_thread(n_sessions, server) == len(greeted + loaded)
    began_s, cpu_s = time.monotonic(), server.cpu_s
    await asyncio.sleep(WATCHED_S)  # what would be computed and sent meanwhile: many beats of a page
    assert (server.cpu_s - cpu_s) / (time.monotonic() - began_s) < MOST_CPUS
    assert [session.received for session in greeted] == [["ACK"]] * len(greeted)
    assert [session.received for session in loaded] == [["ACK", "PULL-DOC-REPLY"]] * len(loaded)
    for session in greeted + loaded:
        session.close()


def n_sessions(server: PageServer) -> int:
    """How many sessions there are now."""
    sessions = json.loads(server.read("/rest/session_info"))["session_info"]["sessions"]
    return sum(session["ended"] is None for session in sessions.values())
