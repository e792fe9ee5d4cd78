"""Twenty sessions, one connection to the broker: and what came stays, though they all leave."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pytest
from tornado.websocket import WebSocketClientConnection, websocket_connect

from pipelines.core.clock import NS_PER_SECOND, SystemClock
from pipelines.core.spec import ViewSpec
from pipelines.live.broadcast.ticket import SECRET_VARIABLE, Tickets
from tests.integration.numbered import QUERY, Publisher
from tests.integration.page_session import PageSession
from tests.integration.test_silent_sessions import OPTIONS
from tests.integration.test_silent_sessions import n_sessions as sessions_left
from tests.live.wire.picture import Picture
from tests.page_server import PageServer, page_server
from tests.servers import Mosquitto
from tests.waiting import wait_until

N_ROWS: Final = 500
PAGES: Final = ("overview", "market", "status", "market")
VIEW: Final = ViewSpec("desk", "readings", "s", "value")
TICKETS: Final = Tickets(b"signs tickets", clock=SystemClock())


@pytest.fixture
def broker(tmp_path: Path, mosquitto_path: str) -> Iterator[Mosquitto]:
    broker = Mosquitto(tmp_path / "broker", mosquitto_path)
    broker.start()
    yield broker
    broker.kill()


def test_twenty_sessions_share_one_connection_and_find_all_that_came_when_they_are_back(
    broker: Mosquitto, tmp_path: Path
) -> None:
    start_ns = SystemClock().now_ns()
    source = broker.url("readings/#", f"{QUERY}&name=desk")
    with (
        page_server(tmp_path, source, options=OPTIONS, environment={SECRET_VARIABLE: "signs tickets"}) as server,
        closing(Publisher(broker.port, "readings/s")) as publisher,
    ):
        asyncio.run(visit(server, publisher, start_ns, n_rows=0, n_sessions=20))
        wait_until(lambda: sessions_left(server) == 0, 30, what="all have left")
        asyncio.run(visit(server, publisher, start_ns, n_rows=N_ROWS, n_sessions=4))
    assert broker.log.read_text().count(" as collector ") == 1


async def visit(server: PageServer, publisher: Publisher, start_ns: int, *, n_rows: int, n_sessions: int) -> None:
    """Open sessions, see in each the rows that there are, publish as many again, see them too, and leave."""
    sessions = [await PageSession.open(server.address, PAGES[number % len(PAGES)]) for number in range(n_sessions)]
    await asyncio.gather(*(session.pull() for session in sessions))
    if n_rows:
        assert await asyncio.gather(*(n_rows_seen(server, start_ns) for _ in sessions)) == [n_rows] * n_sessions
    publisher.publish(range(n_rows, n_rows + N_ROWS))
    publisher.wait(n_rows + N_ROWS)
    stored = f'streamshade_window_records{{feed="desk",kind="readings"}} {n_rows + N_ROWS}.0\n'
    await asyncio.to_thread(wait_until, lambda: stored in server.read("/metrics"), 30)
    seen = await asyncio.gather(*(n_rows_seen(server, start_ns) for _ in sessions))
    assert seen == [n_rows + N_ROWS] * n_sessions
    for session in sessions:
        session.close()


async def n_rows_seen(server: PageServer, start_ns: int) -> int:
    """Return from how many rows a viewer's picture of all that came is drawn, exactly."""
    client = await websocket_connect(server.address.replace("http", "ws") + "/frames")
    end_ns = SystemClock().now_ns() + NS_PER_SECOND
    asked = {"start": str(start_ns), "end": str(end_ns), "low": -1.0, "high": 2_000.0, "columns": 300}
    say(client, type="hello", version=1, ticket=TICKETS.mint({"all": VIEW}))
    say(client, type="subscribe", pane=0, view="all", columns=300)
    say(client, type="explore", pane=0, request=1, **asked)
    answer = Picture()
    while not answer.story.get("final"):
        message = await client.read_message()
        assert message is not None, client.close_reason
        if isinstance(message, bytes) and message[0] == 2:
            answer = Picture()
            answer.apply(message)
    client.close()
    return int(answer.story["rows"])


def say(client: WebSocketClientConnection, **words: Any) -> None:
    client.write_message(json.dumps(words))
