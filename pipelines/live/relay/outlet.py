"""How a collector reaches its servers, and they it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

__all__ = ["Inlet", "Outlet"]


class Outlet(Protocol):
    """The collector's end.

    Messages are kept for a short while only: who does not take them in time lacks some, finds that out and asks anew.
    Of topics that do not begin with ``view:`` the newest is kept, for who begins to listen.

    Attributes
    ----------
    failure : str
        Why nothing can be published any more, such as that another collector has taken its place; empty while it can.

    Notes
    -----
    *Threads.* The collector's loop.
    """

    @property
    def failure(self) -> str:
        """Why nothing can be published any more."""
        ...

    async def start(self, receive: Callable[[bytes], None]) -> None:
        """Begin to hand on what servers ask.

        Raises
        ------
        SpecError
            Where it can't be begun, or another collector is there.
        """
        ...

    def publish(self, topic: str, message: bytes) -> None:
        """Send to all servers that listen to a topic. Returns at once."""
        ...

    def send(self, server: str, message: bytes) -> None:
        """Send to one server. Returns at once."""
        ...

    async def stop(self) -> None:
        """Send nothing more."""
        ...


class Inlet(Protocol):
    """A server's end.

    Notes
    -----
    *Threads.* Any. `receive` and `lost` are called by a thread of the inlet, which connects again for as long as it is
    not stopped.
    """

    def start(self, receive: Callable[[bytes], None], lost: Callable[[], None]) -> None:
        """Begin to hand on what the collector says. After a connection was `lost` something may be missing."""
        ...

    def listen(self, topics: frozenset[str]) -> None:
        """Listen to these topics from here on, and to no others; always to what is for this server alone."""
        ...

    def ask(self, message: bytes) -> None:
        """Say something to the collector. It is lost where there is no connection."""
        ...

    def stop(self) -> None:
        """Hear nothing more."""
        ...
