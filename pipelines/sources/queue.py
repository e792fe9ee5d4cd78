"""The bounded queue between a source's thread and the feed's writer."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass

from pipelines.core.message import Message

__all__ = ["MessageQueue", "QueueStatistics"]


@dataclass(frozen=True, slots=True)
class QueueStatistics:
    """How a queue stands.

    Parameters
    ----------
    n_messages, n_bytes : int
        What waits now.
    capacity : int
        Most messages that may wait.
    n_put : int
        Messages put since the queue was made.
    n_blocked : int
        How often the source had to wait for room: backpressure at work.
    high_water : int
        Most messages that ever waited.
    """

    n_messages: int
    n_bytes: int
    capacity: int
    n_put: int
    n_blocked: int
    high_water: int


class MessageQueue:
    """Messages wait here, bounded by number and by bytes. Nothing is ever dropped: a full queue makes the source wait.

    Parameters
    ----------
    capacity : int
        Most messages that may wait.
    capacity_bytes : int
        Most bytes of payload that may wait. One message larger than this is still taken when the queue is empty.

    Notes
    -----
    *Threads.* Any number put; one takes. `statistics` may be read from any thread.
    """

    def __init__(self, capacity: int = 8_192, capacity_bytes: int = 64 << 20) -> None:
        if capacity < 1 or capacity_bytes < 1:
            raise ValueError("a queue must have room for a message")
        self.capacity = capacity
        self.capacity_bytes = capacity_bytes
        self._messages: deque[Message] = deque()
        self._n_bytes = self._n_put = self._n_blocked = self._high_water = 0
        self._n_waiting_to_put = 0
        self._awaited: int | None = None  # how many messages the taker waits for; None where it does not wait
        self._closed = False
        lock = threading.Lock()
        self._arrived = threading.Condition(lock)
        self._room = threading.Condition(lock)

    def put(self, message: Message, *, timeout_s: float | None = None) -> bool:
        """Add a message, waiting for room. Returns False where the queue was closed or stayed full for `timeout_s`."""
        with self._room:
            if not self._has_room(message) and not self._wait_for_room(message, timeout_s):
                return False
            if self._closed:
                return False
            self._messages.append(message)
            self._n_bytes += len(message.payload)
            self._n_put += 1
            self._high_water = max(self._high_water, len(self._messages))
            if self._awaited is not None and self._suffices(self._awaited):
                self._arrived.notify()
            return True

    def take(
        self, *, max_messages: int, max_bytes: int = 4 << 20, linger_s: float = 0.0, enough: int = 1, timeout_s: float
    ) -> list[Message]:
        """Take what waits, in order, as one list.

        Parameters
        ----------
        max_messages : int
            Most messages to take.
        max_bytes : int
            Take no more once their payloads have so many bytes.
        linger_s : float
            After the first message, wait this long for more to join it.
        enough : int
            Don't wait any longer once so many messages wait, or the source waits for room.
        timeout_s : float
            How long to wait for the first message.

        Returns
        -------
        list of Message
            Empty where nothing came in time, or at once where the queue is closed and drained.
        """
        with self._arrived:
            if self._wait_for(1, timeout_s) and linger_s > 0:
                self._wait_for(enough, linger_s)
            taken: list[Message] = []
            n_bytes = 0
            while self._messages and len(taken) < max_messages and n_bytes < max_bytes:
                taken.append(self._messages.popleft())
                n_bytes += len(taken[-1].payload)
            self._n_bytes -= n_bytes
            if self._n_waiting_to_put:
                self._room.notify_all()
            return taken

    def close(self) -> None:
        """Wake everybody who waits. What is in the queue can still be taken; nothing more can be put."""
        with self._arrived:
            self._closed = True
            self._arrived.notify_all()
            self._room.notify_all()

    def reopen(self) -> None:
        """Take messages again after `close`. Whatever was left from before is forgotten: it was never released."""
        with self._arrived:
            self._messages.clear()
            self._n_bytes = 0
            self._closed = False

    def statistics(self) -> QueueStatistics:
        """Return how the queue stands."""
        with self._arrived:
            return QueueStatistics(
                len(self._messages), self._n_bytes, self.capacity, self._n_put, self._n_blocked, self._high_water
            )

    def _wait_for(self, n_messages: int, timeout_s: float) -> bool:
        """Wait until `n_messages` wait. Only the `put` that completes them wakes us: a wake a message is dear."""
        self._awaited = n_messages
        try:
            return self._arrived.wait_for(lambda: self._closed or self._suffices(n_messages), timeout_s)
        finally:
            self._awaited = None

    def _wait_for_room(self, message: Message, timeout_s: float | None) -> bool:
        self._n_blocked += 1
        self._n_waiting_to_put += 1
        if self._awaited is not None:
            self._arrived.notify()
        try:
            return self._room.wait_for(lambda: self._closed or self._has_room(message), timeout_s)
        finally:
            self._n_waiting_to_put -= 1

    def _has_room(self, message: Message) -> bool:
        if not self._messages:
            return True
        fits = self._n_bytes + len(message.payload) <= self.capacity_bytes
        return fits and len(self._messages) < self.capacity

    def _suffices(self, n_messages: int) -> bool:
        n_waiting = len(self._messages)
        return n_waiting >= min(n_messages, self.capacity) or (n_waiting > 0 and self._n_waiting_to_put > 0)
