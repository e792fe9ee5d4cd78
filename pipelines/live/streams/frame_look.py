"""What a viewer who zoomed looks at: asked for once, and again where rows may have come into it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from pipelines.core.clock import NS_PER_SECOND
from pipelines.core.spec import ViewSpec
from pipelines.live.explore.answer import ExploreAnswer, Failure
from pipelines.live.explore.request import ExploreRequest
from pipelines.live.streams.stream import Range

if TYPE_CHECKING:
    from pipelines.live.streams.frame_stream import FrameStream

__all__ = ["FrameLook", "request_of"]

_NEAR_NS: Final = NS_PER_SECOND // 5
_FAR_NS: Final = 2 * NS_PER_SECOND
"""How long until it is asked for again: where it touches the live edge, and where only late rows could change it."""


def request_of(view: ViewSpec, where: Range) -> ExploreRequest:
    """Return what the explorer is asked for; raises `SpecError` where it can't be drawn."""
    return ExploreRequest(
        view.kind,
        view.key,
        view.value,
        where.start_ns,
        where.end_ns,
        where.n_columns,
        view.n_rows,
        glyph=view.glyph,
        reduction=view.reduction,
        of=view.of,
        by=view.by,
        y_range=(where.low, where.high),
    )


class FrameLook:
    """A standing request, as `Look` says, to the explorer of a feed in this process.

    Parameters
    ----------
    stream : FrameStream
        The view that is looked at.
    where : Range
        What is wanted.
    wake : callable
        Told by threads that draw that there is something to take.

    Raises
    ------
    SpecError
        Where it can't be drawn.

    Notes
    -----
    *Threads.* The loop that sends. Answers come from threads that draw, and wait until they are taken: the newest only.
    """

    def __init__(self, stream: FrameStream, where: Range, wake: Callable[[], None]) -> None:
        self._stream, self._wake = stream, wake
        self._request = request_of(stream.view, where)
        self._waiting: deque[bytes | str] = deque(maxlen=1)  # taken and put by two threads
        self._asked_ns: int | None = None
        self._newest_ns: int | None = None
        self._answer: ExploreAnswer | None = None

    def ask(self, now_ns: int) -> None:
        """As `Look` says."""
        newest_ns = self._stream.newest_ns
        if self._asked_ns is not None:
            touches_edge = newest_ns is not None and self._request.end_ns > newest_ns - NS_PER_SECOND
            pause_ns = _NEAR_NS if touches_edge else _FAR_NS
            if newest_ns == self._newest_ns or now_ns - self._asked_ns < pause_ns:
                return
        if self._stream.source.explorer.ask(self, self._request, self._deliver):
            self._newest_ns, self._asked_ns = newest_ns, now_ns

    def take(self) -> bytes | str | None:
        """As `Look` says."""
        return self._waiting.pop() if self._waiting else None

    def row_at(self, time_ns: int, value: float) -> dict[str, str]:
        """As `Look` says."""
        answer = self._answer
        return {} if answer is None else self._stream.row_in(answer.canvas, answer.codes, time_ns, value)

    def close(self) -> None:
        """As `Look` says."""
        self._stream.source.explorer.leave(self)

    def _deliver(self, answer: ExploreAnswer | Failure) -> None:
        if isinstance(answer, Failure):
            self._waiting.append(answer.reason)
        elif answer is not self._answer:
            self._answer = answer
            self._waiting.append(self._stream.encoded(answer))
        self._wake()
