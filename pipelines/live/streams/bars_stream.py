"""The newest bars of one key, as messages."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from pipelines.core.clock import NS_PER_SECOND
from pipelines.core.dictionary import UNKNOWN
from pipelines.core.errors import SpecError
from pipelines.core.spec import BarsSpec
from pipelines.live.bars.key_bars import KeyBars, bars_snapshot
from pipelines.live.streams.stream import Look, Range
from pipelines.live.wire.bars import BarsEncoder

if TYPE_CHECKING:
    from pipelines.live.source import LocalSource

__all__ = ["BarsStream"]

_PERIOD_NS: Final = NS_PER_SECOND // 10
"""How often bars are looked for: aggregates are published no more often."""


class BarsStream:
    """A `ViewStream` of bars of a feed in this process: those that are live, joined with older ones made from rows.

    Parameters
    ----------
    source : LocalSource
        The feed.
    view : BarsSpec
        What is shown.

    Raises
    ------
    SpecError
        Where the feed has no such bars.
    """

    failure = ""
    newest_ns = age_ns = None
    """Bars are not drawn: their rows are measured where the ticks are."""

    def __init__(self, source: LocalSource, view: BarsSpec) -> None:
        if bars_snapshot(source, view.kind, view.period) is None:
            raise SpecError(f"there are no bars of {view.kind} here")
        self._source, self._view = source, view
        self._bars: KeyBars | None = None
        self._encoder = BarsEncoder()
        self._due_ns = 0

    @property
    def generation(self) -> int:
        """As `ViewStream` says."""
        return self._encoder.generation

    def poll(self, now_ns: int) -> None:
        """As `ViewStream` says. Older bars come in steps of bounded work."""
        if now_ns < self._due_ns:
            return
        self._due_ns = now_ns + _PERIOD_NS
        bars = self._bars = self._bars or self._found()
        if bars is not None and bars.update():
            self._encoder.take(bars.first_ordinal, bars.candles)

    def messages(self, base: int) -> tuple[bytes, ...]:
        """As `ViewStream` says."""
        return self._encoder.messages(base)

    def look(self, where: Range, wake: Callable[[], None]) -> Look:
        """Refuse: bars are sent as they are."""
        raise SpecError("bars are no picture: there is no range of them to draw")

    def row_at(self, time_ns: int, value: float) -> dict[str, str]:
        """Return nothing: bars are no rows."""
        return {}

    def close(self) -> None:
        """As `ViewStream` says."""

    def _found(self) -> KeyBars | None:
        view, code = self._view, self._source.dictionary.find(self._view.key)
        if code == UNKNOWN:
            return None
        return KeyBars(self._source, kind=view.kind, code=code, period=view.period, max_bars=view.n_bars)
