"""What a viewer who zoomed looks at: asked for once, and again where rows may have come into it."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Final

from pipelines.core.clock import NS_PER_SECOND
from pipelines.core.spec import ViewSpec
from pipelines.live.broadcast.channel import Channel
from pipelines.live.explore.answer import ExploreAnswer, Failure
from pipelines.live.explore.request import ExploreRequest
from pipelines.live.wire.parts import Kind, for_pane, message
from pipelines.live.wire.replies import failed
from pipelines.live.wire.requests import Explore, ProtocolError

__all__ = ["Look", "request_of"]

_NEAR_NS: Final = NS_PER_SECOND // 5
_FAR_NS: Final = 2 * NS_PER_SECOND
"""How long until it is asked for again: where it touches the live edge, and where only late rows could change it."""


def request_of(channel: Channel, said: Explore) -> ExploreRequest:
    """Return what a client asks the explorer for.

    Raises
    ------
    SpecError
        Where it can't be drawn.
    ProtocolError
        Where its times are no times.
    """
    view = channel.view
    start_ns, end_ns = int(said.start), int(said.end)
    if max(abs(start_ns), abs(end_ns)) >= 1 << 63:
        raise ProtocolError("times have 64 bits")
    return ExploreRequest(
        view.kind,
        view.key,
        view.value,
        start_ns,
        end_ns,
        said.columns,
        view.n_rows,
        glyph=view.glyph,
        reduction=view.reduction,
        of=view.of,
        by=view.by,
        y_range=(said.low, said.high),
    )


class Look:
    """A standing request of one pane.

    Parameters
    ----------
    name : hashable
        Who asks. A newer request under the same name takes the place of an older one.
    channel : Channel
        Of which view.
    said : Explore
        What the client asked for.
    encode : callable
        Makes the parts of a message from an answer; called by threads that draw.
    wake : callable
        Told by these that there is something to send.

    Attributes
    ----------
    answer : ExploreAnswer or None
        The newest picture that was sent.

    Raises
    ------
    SpecError
        Where it can't be drawn.

    Notes
    -----
    *Threads.* The loop that sends. Answers come from threads that draw, and wait until they are taken: the newest only.
    """

    def __init__(
        self,
        name: Hashable,
        channel: Channel,
        said: Explore,
        *,
        encode: Callable[[ExploreAnswer, ViewSpec], bytes],
        wake: Callable[[], None],
    ) -> None:
        self.answer: ExploreAnswer | None = None
        self._name, self._channel, self._said = name, channel, said
        self._request = request_of(channel, said)
        self._encode, self._wake = encode, wake
        self._waiting: tuple[ExploreAnswer, bytes] | Failure | None = None
        self._asked_ns: int | None = None
        self._newest_ns: int | None = None
        self._taken: ExploreAnswer | None = None

    def ask(self, now_ns: int) -> None:
        """Ask, and again where that is due. `now_ns` is monotonic."""
        frame = self._channel.frame
        newest_ns = None if frame is None else frame.newest_ns
        if self._asked_ns is not None:
            touches_edge = newest_ns is not None and self._request.end_ns > newest_ns - NS_PER_SECOND
            pause_ns = _NEAR_NS if touches_edge else _FAR_NS
            if newest_ns == self._newest_ns or now_ns - self._asked_ns < pause_ns:
                return
        if self._channel.source.explorer.ask(self._name, self._request, self._take):
            self._newest_ns, self._asked_ns = newest_ns, now_ns

    def message(self) -> bytes | str | None:
        """Return the answer that is to be sent now, once; None where there is none."""
        waiting, self._waiting = self._waiting, None
        if waiting is None:
            return None
        if isinstance(waiting, Failure):
            return failed(pane=self._said.pane, request=self._said.request, reason=waiting.reason)
        self.answer, parts = waiting
        answer = message(Kind.ANSWER, generation=self._said.request, base=0, parts=parts, is_deflated=True)
        return for_pane(answer, self._said.pane)

    def close(self) -> None:
        """Want it no more."""
        self._channel.source.explorer.leave(self._name)

    def _take(self, answer: ExploreAnswer | Failure) -> None:
        if isinstance(answer, Failure):
            self._waiting = answer
        elif answer is not self._taken:
            self._taken = answer
            self._waiting = answer, self._encode(answer, self._channel.view)
        self._wake()
