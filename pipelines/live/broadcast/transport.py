"""Where messages for one client go."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Transport"]


class Transport(Protocol):
    """A way to one client: a WebSocket, or a document.

    Notes
    -----
    *Delivery.* In order, and nothing twice; what was sent before it closed may be lost.

    *Threads.* One: the loop that sends.
    """

    @property
    def is_congested(self) -> bool:
        """Whether what was sent before still waits here."""
        ...

    def send(self, message: bytes | str) -> None:
        """Send a message: bytes as binary, a string as text. Does nothing once it is closed."""
        ...

    def close(self, reason: str) -> None:
        """End the connection, with the reason in words."""
        ...
