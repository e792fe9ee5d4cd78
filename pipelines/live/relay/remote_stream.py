"""A view that is drawn in another process, as messages for the viewers of this one."""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Final

from pipelines.core.clock import NS_PER_SECOND
from pipelines.core.errors import SpecError
from pipelines.core.spec import View, ViewSpec
from pipelines.live.relay.words import Answer, News, RelayError
from pipelines.live.streams.frame_look import request_of
from pipelines.live.streams.stream import Range

if TYPE_CHECKING:
    from pipelines.live.relay.remote_feeds import RemoteFeeds

__all__ = ["RemoteLook", "RemoteStream"]

_GENERATIONS: Final = struct.Struct("<II")
_AT: Final = 4

_MOST_STEPS: Final = 512
_MOST_BYTES: Final = 256 << 10
"""How much of what came is kept for viewers who lag behind; who lags more gets a keyframe."""

_MOST_PAST: Final = 16
"""Epochs that are over, of which news may come once more where a connection is made again."""

_ANSWER_NS: Final = 5 * NS_PER_SECOND
"""A range that nobody has answered for so long is asked for again: an answer may get lost."""

_MOST_WAITING: Final = 1_024
"""News that wait to be polled. More come only where the loop stands still; then a keyframe mends it."""


class RemoteStream:
    """A `ViewStream` of what a collector publishes.

    It has generations of its own, which go on where the collector is started anew.

    Parameters
    ----------
    feeds : RemoteFeeds
        The connection.
    key : str
        What the view is called between processes.
    view : View
        What is shown.

    Attributes
    ----------
    is_lacking : bool
        Whether it needs all of the view: it is asked for until it comes.

    Notes
    -----
    *Threads.* The loop that sends, but for `deliver`, which the connection's thread calls, and `row_at`.
    """

    def __init__(self, feeds: RemoteFeeds, key: str, view: View) -> None:
        self.key, self.view = key, view
        self.generation = 0
        self.failure = ""
        self.is_lacking = True
        self.newest_ns: int | None = None
        self.age_ns: int | None = None
        self._feeds = feeds
        self._waiting: deque[News] = deque(maxlen=_MOST_WAITING)
        self._epoch = self._offset = 0
        self._past: deque[int] = deque(maxlen=_MOST_PAST)
        self._whole: _Step | None = None
        self._steps: deque[_Step] = deque()
        self._n_bytes = 0
        self._known: dict[int, tuple[bytes, ...]] = {}

    def deliver(self, news: News) -> None:
        """Take what came, to be polled; raises `RelayError` where these are no messages."""
        if any(len(message) < _AT + _GENERATIONS.size for message in news.messages):
            raise RelayError(f"news of {self.view} are cut off")
        self._waiting.append(news)

    def poll(self, now_ns: int) -> None:
        """Take in what came."""
        while self._waiting:
            self._known.clear()
            self._take(self._waiting.popleft())

    def messages(self, base: int) -> tuple[bytes, ...]:
        """As `ViewStream` says: what came since `base`, or all of it as it was told last, and what came since then."""
        known = self._known.get(base)
        if known is None:
            known = self._known[base] = self._lead_from(base)
        return known

    def _lead_from(self, base: int) -> tuple[bytes, ...]:
        since, whole = self._since(base), self._whole
        if whole is None:
            return since or ()
        anew = (*whole.messages, *(self._since(whole.generation) or ()))
        is_short = since is not None and (base >= whole.generation or sum(map(len, since)) <= sum(map(len, anew)))
        return since if since is not None and is_short else anew

    def look(self, where: Range, wake: Callable[[], None]) -> RemoteLook:
        """As `ViewStream` says."""
        if not isinstance(self.view, ViewSpec):
            raise SpecError("this is no picture: there is no range of it to draw")
        request_of(self.view, where)
        return RemoteLook(self._feeds, self, where, wake)

    def row_at(self, time_ns: int, value: float) -> dict[str, str]:
        """As `ViewStream` says."""
        return self._feeds.row_at(self.key, None, time_ns, value)

    def close(self) -> None:
        """As `ViewStream` says."""
        self._feeds.leave(self)

    def _take(self, news: News) -> None:
        if news.failure:
            self.failure = news.failure
            return
        if news.epoch in self._past:
            return
        if news.epoch != self._epoch:
            if news.base:
                self._freshen()
                return
            self._past.append(self._epoch)
            self._epoch, self._offset, self._whole = news.epoch, self.generation, None
        messages = tuple(_restamped(message, self._offset) for message in news.messages)
        step = _Step(news.base + self._offset if news.base else 0, news.generation + self._offset, messages)
        if step.base == 0:
            self._take_whole(step)
        elif step.base == self.generation:
            self._append(step)
        elif step.generation > self.generation:
            self._freshen()  # something is missing in between
        if step.generation == self.generation:
            self.newest_ns, self.age_ns = news.newest_ns, news.age_ns

    def _freshen(self) -> None:
        self.is_lacking = True
        self._feeds.tell_wants()

    def _take_whole(self, step: _Step) -> None:
        if self._whole is not None and step.generation < self._whole.generation:
            return  # it came once before
        self.is_lacking = False
        if step.generation > self.generation:
            self._steps.clear()
            self._n_bytes = 0
            self.generation = step.generation
        self._whole = step

    def _append(self, step: _Step) -> None:
        self.generation = step.generation
        self._steps.append(step)
        self._n_bytes += step.n_bytes
        while len(self._steps) > _MOST_STEPS or self._n_bytes > _MOST_BYTES:
            if self._whole is not None and self._steps[0].base >= self._whole.generation:
                self._freshen()  # who has nothing needs these
                break
            self._n_bytes -= self._steps.popleft().n_bytes

    def _since(self, base: int) -> tuple[bytes, ...] | None:
        """Return what came since a generation; None where that is not known any more."""
        if base == self.generation:
            return ()
        found: tuple[_Step, ...] = tuple(step for step in self._steps if step.base >= base)
        return tuple(chain.from_iterable(step.messages for step in found)) if found and found[0].base == base else None


