"""Payloads that come at a pace of their own: recordings and simulations."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from pipelines.core.clock import NS_PER_SECOND, Clock, SystemClock
from pipelines.core.message import Message, Position
from pipelines.core.pace import Pace
from pipelines.core.url import SourceSpec
from pipelines.sources.contract import SourceStatus
from pipelines.sources.queue import MessageQueue
from pipelines.sources.reader import Reader
from pipelines.sources.recording import TimedPayload

__all__ = ["PacedSource"]

_COALESCE_MESSAGES: Final = 512
_LONGEST_WAIT_S: Final = 0.1
_LONG_GAP_NS: Final = 60 * NS_PER_SECOND
"""Waits are cut to this, so that a clock which jumps, or is moved by hand, is noticed."""


class PacedSource:
    """Puts the payloads of an iterator when they are due.

    Parameters
    ----------
    spec : SourceSpec
        What it was made from. Its path is the topic of the messages.
    payloads : callable
        Returns the payloads from the beginning, each with the time at which it is due. Only their distance from the
        first counts. Where the source falls behind, because the queue is full, it catches up without waiting.
    clock : Clock
        Paces, and stamps what carries no receive clock.
    speed : float
        1 for the pace of the due times, 2 for double, 0 for as fast as the queue takes them.
    loop : bool
        Begin again at the end.
    recorded : bool
        Whether the payloads are the same each time and their due times are the clock by which they were received.

    Notes
    -----
    *Threads.* Owns one thread, which runs the iterator. Everything public may be called from any thread.

    *Delivery.* Recorded payloads come at least once, in order: when started again in the same process it skips what was
    released, so what was put but not released comes again. A new process starts at the beginning. Other payloads
    (a simulation) start anew each time, at most once: what was not taken before `stop` is gone. The partition is the
    source's path or host, and offsets count up over restarts and repetitions.
    """

    def __init__(
        self,
        spec: SourceSpec,
        payloads: Callable[[], Iterator[TimedPayload]],
        *,
        clock: Clock | None = None,
        speed: float = 1.0,
        loop: bool = False,
        recorded: bool = False,
    ) -> None:
        self.spec = spec
        self.queue = MessageQueue()
        self.coalesce_messages = _COALESCE_MESSAGES
        self._payloads = payloads
        self._clock = clock or SystemClock()
        self._speed = speed
        self._loop = loop
        self._recorded = recorded
        self._topic = spec.path or spec.host
        self._reader = Reader(f"source {spec.name}", queue=self.queue, read=self._read)
        self._lock = threading.Lock()
        self._released = -1
        self._next_offset = 0
        self._n_payloads: int | None = None  # of one pass over a recording; None until the first one has ended

    def start(self) -> None:
        """Begin to put payloads. Does nothing where it was started and not stopped since."""
        self._reader.start()

    def stop(self) -> None:
        """Stop, and wait for the thread to end."""
        self._reader.stop()

    def release(self, positions: Sequence[Position]) -> None:
        """Note where to resume. Positions of other partitions are ignored."""
        with self._lock:
            offsets = (position.offset for position in positions if position.partition == self._topic)
            self._released = max(self._released, *offsets, -1)

    def status(self) -> SourceStatus:
        """Return how the source stands."""
        return SourceStatus(*self._reader.standing)

    def _read(self, stopping: threading.Event) -> None:
        skip = self._resume()
        while self._put_all(stopping, skip) and self._loop:
            skip = 0
        self._reader.standing = ("ended", f"{self._next_offset:,} messages read")

    def _resume(self) -> int:
        """Go back to what follows the last released position; returns how many payloads of the pass to skip."""
        if not self._recorded:
            return 0
        with self._lock:
            self._next_offset = self._released + 1
        return self._next_offset % self._n_payloads if self._loop and self._n_payloads else self._next_offset

    def _put_all(self, stopping: threading.Event, skip: int) -> bool:
        """Put one pass of the payloads. Returns False where there are none, or it was told to stop."""
        n_payloads = 0
        pace = Pace(self._clock, self._speed)
        for n_payloads, (due_ns, payload) in enumerate(self._payloads(), start=1):
            if n_payloads <= skip and not stopping.is_set():
                continue
            self._tell_of_gap(pace.left_ns(due_ns))
            if not self._wait(pace, due_ns, stopping) or not self.queue.put(self._message(due_ns, payload)):
                return False
            self._next_offset += 1
        self._n_payloads = n_payloads
        return n_payloads > 0

    def _tell_of_gap(self, left_ns: int) -> None:
        """Say why nothing comes for long: a market that is closed, or a receive clock that is damaged."""
        detail = f"reading {self.spec.redacted}"
        if left_ns > _LONG_GAP_NS:
            detail += f": the next message is due in {left_ns / NS_PER_SECOND:,.0f} s"
        self._reader.standing = ("connected", detail)

    def _wait(self, pace: Pace, due_ns: int | None, stopping: threading.Event) -> bool:
        """Wait until a payload is due. Returns False where it was told to stop."""
        while (left_ns := pace.left_ns(due_ns)) > 0:  # in short waits, for the clock may be one that is set
            if stopping.wait(min(left_ns / NS_PER_SECOND, _LONGEST_WAIT_S)):
                return False
        return not stopping.is_set()

    def _message(self, due_ns: int | None, payload: bytes) -> Message:
        received_ns = due_ns if self._recorded and due_ns is not None else self._clock.now_ns()
        return Message(payload, Position(self._topic, self._next_offset), received_ns, self._topic)
