"""A client's WebSocket as short as can be: thousands of them in one process leave time for what they are told."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from typing import Any, Final

__all__ = ["SocketClient", "masked", "next_message"]

_TEXT: Final = 1
_BINARY: Final = 2


class SocketClient(asyncio.Protocol):
    """One client of RFC 6455 that is told whole messages, as servers that never split them send.

    Parameters
    ----------
    path : str
        Where it connects to.
    protocols : sequence of str
        What it says it speaks.
    """

    def __init__(self, path: str, protocols: Sequence[str] = ()) -> None:
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._upgrade = _upgrade_request(path, protocols)
        self._received = bytearray()
        self._is_open = False

    def opened(self) -> None:
        """Take notice that the server has agreed."""

    def heard(self, message: bytes, *, is_binary: bool) -> None:
        """Take a message."""
        raise NotImplementedError

    def say(self, text: str) -> None:
        """Send a text message."""
        self._transport.write(masked(text.encode()))

    def close(self) -> None:
        """Leave without a word."""
        self._transport.abort()

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        transport.write(self._upgrade)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_result(None)

    def data_received(self, data: bytes) -> None:
        self._received += data
        if not self._is_open:
            head, end, rest = bytes(self._received).partition(b"\r\n\r\n")
            if not end:
                return
            assert b" 101 " in head, head
            self._is_open, self._received = True, bytearray(rest)
            self.opened()
        while (found := next_message(self._received)) is not None:
            kind, message = found
            if kind in (_TEXT, _BINARY):
                self.heard(message, is_binary=kind == _BINARY)


def next_message(received: bytearray) -> tuple[int, bytes] | None:
    """Take the first message from what a server sent: its kind and bytes, None where none is whole."""
    if len(received) < 2:
        return None
    short = received[1] & 127
    start = 2 if short < 126 else 4 if short == 126 else 10
    n_bytes = short if short < 126 else int.from_bytes(received[2:start], "big")
    if len(received) < start + n_bytes:
        return None
    message = bytes(received[start : start + n_bytes])
    kind = received[0] & 15
    del received[: start + n_bytes]
    return kind, message


def masked(text: bytes) -> bytes:
    """Return a client's frame of a text of less than 64 KiB."""
    mask = os.urandom(4)
    head = bytes((0x81, 0x80 | len(text))) if len(text) < 126 else b"\x81\xfe" + len(text).to_bytes(2, "big")
    key = int.from_bytes((mask * (len(text) // 4 + 1))[: len(text)], "big")
    return head + mask + (int.from_bytes(text, "big") ^ key).to_bytes(len(text), "big")


def _upgrade_request(path: str, protocols: Sequence[str]) -> bytes:
    spoken = f"Sec-WebSocket-Protocol: {', '.join(protocols)}\r\n" if protocols else ""
    return (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n{spoken}\r\n"
    ).encode()
