"""Clients that come, do all that a client can do, and go: nothing of them stays."""

from __future__ import annotations

import asyncio
import gc
import json
import weakref
from collections.abc import Callable
from typing import Any, Final

from tornado.iostream import IOStream
from tornado.testing import gen_test
from tornado.websocket import WebSocketClientConnection

from pipelines.core.clock import NS_PER_SECOND
from tests.live.broadcast.hand_hub import VIEW
from tests.live.broadcast.test_handler import FramesCase, say
from tests.live.hand_feed import NOON_NS

N_CYCLES: Final = 200
SEEN: Final[dict[str, Any]] = {"low": 99.0, "high": 108.0, "columns": 300}


class TestCycles(FramesCase):
    @gen_test(timeout=60)
    async def test_of_two_hundred_clients_that_zoomed_and_pointed_nothing_survives(self) -> None:
        loop = asyncio.get_running_loop()
        self.hub._post = lambda act: _post(loop, act)
        refs: list[weakref.ref[Any]] = []
        for number in range(N_CYCLES):
            client = await self.connect()
            stream_of(client).set_nodelay(True)
            say(client, type="hello", version=1, ticket=self.hub.tickets.mint({"ticks": VIEW}))
            await heard(client, "welcome")
            say(client, type="subscribe", pane=3, view="ticks", columns=300)
            await drawn(client, 1)
            start_ns = NOON_NS - (number + 5) * NS_PER_SECOND // 50
            say(client, type="explore", pane=3, request=7, start=str(start_ns), end=str(NOON_NS), **SEEN)
            await drawn(client, 2)
            say(client, type="pick", pane=3, request=8, time=str(NOON_NS - 60_000_000), value=104.0)
            await heard(client, "picked")
            (viewer,) = self.hub._viewers
            pane = viewer.panes[3]
            refs += map(weakref.ref, (viewer, viewer.transport, pane, pane.channel, pane.channel.stream, pane._look))
            del viewer, pane
            if number % 2:
                client.close()
            else:
                stream_of(client).close()  # without a word
            while len(self.hub):
                await asyncio.sleep(0)
        assert not self.hub.channels
        assert not self.hub.feed.wakes
        del client
        await asyncio.sleep(0)
        gc.collect()
        assert len(refs) == 6 * N_CYCLES
        assert [ref() for ref in refs if ref() is not None] == []
        assert len(self.hub.counts) == 1


def _post(loop: asyncio.AbstractEventLoop, act: Callable[[], None]) -> None:
    loop.call_soon_threadsafe(act)


def stream_of(client: WebSocketClientConnection) -> IOStream:
    """Return what a client's bytes go through."""
    assert client.protocol is not None
    stream = client.protocol.stream
    assert stream is not None
    return stream


async def heard(client: WebSocketClientConnection, kind: str) -> None:
    """Read until words of a kind came."""
    while True:
        message = await client.read_message()
        assert message is not None, client.close_reason
        if isinstance(message, str) and json.loads(message)["type"] == kind:
            return


async def drawn(client: WebSocketClientConnection, kind: int) -> None:
    """Read until a picture of a kind came: 1 for a frame, 2 for an answer."""
    while not (isinstance(message := await client.read_message(), bytes) and message[0] == kind):
        assert message is not None, client.close_reason
