"""Thousands of clients of `/frames` in one process. All of them reconstruct their pictures."""

from __future__ import annotations

import asyncio
import json
import os
from collections import Counter
from typing import Any

from tests.benchmarks.crowd_server import digest
from tests.live.wire.picture import Picture

__all__ = ["Client", "Reconstruction"]

_UPGRADE = (
    b"GET /frames HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
_ACK_FRAMES = 8
_BINARY = 2


class Reconstruction:
    """What pictures come to, message by message. Clients that got the same messages share the work, and the result.

    Attributes
    ----------
    sizes : Counter of int
        Messages by their bytes.
    n_checked : int
        Pictures that equal the server's, over all clients.
    """

    def __init__(self) -> None:
        self.sizes: Counter[int] = Counter()
        self.seen: Counter[tuple[str, int, str]] = Counter()
        self._after: dict[tuple[str, bytes], tuple[str, Picture]] = {}
        self._pictures: dict[str, Picture] = {}

    def after(self, view: str, state: str, message: bytes) -> str:
        """Return the state of a picture after a message: its digest."""
        self.sizes[len(message)] += 1
        known = self._after.get((state, message))
        if known is None:
            picture = Picture()
            if state:
                before = self._pictures[state]
                picture.__dict__.update(before.__dict__, columns=dict(before.columns), colours=before.colours.copy())
            picture.apply(message)
            codes, colours = picture.codes.tobytes(), picture.colours.tobytes()
            name = digest(picture.generation, picture.first_column, codes, colours)
            known = self._after[state, message] = name, picture
            self._pictures[name] = picture
            self._forget()
        self.seen[view, known[1].generation, known[0]] += 1
        return known[0]

    def n_checked(self, digests: dict[tuple[str, int], str]) -> int:
        """Return how many pictures equal the server's; raises where one does not."""
        n_checked = 0
        for (view, generation, name), n_seen in self.seen.items():
            wanted = digests.get((view, generation))
            assert wanted in (None, name), f"a picture of {view} is not the server's at generation {generation}"
            n_checked += n_seen if wanted else 0
        return n_checked

    def _forget(self) -> None:
        if len(self._after) > 4_096:
            for key in list(self._after)[:1_024]:
                self._pictures.pop(self._after.pop(key)[0], None)


class Client(asyncio.Protocol):
    """One socket that shows one view.

    Parameters
    ----------
    ticket, view : str
        What it comes with, and what it wants to see.
    fps : int
        Frames a second.
    shared : Reconstruction
        Reconstructs its picture.
    """

    def __init__(self, ticket: str, view: str, fps: int, shared: Reconstruction) -> None:
        self.n_frames = 0
        self.has_picture: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._ticket, self._view, self._fps, self._shared = ticket, view, fps, shared
        self._state = ""
        self._received = bytearray()
        self._is_open = False

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        transport.write(_UPGRADE)

    def data_received(self, data: bytes) -> None:
        self._received += data
        if not self._is_open:
            head, end, rest = bytes(self._received).partition(b"\r\n\r\n")
            if not end:
                return
            assert b" 101 " in head, head
            self._is_open, self._received = True, bytearray(rest)
            self._say(type="hello", version=1, ticket=self._ticket)
            self._say(type="subscribe", pane=0, view=self._view, columns=1_200, fps=self._fps)
        while (message := self._next()) is not None:
            if message:
                self._take(message)

    def _take(self, message: bytes) -> None:
        self._state = self._shared.after(self._view, self._state, message)
        self.n_frames += 1
        if not self.has_picture.done():
            self.has_picture.set_result(None)
        if self.n_frames % _ACK_FRAMES == 0:
            self._say(type="ack", pane=0, generation=int.from_bytes(message[4:8], "little"))

    def _next(self) -> bytes | None:
        """Return the next binary message, nothing for another frame, None where none is whole."""
        received = self._received
        if len(received) < 2:
            return None
        short = received[1] & 127
        start = 2 if short < 126 else 4 if short == 126 else 10
        n_bytes = short if short < 126 else int.from_bytes(received[2:start], "big")
        if len(received) < start + n_bytes or len(received) < start:
            return None
        message = bytes(received[start : start + n_bytes]) if received[0] & 15 == _BINARY else b""
        del received[: start + n_bytes]
        return message

    def _say(self, **words: Any) -> None:
        text = json.dumps(words).encode()
        mask = os.urandom(4)
        head = bytes((0x81, 0x80 | len(text))) if len(text) < 126 else b"\x81\xfe" + len(text).to_bytes(2, "big")
        self._transport.write(head + mask + bytes(byte ^ mask[i % 4] for i, byte in enumerate(text)))
