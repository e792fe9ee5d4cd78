"""A client that reads nothing for a minute: 1,800 frames at 30 a second, made as fast as they can be."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any, Final

import numpy as np
from tornado.testing import gen_test
from tornado.web import Application
from tornado.websocket import WebSocketClientConnection

from pipelines.core.clock import NS_PER_SECOND
from pipelines.core.spec import ViewSpec
from tests.live.broadcast.hand_hub import HandHub
from tests.live.broadcast.slow_client import SlowClient
from tests.live.broadcast.test_handler import FramesCase, say
from tests.live.hand_feed import HandFeed
from tests.live.wire.picture import Picture

N_FRAMES: Final = 1_800
N_WARM: Final = 300
"""Frames until nothing new is allocated: the rows that are kept are all there, and the client is full."""

PERIOD_NS: Final = NS_PER_SECOND // 30
N_ROWS: Final = 1_500
GROWTH_BYTES: Final = 8 << 20
VIEW: Final = ViewSpec("feed", "trades", "BTC", "price", n_columns=600, n_rows=100)
SUBSCRIPTION: Final[dict[str, Any]] = {"type": "subscribe", "view": "ticks", "columns": 600, "fps": 30}


class TestStalled(FramesCase):
    def get_app(self) -> Application:
        app = super().get_app()
        self.hub = HandHub(HandFeed(max_rows=20_000))
        self.hub.feed.add(self._times(np.random.default_rng(0)))
        return app

    @gen_test(timeout=120)
    async def test_who_reads_nothing_costs_no_memory_and_no_frame_of_others_and_comes_back_to_the_newest(self) -> None:
        slow, other = SlowClient(self.get_http_port()), await self.connect()
        slow.say(**self._hello())
        slow.say(pane=0, **SUBSCRIPTION)
        say(other, **self._hello())
        say(other, pane=0, **SUBSCRIPTION)
        while not self.hub.channels or self._counts.n_viewers < 2:
            await asyncio.sleep(0)
        n_bytes = memory_bytes = 0
        for number in range(N_FRAMES):
            if number == N_WARM:
                memory_bytes = resident_bytes()
            self._publish(number)
            n_bytes += await self._read_newest(other)
        assert n_bytes > 2.5 * GROWTH_BYTES  # what there would be, were it kept
        assert resident_bytes() - memory_bytes < GROWTH_BYTES
        assert self._counts.n_dropped > N_FRAMES - 100

        picture = await read_on(slow, Picture())
        slow.say(type="ack", pane=0, generation=picture.generation)
        await read_on(slow, picture)
        n_left_out = self._channel.generation - picture.generation
        self._publish(N_FRAMES)
        await read_on(slow, picture)
        assert n_left_out > N_FRAMES - 100
        assert self.hub.feed.clock.now_ns() - picture.rendered_ns < 2 * PERIOD_NS
        assert picture.generation == self._channel.generation
        assert np.array_equal(picture.codes, self._channel.stream.frame.codes)
        slow.close()

    @property
    def _channel(self) -> Any:
        return self.hub.channels[VIEW]

    @property
    def _counts(self) -> Any:
        (counts,) = self.hub.counts.values()
        return counts

    def _hello(self) -> dict[str, Any]:
        return {"type": "hello", "version": 1, "ticket": self.hub.tickets.mint({"ticks": VIEW})}

    def _times(self, random: np.random.Generator) -> np.ndarray:
        return self.hub.feed.clock.now_ns() - random.integers(0, 59 * NS_PER_SECOND, N_ROWS)

    def _publish(self, seed: int) -> None:
        """Let a period pass, with rows in most columns, so that a frame is about as large as it can be."""
        random = np.random.default_rng(seed)
        self.hub.step(1 / 30, time_ns=self._times(random), price=100.0 + random.integers(0, 90, N_ROWS))
        self.hub.feed.tables["trades"].evict()

    async def _read_newest(self, client: WebSocketClientConnection) -> int:
        """Read what was just published, and say that it is painted. Returns its size."""
        n_bytes = 0
        while True:
            message = await client.read_message()
            assert message is not None
            if isinstance(message, str):
                continue
            n_bytes += len(message)
            generation = int.from_bytes(message[4:8], "little")
            if generation == self._channel.generation:
                say(client, type="ack", pane=0, generation=generation)
                return n_bytes


async def read_on(client: SlowClient, picture: Picture) -> Picture:
    """Read all that is under way to a client: its ping is answered behind it."""
    client.say(type="ping", sent_ms=1.0)
    while not (isinstance(message := await client.read(), dict) and message["type"] == "pong"):
        if isinstance(message, bytes):
            picture.apply(message)
    return picture


def resident_bytes() -> int:
    """Return this process's resident memory."""
    pages = Path("/proc/self/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")