@dataclass(frozen=True, slots=True)
class _Step:
    """Messages that lead from a generation of ours to another; from 0 to who has none."""

    base: int
    generation: int
    messages: tuple[bytes, ...]

    @property
    def n_bytes(self) -> int:
        return sum(map(len, self.messages))


class RemoteLook:
    """A range that a collector draws, as `Look` says.

    Parameters
    ----------
    feeds : RemoteFeeds
        The connection.
    stream : RemoteStream
        The view that is looked at.
    where : Range
        What is wanted.
    wake : callable
        Told, by the connection's thread, that there is something to take.
    """

    def __init__(self, feeds: RemoteFeeds, stream: RemoteStream, where: Range, wake: Callable[[], None]) -> None:
        self.stream, self.where = stream, where
        self._feeds, self._wake = feeds, wake
        self._waiting: deque[bytes | str] = deque(maxlen=1)
        self._is_answered = False
        self._asked_ns: int | None = None
        self.number = feeds.look(self)

    def deliver(self, answer: Answer) -> None:
        """Take what came. The connection's thread."""
        self._is_answered = True
        self._waiting.append(answer.reason or answer.parts)
        self._wake()

    def ask(self, now_ns: int) -> None:
        """Ask again where no answer came; after the first the collector asks again by itself."""
        if self._asked_ns is None:
            self._asked_ns = now_ns
        elif not self._is_answered and now_ns - self._asked_ns >= _ANSWER_NS:
            self._asked_ns = now_ns
            self._feeds.look_again(self)

    def take(self) -> bytes | str | None:
        """As `Look` says."""
        return self._waiting.pop() if self._waiting else None

    def row_at(self, time_ns: int, value: float) -> dict[str, str]:
        """As `Look` says."""
        return self._feeds.row_at(self.stream.key, self.number, time_ns, value)

    def close(self) -> None:
        """As `Look` says."""
        self._feeds.look_away(self)


def _restamped(message: bytes, offset: int) -> bytes:
    """Return a message of the collector's generations as one of ours."""
    generation, base = _GENERATIONS.unpack_from(message, _AT)
    generations = _GENERATIONS.pack(generation + offset, base + offset if base else 0)
    return message[:_AT] + generations + message[_AT + _GENERATIONS.size :]
