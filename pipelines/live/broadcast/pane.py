"""What one viewer has of one view, and what is under way to them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

from pipelines.core.clock import NS_PER_SECOND
from pipelines.live.broadcast.channel import Channel
from pipelines.live.streams.stream import Look, Range
from pipelines.live.wire.parts import Kind, for_pane, message
from pipelines.live.wire.replies import failed

__all__ = ["Pane"]

_MOST_FRAMES: Final = 64
_MOST_BYTES: Final = 256 << 10
"""Under way to a client that has not said that it painted them. A message more may be, whatever its size."""

_ALWAYS_HZ: Final = 30


class Pane:
    """A place on a page where a view is shown.

    Parameters
    ----------
    number : int
        What the client calls it.
    channel : Channel
        The view.
    fps : int
        Most frames a second.

    Attributes
    ----------
    paused : bool
        Whether no frames are to be sent.

    Notes
    -----
    *Threads.* One: the loop that sends.
    """

    def __init__(self, number: int, channel: Channel, *, fps: int) -> None:
        self.number = number
        self.channel = channel
        self.paused = False
        self._look: Look | None = None
        self._request = 0
        self._period_ns = NS_PER_SECOND // fps if fps < _ALWAYS_HZ else 0
        self._slot = -1
        self._generation = 0
        self._left_out = 0
        self._under_way: deque[tuple[int, int]] = deque()
        self._n_bytes_under_way = 0

    def is_due(self, now_ns: int) -> bool:
        """Tell whether a frame is to be sent now. Panes of one rate are due together, so that they share messages."""
        if self.paused or self.channel.generation <= self._generation:
            return False
        return not self._period_ns or now_ns // self._period_ns != self._slot

    @property
    def is_behind(self) -> bool:
        """Whether too much is under way."""
        return len(self._under_way) >= _MOST_FRAMES or self._n_bytes_under_way >= _MOST_BYTES

    def leave_out(self) -> None:
        """Count the newest frame as not sent, once."""
        if self._left_out != self.channel.generation:
            self._left_out = self.channel.generation
            self.channel.counts.n_dropped += 1

    def take_messages(self, now_ns: int) -> tuple[bytes, ...]:
        """Return what is to be sent, and count it as sent."""
        channel = self.channel
        messages = channel.stream.messages(self._generation)
        if self._period_ns:
            self._slot = now_ns // self._period_ns
        self._generation = channel.generation
        n_bytes = sum(map(len, messages))
        self._under_way.append((channel.generation, n_bytes))
        self._n_bytes_under_way += n_bytes
        channel.counts.note(messages)
        return tuple(for_pane(message, self.number) for message in messages)

    def painted(self, generation: int) -> None:
        """Take notice that the client has painted a generation, and so all before it."""
        under_way = self._under_way
        while under_way and under_way[0][0] <= generation:
            self._n_bytes_under_way -= under_way.popleft()[1]

    def follow(self) -> None:
        """Send frames again; what was under way before may never be painted."""
        self.stop()
        self.paused = False
        self._under_way.clear()
        self._n_bytes_under_way = 0

    def look_at(self, where: Range, request: int, wake: Callable[[], None]) -> None:
        """Look at a range instead of the live edge. Answers carry the number of the request.

        Raises
        ------
        SpecError
            Where it can't be drawn. What was looked at before goes on.
        """
        look = self.channel.stream.look(where, wake)
        self.stop()
        self._look, self._request = look, request

    def take_answer(self, now_ns: int) -> bytes | str | None:
        """Return the answer that is to be sent now, once; None where there is none."""
        if self._look is None:
            return None
        self._look.ask(now_ns)
        taken = self._look.take()
        if isinstance(taken, str):
            return failed(pane=self.number, request=self._request, reason=taken)
        if taken is None:
            return None
        answer = message(Kind.ANSWER, generation=self._request, base=0, parts=taken, is_deflated=True)
        return for_pane(answer, self.number)

    def row_at(self, time_ns: int, value: float) -> dict[str, str]:
        """Return the row under a place of the picture that was sent last, in words; empty where there is none.

        Any thread but that of the loop, which it would hold up.
        """
        picture = self.channel.stream if self._look is None else self._look
        return picture.row_at(time_ns, value)

    def stop(self) -> None:
        """Send nothing more, of frames and answers."""
        self.paused = True
        if self._look is not None:
            self._look.close()
            self._look = None
