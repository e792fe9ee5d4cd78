"""The figures of one key, as messages."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from pipelines.core.clock import NS_PER_SECOND
from pipelines.core.dictionary import UNKNOWN
from pipelines.core.errors import SpecError
from pipelines.core.spec import FiguresSpec
from pipelines.live.key_figures import key_figures
from pipelines.live.standing import standing_of
from pipelines.live.streams.stream import Look, Range
from pipelines.live.wire.figures import Figures, FiguresEncoder

if TYPE_CHECKING:
    from pipelines.live.source import LocalSource

__all__ = ["FiguresStream"]

_PERIOD_NS: Final = NS_PER_SECOND // 5
"""How often figures are looked at: nobody reads faster."""


class FiguresStream:
    """A `ViewStream` of what one key of a feed in this process is worth, and how the feed stands.

    Rows grow old by themselves wherever they are shown, so nothing is told of a key while nothing comes of it.

    Parameters
    ----------
    source : LocalSource
        The feed.
    view : FiguresSpec
        What is shown.
    """

    failure = ""
    newest_ns = age_ns = None
    """Figures are not drawn: their rows are measured where the ticks are."""

    def __init__(self, source: LocalSource, view: FiguresSpec) -> None:
        self._source, self._view = source, view
        self._encoder = FiguresEncoder()
        self._due_ns = 0

    @property
    def generation(self) -> int:
        """As `ViewStream` says."""
        return self._encoder.generation

    def poll(self, now_ns: int) -> None:
        """As `ViewStream` says."""
        if now_ns >= self._due_ns:
            self._due_ns = now_ns + _PERIOD_NS
            self._encoder.take(_figures_of(self._source, self._view.key))

    def messages(self, base: int) -> tuple[bytes, ...]:
        """As `ViewStream` says."""
        return self._encoder.messages(base)

    def look(self, where: Range, wake: Callable[[], None]) -> Look:
        """Refuse: figures are sent as they are."""
        raise SpecError("figures are no picture: there is no range of them to draw")

    def row_at(self, time_ns: int, value: float) -> dict[str, str]:
        """Return nothing: figures are no rows."""
        return {}

    def close(self) -> None:
        """As `ViewStream` says."""


def _figures_of(source: LocalSource, key: str) -> Figures:
    code, status = source.dictionary.find(key), source.status()
    known = None if code == UNKNOWN else key_figures(source, code)
    if known is None:
        standing = standing_of(status)
        return Figures(level=standing.level, word=standing.word, why=standing.why)
    standing, quote = standing_of(status, 0), known.quote
    return Figures(
        kind=known.kind,
        value=known.value,
        bid=float(quote["bid"]) if quote else None,
        ask=float(quote["ask"]) if quote else None,
        spread=known.spread,
        change=known.change,
        share=known.share_of_change,
        per_second=known.per_second,
        newest=str(known.newest_ns),
        skew=str(source.skew_ns),
        level=standing.level,
        word=standing.word,
        why=standing.why,
    )
