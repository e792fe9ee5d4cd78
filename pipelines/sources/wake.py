"""Wakes a thread that waits for sockets."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress

__all__ = ["Wake"]


class Wake:
    """A socket that becomes readable when another thread rings.

    Notes
    -----
    *Threads.* One thread waits for `socket` and closes it; any thread rings, before, meanwhile or after.
    """

    def __init__(self) -> None:
        self.socket, self._ringer = socket.socketpair()
        self.socket.setblocking(False)
        self._ringer.setblocking(False)
        self._lock = threading.Lock()

    def ring(self) -> None:
        """Make the socket readable. Does nothing where it is closed, or readable already to the brim."""
        with self._lock:
            if self._ringer.fileno() >= 0:
                with suppress(BlockingIOError):
                    self._ringer.send(b"!")

    def close(self) -> None:
        """Let go of both ends."""
        with self._lock:
            self._ringer.close()
            self.socket.close()
