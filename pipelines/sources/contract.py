"""What every source promises."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from pipelines.core.message import Position
from pipelines.core.url import SourceSpec
from pipelines.sources.queue import MessageQueue

__all__ = ["Source", "SourceState", "SourceStatus"]

SourceState = Literal["stopped", "connecting", "connected", "ended", "failed"]


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """How a source stands.

    Parameters
    ----------
    state : {"stopped", "connecting", "connected", "ended", "failed"}
        ``"ended"`` is a source that has given everything it had (a file); ``"failed"`` one that can't go on by itself.
    detail : str
        In words for the operator: what it is connected to, why it is not, when it tries again. Never a secret.
    n_reconnects : int
        How often the connection was lost and made again.
    n_redelivered : int
        Messages that the broker marked as sent before.
    """

    state: SourceState = "stopped"
    detail: str = ""
    n_reconnects: int = 0
    n_redelivered: int = 0

    @property
    def connected(self) -> bool:
        """Whether messages can come now, or have all come."""
        return self.state in ("connected", "ended")


class Source(Protocol):
    """Where messages come from.

    A source owns one thread for its input, puts messages with their positions into `queue` and never looks into them.
    It waits where the queue is full. A position is released once everything up to it has left the graph, never before:
    the source then tells the broker (acknowledges, commits), so that after a crash it resumes after the last released
    position.

    Attributes
    ----------
    spec : SourceSpec
        What it was made from.
    queue : MessageQueue
        Where its messages wait to be taken.
    coalesce_messages : int
        How many messages are enough to go through the graph at once. Small where the broker stops sending until it has
        seen acknowledgements.

    Notes
    -----
    *Threads.* `start`, `stop`, `release` and `status` may be called from any thread.

    *Delivery.* Each source states its guarantee, its order and where it resumes.
    """

    spec: SourceSpec
    queue: MessageQueue
    coalesce_messages: int

    def start(self) -> None:
        """Begin to read. Does nothing where it is running; starts afresh after `stop`."""
        ...

    def stop(self) -> None:
        """Stop reading and let go of the connection. Does nothing where it is stopped. Waits for the thread to end."""
        ...

    def release(self, positions: Sequence[Position]) -> None:
        """Say that these positions have left the graph. Only notes them down; the source's thread acts on it."""
        ...

    def status(self) -> SourceStatus:
        """Return how the source stands."""
        ...
