"""A client whose socket is read when a test says so, and not before."""

from __future__ import annotations

import asyncio
import json
import socket
from typing import Any, Final

__all__ = ["SlowClient"]

_RECEIVES_BYTES: Final = 4_096


class SlowClient:
    """A WebSocket of which nothing is read but on demand: neither here nor, beyond some kB, by the kernel.

    Parameters
    ----------
    port : int
        Where the server listens on loopback.
    """

    def __init__(self, port: int) -> None:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVES_BYTES)
        self._socket.connect(("127.0.0.1", port))
        self._socket.setblocking(False)
        self._bytes = bytearray()
        lines = ("GET /frames HTTP/1.1", "Host: 127.0.0.1", "Upgrade: websocket", "Connection: Upgrade")
        key = ("Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", "Sec-WebSocket-Version: 13")
        self._socket.sendall("\r\n".join((*lines, *key, "", "")).encode())
        self._has_upgraded = False

    def say(self, **words: Any) -> None:
        """Send a message of text, masked with zeros."""
        text = json.dumps(words).encode()
        head = bytes((0x81, 0x80 | len(text))) if len(text) < 126 else b"\x81\xfe" + len(text).to_bytes(2, "big")
        self._socket.sendall(head + bytes(4) + text)

    async def read(self) -> bytes | dict[str, Any]:
        """Return the next message: a picture, or words."""
        if not self._has_upgraded:
            while (end := self._bytes.find(b"\r\n\r\n")) < 0:
                await self._receive()
            del self._bytes[: end + 4]
            self._has_upgraded = True
        kind, length = await self._take(2)
        if length >= 126:
            length = int.from_bytes(await self._take(2 if length == 126 else 8), "big")
        content = await self._take(length)
        return content if kind == 0x82 else dict(json.loads(content))

    def close(self) -> None:
        """Leave without a word."""
        self._socket.close()

    async def _take(self, n_bytes: int) -> bytes:
        while len(self._bytes) < n_bytes:
            await self._receive()
        taken = bytes(self._bytes[:n_bytes])
        del self._bytes[:n_bytes]
        return taken

    async def _receive(self) -> None:
        received = await asyncio.get_running_loop().sock_recv(self._socket, 1 << 20)
        assert received, "the server has closed the connection"
        self._bytes += received
