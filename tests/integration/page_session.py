"""A session of a page without a browser: Bokeh's own protocol, as far as its handshake."""

from __future__ import annotations

import asyncio
import json
import re
import urllib.request
from typing import Final

from tornado.httpclient import HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

__all__ = ["PageSession"]

_TOKEN: Final = re.compile(r'"token":"([^"]+)"')


class PageSession:
    """A visitor who has loaded a page, and whose page has opened its socket. It says nothing by itself.

    Attributes
    ----------
    received : list of str
        The kinds of messages that the server sent over the socket.
    """

    def __init__(self, client: WebSocketClientConnection) -> None:
        self.received: list[str] = []
        self._client = client
        self._reading = asyncio.ensure_future(self._read())

    @classmethod
    async def open(cls, address: str, page: str) -> PageSession:
        """Load a page, and open its socket."""
        html = await asyncio.to_thread(_load, f"{address}/{page}")
        token = _TOKEN.search(html)
        assert token, html
        socket = HTTPRequest(f"{address.replace('http', 'ws')}/{page}/ws")
        session = cls(await websocket_connect(socket, subprotocols=["bokeh", token[1]]))
        await session._heard("ACK")
        return session

    async def pull(self) -> None:
        """Ask for the document, as a page does that is about to draw it, and wait for it."""
        for part in ({"msgid": "1", "msgtype": "PULL-DOC-REQ"}, {}, {}):
            await self._client.write_message(json.dumps(part))
        await self._heard("PULL-DOC-REPLY")

    def close(self) -> None:
        """Leave."""
        self._client.close()

    async def _heard(self, kind: str) -> None:
        while kind not in self.received:
            assert not self._reading.done(), f"closed before {kind}: {self._client.close_reason}"
            await asyncio.sleep(0.01)

    async def _read(self) -> None:
        while (header := await self._client.read_message()) is not None:
            words = json.loads(header)
            for _ in range(2 + 2 * words.get("num_buffers", 0)):  # metadata, content, and a head and bytes a buffer
                await self._client.read_message()
            self.received.append(words["msgtype"])


def _load(address: str) -> str:
    with urllib.request.urlopen(address, timeout=60) as answer:
        return str(answer.read().decode())
