"""Somebody who watches a symbol over `/frames` of a real server, as a wall screen does."""

from __future__ import annotations

import asyncio
import json
import re
import urllib.request
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from tornado.websocket import websocket_connect

from tests.live.wire.picture import Picture

__all__ = ["Watcher", "watching"]

_PATIENCE_S = 30


class Watcher:
    """A client of one pane."""

    def __init__(self, socket: Any) -> None:
        self.picture = Picture()
        self.n_frames = 0
        self._socket = socket

    async def say(self, kind: str, **words: Any) -> None:
        await self._socket.write_message(json.dumps({"type": kind, **words}))

    async def read(self) -> bytes | dict[str, Any]:
        """Take one message; what it says in words, an answer, or an empty one where it was a frame."""
        message = await asyncio.wait_for(self._socket.read_message(), _PATIENCE_S)
        assert message is not None, self._socket.close_reason
        if isinstance(message, str):
            words: dict[str, Any] = json.loads(message)
            assert words["type"] != "failed", words
            return words
        if message[0] == 2:
            return bytes(message)
        self.picture.apply(message)
        self.n_frames += 1
        await self.say("ack", pane=0, generation=self.picture.generation)
        return b""

    async def until(self, condition: Callable[[], bool]) -> None:
        """Take what comes until something holds."""
        async with asyncio.timeout(_PATIENCE_S):
            while not condition():
                await self.read()

    async def see(self, n_frames: int) -> None:
        """Take so many frames."""
        end = self.n_frames + n_frames
        await self.until(lambda: self.n_frames >= end)

    async def explore(self, start_ns: int, end_ns: int) -> Picture:
        """Have a range drawn; returns the exact picture."""
        where = {"start": str(start_ns), "end": str(end_ns), "low": 0.0, "high": 1e6, "columns": 600}
        await self.say("explore", pane=0, request=1, **where)
        while True:
            message = await self.read()
            if isinstance(message, bytes) and message:
                answer = Picture()
                answer.apply(message)
                if answer.story["final"]:
                    return answer


@asynccontextmanager
async def watching(address: str, key: str = "BTC-USD", *, at: str = "") -> AsyncIterator[Watcher]:
    """Watch a symbol: the page comes from `address`, the frames from `at`, by default the same."""
    page = await asyncio.to_thread(_read, f"{address}/watch/{key}")
    found = re.search(r'id="settings">(.*?)</script>', page)
    assert found is not None, page
    socket = await websocket_connect(f"{(at or address).replace('http', 'ws', 1)}/frames")
    try:
        watcher = Watcher(socket)
        await watcher.say("hello", version=1, ticket=json.loads(found[1])["ticket"])
        await watcher.say("subscribe", pane=0, view="view", columns=600, fps=30)
        yield watcher
    finally:
        socket.close()


def _read(url: str) -> str:
    with urllib.request.urlopen(url, timeout=_PATIENCE_S) as answer:
        page: str = answer.read().decode()
        return page
