"""A view for all who watch it: one subscription, one picture, messages that are made once."""

from __future__ import annotations

from typing import Final

from pipelines.core.clock import NS_PER_MS, NS_PER_SECOND
from pipelines.core.ledger import KindCounts
from pipelines.core.spec import ViewSpec
from pipelines.live.broadcast.counts import ViewCounts
from pipelines.live.frames.frame import Frame
from pipelines.live.frames.views import Subscription
from pipelines.live.source import FrameSource
from pipelines.live.wire.encoder import FrameEncoder

__all__ = ["Channel"]

_BEAT_NS: Final = NS_PER_SECOND
"""How often at least something is sent, so that a picture that stands still is known to be alive."""


class Channel:
    """One view of a feed, watched by any number of panes.

    Parameters
    ----------
    source : FrameSource
        The feed.
    view : ViewSpec
        What is shown.
    counts : ViewCounts
        Counts what is sent of it.

    Raises
    ------
    SpecError
        Where the view can't be.

    Notes
    -----
    *Threads.* One: the loop that sends.
    """

    def __init__(self, source: FrameSource, view: ViewSpec, counts: ViewCounts) -> None:
        self.source = source
        self.view = view
        self.counts = counts
        self.n_panes = 0
        self._encoder = FrameEncoder()
        self._subscription: Subscription = source.views.subscribe(view)
        self._ledger = KindCounts()
        self._beat_ns = -_BEAT_NS
        self._newest_ns: int | None = None

    @property
    def generation(self) -> int:
        """The newest generation of its messages; 0 before the first."""
        return self._encoder.generation

    @property
    def frame(self) -> Frame | None:
        """The newest picture."""
        return self._encoder.frame

    @property
    def failure(self) -> str:
        """Why the view is not drawn any more; empty while it is."""
        return self._subscription.failure

    def poll(self, now_ns: int) -> None:
        """Take the newest frame in; the same one again where nothing came for long. `now_ns` is monotonic."""
        frame = self._subscription.frame
        if frame is None:
            return
        if now_ns - self._beat_ns >= _BEAT_NS:
            self._beat_ns = now_ns
            self._ledger = self.source.ledger.kinds.get(self.view.kind, KindCounts())
        elif frame is self.frame:
            return
        if frame.newest_ns is not None and frame.newest_ns != self._newest_ns:
            self._newest_ns = frame.newest_ns
            age_ns = frame.rendered_ns + self.source.skew_ns - frame.newest_ns
            self.counts.to_frame.observe(age_ns / NS_PER_MS)
        self._encoder.take(frame, self._ledger, skew_ns=self.source.skew_ns)

    def messages(self, base: int) -> tuple[bytes, ...]:
        """Return what leads from a generation to the newest."""
        return self._encoder.messages(base)

    def close(self) -> None:
        """Let go of the view."""
        self._subscription.close()
