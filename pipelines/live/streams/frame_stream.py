"""A picture that follows the live edge, as messages."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from pipelines.aggregates.canvas import Canvas
from pipelines.core.clock import NS_PER_SECOND
from pipelines.core.dictionary import UNKNOWN
from pipelines.core.ledger import KindCounts
from pipelines.core.spec import ViewSpec
from pipelines.live.explore.answer import ExploreAnswer
from pipelines.live.explore.cache import ByteCache
from pipelines.live.explore.under import row_under
from pipelines.live.frames.frame import Frame
from pipelines.live.frames.views import Subscription
from pipelines.live.streams.frame_look import FrameLook
from pipelines.live.streams.stream import Range
from pipelines.live.wire.answers import answer_parts
from pipelines.live.wire.encoder import FrameEncoder

if TYPE_CHECKING:
    from pipelines.live.source import LocalSource

__all__ = ["FrameStream"]

_BEAT_NS: Final = NS_PER_SECOND
"""How often at least something is sent, so that a picture that stands still is known to be alive."""

_ANSWER_BYTES: Final = 8 << 20


class FrameStream:
    """A `ViewStream` of a feed in this process.

    Parameters
    ----------
    source : LocalSource
        The feed.
    view : ViewSpec
        What is shown.

    Attributes
    ----------
    frame : Frame or None
        The newest picture.

    Raises
    ------
    SpecError
        Where the view can't be.
    """

    def __init__(self, source: LocalSource, view: ViewSpec) -> None:
        self.source = source
        self.view = view
        self._encoder = FrameEncoder()
        self._subscription: Subscription = source.views.subscribe(view)
        self._ledger = KindCounts()
        self._beat_ns = -_BEAT_NS
        self._answers: ByteCache[ExploreAnswer, bytes] = ByteCache(_ANSWER_BYTES)

    @property
    def generation(self) -> int:
        """As `ViewStream` says."""
        return self._encoder.generation

    @property
    def frame(self) -> Frame | None:
        """The newest picture."""
        return self._encoder.frame

    @property
    def newest_ns(self) -> int | None:
        """As `ViewStream` says."""
        return None if self.frame is None else self.frame.newest_ns

    @property
    def age_ns(self) -> int | None:
        """As `ViewStream` says."""
        frame = self.frame
        if frame is None or frame.newest_ns is None:
            return None
        return frame.rendered_ns + self.source.skew_ns - frame.newest_ns

    @property
    def failure(self) -> str:
        """As `ViewStream` says."""
        return self._subscription.failure

    def poll(self, now_ns: int) -> None:
        """Take the newest frame in; the same one again where nothing came for long."""
        frame = self._subscription.frame
        if frame is None:
            return
        if now_ns - self._beat_ns >= _BEAT_NS:
            self._beat_ns = now_ns
            self._ledger = self.source.ledger.kinds.get(self.view.kind, KindCounts())
        elif frame is self.frame:
            return
        self._encoder.take(frame, self._ledger, skew_ns=self.source.skew_ns)

    def messages(self, base: int) -> tuple[bytes, ...]:
        """As `ViewStream` says."""
        return self._encoder.messages(base)

    def look(self, where: Range, wake: Callable[[], None]) -> FrameLook:
        """As `ViewStream` says."""
        return FrameLook(self, where, wake)

    def row_at(self, time_ns: int, value: float) -> dict[str, str]:
        """As `ViewStream` says."""
        frame = self.frame
        return {} if frame is None else self.row_in(frame.canvas, frame.codes, time_ns, value)

    def row_in(self, canvas: Canvas, codes: NDArray[np.uint8], time_ns: int, value: float) -> dict[str, str]:
        """Return the row under a place of any picture of the view, uint8[n_columns, n_rows]. Any thread."""
        code = self.source.dictionary.find(self.view.key)
        series = None if code == UNKNOWN else self.source.tables[self.view.kind].series(code)
        return {} if series is None else row_under(series, self.view, canvas, codes, time_ns, value)

    def encoded(self, answer: ExploreAnswer) -> bytes:
        """Return the parts of an answer's message, made once for all who asked. Any thread."""
        parts = self._answers.get(answer)
        if parts is None:
            parts = answer_parts(answer, self.view)
            self._answers.put(answer, parts, len(parts) + answer.n_bytes)
        return parts

    def close(self) -> None:
        """As `ViewStream` says."""
        self._subscription.close()
