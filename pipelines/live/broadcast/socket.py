"""The way to one client of a WebSocket, as short as can be: a crowd of viewers costs little but this."""

from __future__ import annotations

import asyncio
import contextlib
from struct import Struct
from typing import Final

from tornado.iostream import IOStream, StreamClosedError
from tornado.websocket import WebSocketClosedError, WebSocketHandler

__all__ = ["Socket", "framed"]

_REFUSED: Final = 4000
"""Code of a closing handshake for what PROTOCOL.md does not allow (RFC 6455 leaves 4000 to 4999 to applications)."""

_MOST_REASON_BYTES: Final = 123
_BINARY: Final = 0x82
"""First byte of a frame that is a whole binary message (RFC 6455, section 5.2)."""

_SHORT: Final = Struct("!BB")
_MIDDLE: Final = Struct("!BBH")
_LONG: Final = Struct("!BBQ")


def framed(message: bytes) -> bytes:
    """Return a binary message as a server's frame of RFC 6455."""
    n_bytes = len(message)
    if n_bytes < 126:
        return _SHORT.pack(_BINARY, n_bytes) + message
    if n_bytes < 1 << 16:
        return _MIDDLE.pack(_BINARY, 126, n_bytes) + message
    return _LONG.pack(_BINARY, 127, n_bytes) + message


class Socket:
    """A client's socket.

    Binary messages go to the kernel right away: Tornado's `write_message` makes a task for each, its streams a future,
    and both cost more than the system call. What the kernel does not take at once is left to the stream.

    Parameters
    ----------
    handler : WebSocketHandler
        Whose client it is.

    Notes
    -----
    *Threads.* The server's loop.
    """

    def __init__(self, handler: WebSocketHandler) -> None:
        self._handler = handler

    @property
    def is_congested(self) -> bool:
        """Whether what was sent before still waits here."""
        stream = self._stream
        return stream is not None and stream.writing()

    def send(self, message: bytes | str) -> None:
        """Send a message: bytes as binary, a string as text. Does nothing once it is closed."""
        stream = self._stream
        if stream is None or stream.closed():
            return
        if isinstance(message, str):
            self._say(message)
            return
        frame = framed(message)
        if type(stream) is IOStream and not stream.writing():  # not through TLS, which has a buffer of its own
            frame = frame[_taken(stream, frame) :]
        if frame:
            try:
                stream.write(frame)
            except StreamClosedError:
                return

    async def drain(self) -> None:
        """Wait until nothing waits here that was sent, or the client has left."""
        stream = self._stream
        if stream is not None:
            with contextlib.suppress(StreamClosedError):
                await stream.write(b"")

    def close(self, reason: str) -> None:
        """End the connection, with the reason in words."""
        cut = reason.encode()[:_MOST_REASON_BYTES].decode(errors="ignore")
        self._handler.close(_REFUSED if cut else None, cut or None)

    @property
    def _stream(self) -> IOStream | None:
        connection = self._handler.ws_connection
        return None if connection is None else connection.stream

    def _say(self, words: str) -> None:
        try:
            said = self._handler.write_message(words)
        except WebSocketClosedError:
            return
        said.add_done_callback(_is_known_to_fail)


def _taken(stream: IOStream, frame: bytes) -> int:
    """Send what the kernel takes, and return how many bytes that is. The stream itself finds out that it is closed."""
    try:
        return stream.socket.send(frame)
    except OSError:
        return 0


def _is_known_to_fail(said: asyncio.Future[None]) -> None:
    """Take notice of words that did not arrive: their client has left, which the handler is told."""
    if not said.cancelled():
        said.exception()
