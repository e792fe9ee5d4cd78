"""What many, slow and leaving clients do to a server and to each other: real sockets."""

from __future__ import annotations

import asyncio
import gc
import json
import socket
import threading
import weakref
from typing import Any

import numpy as np
from tornado.testing import gen_test
from tornado.websocket import WebSocketClientConnection

from tests.live.broadcast.hand_hub import VIEW
from tests.live.broadcast.test_handler import FramesCase, say
from tests.live.hand_feed import NOON_NS
from tests.live.wire.picture import Picture


class Watcher:
    """A client that reads: it shows pane 3, and says what it has painted."""

    def __init__(self, client: WebSocketClientConnection) -> None:
        self.client = client
        self.picture = Picture()
        self.rendered_ns: list[int] = []

    async def read(self) -> None:
        """Take messages until a picture was among them."""
        while isinstance(message := await self.client.read_message(), str):
            pass
        assert message is not None
        self.picture.apply(message)
        self.rendered_ns.append(self.picture.rendered_ns)
        say(self.client, type="ack", pane=3, generation=self.picture.generation)


class ClientsCase(FramesCase):
    async def watch(self) -> WebSocketClientConnection:
        client = await self.connect()
        say(client, type="hello", version=1, ticket=self.hub.tickets.mint({"ticks": VIEW}))
        say(client, type="subscribe", pane=3, view="ticks", columns=300, fps=30)
        return client

    def shows_the_newest(self, watcher: Watcher) -> bool:
        return np.array_equal(watcher.picture.codes, self.hub.channels[VIEW].stream.frame.codes)

    def publish_noise(self, seed: int) -> None:
        """Rows in all columns, so that a frame is as large as it can be, and time for another frame."""
        random = np.random.default_rng(seed)
        self.hub.feed.clock.advance(seconds=1 / 30)
        n_rows = 5_000
        time_ns = NOON_NS - random.integers(0, 55 * 10**9, n_rows)
        self.hub.step(time_ns=time_ns, price=100.0 + random.integers(0, 7, n_rows))


class TestClients(ClientsCase):
    @gen_test(timeout=120)
    async def test_a_client_that_reads_nothing_costs_bounded_memory_and_holds_up_nobody(self) -> None:
        watcher = Watcher(await self.watch())
        await watcher.read()
        slow = socket.create_connection(("127.0.0.1", self.get_http_port()))
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        slow.sendall(_upgrade())
        while len(self.hub) < 2:
            await asyncio.sleep(0)
        slow.sendall(
            _text(type="hello", version=1, ticket=self.hub.tickets.mint({"ticks": VIEW}))
            + _text(type="subscribe", pane=0, view="ticks", columns=300, fps=30)
        )
        counts = self.hub.counts
        while not counts or next(iter(counts.values())).n_viewers < 2:
            await asyncio.sleep(0)
        for seed in range(400):
            self.publish_noise(seed)
            await watcher.read()
            assert self.shows_the_newest(watcher)
        (count,) = counts.values()
        n_sent_to_slow = sum(count.n_frames.values()) - len(watcher.rendered_ns)
        assert n_sent_to_slow <= 64 + 1
        assert count.n_dropped >= 300
        slow.close()

    @gen_test(timeout=120)
    async def test_two_hundred_clients_come_and_go_and_leave_nothing(self) -> None:
        left = []
        for number in range(200):
            client = await self.watch()
            await Watcher(client).read()
            left += [weakref.ref(viewer) for viewer in self.hub._viewers] if number % 50 == 0 else []
            client.close()
            while len(self.hub):
                await asyncio.sleep(0)
        assert not self.hub.channels
        assert not self.hub.feed.wakes
        await asyncio.sleep(0)
        gc.collect()
        assert [ref() for ref in left] == [None] * 4

    @gen_test(timeout=120)
    async def test_frames_published_by_any_thread_come_to_all_in_order(self) -> None:
        watchers = [Watcher(await self.watch()) for _ in range(2)]
        loop = asyncio.get_running_loop()
        self.hub._post = loop.call_soon_threadsafe
        lock = threading.Lock()

        def publish() -> None:
            for _ in range(50):
                with lock:  # as rows have one writer, whichever thread that is
                    self.hub.feed.clock.advance(seconds=1 / 30)
                    self.hub.feed.add(np.array([self.hub.feed.clock.now_ns()]), 103.0)
                self.hub.wake()

        async def read(watcher: Watcher) -> None:
            while watcher.picture.newest_ns != NOON_NS + 200 * _FRAME_NS:
                await watcher.read()

        threads = [threading.Thread(target=publish) for _ in range(4)]
        for thread in threads:
            thread.start()
        for watcher in watchers:
            await read(watcher)
            assert watcher.rendered_ns == sorted(watcher.rendered_ns)
        for thread in threads:
            thread.join()


_FRAME_NS = round(1 / 30 * 10**9)


def _upgrade() -> bytes:
    lines = ("GET /frames HTTP/1.1", "Host: 127.0.0.1", "Upgrade: websocket", "Connection: Upgrade")
    key = ("Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", "Sec-WebSocket-Version: 13")
    return "\r\n".join((*lines, *key, "", "")).encode()


def _text(**words: Any) -> bytes:
    """A client's frame of text, masked with zeros."""
    text = json.dumps(words).encode()
    head = bytes((0x81, 0x80 | len(text))) if len(text) < 126 else b"\x81\xfe" + len(text).to_bytes(2, "big")
    return head + bytes(4) + text
