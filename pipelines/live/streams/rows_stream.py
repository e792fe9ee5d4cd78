"""The newest rows of one key, as messages."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from pipelines.core.clock import NS_PER_SECOND
from pipelines.core.errors import SpecError
from pipelines.core.schema import schema_of
from pipelines.core.spec import RowsSpec
from pipelines.live.streams.stream import Look, Range
from pipelines.live.wire.rows import RowsEncoder

if TYPE_CHECKING:
    from pipelines.live.source import LocalSource

__all__ = ["RowsStream"]

_PERIOD_NS: Final = NS_PER_SECOND // 10
"""How often rows are looked for: nobody reads faster."""


class RowsStream:
    """A `ViewStream` of the newest rows of a key, of a feed in this process.

    Parameters
    ----------
    source : LocalSource
        The feed.
    view : RowsSpec
        What is shown.

    Raises
    ------
    SpecError
        Where the feed has no such rows.
    """

    failure = ""
    newest_ns = age_ns = None
    """Rows are not drawn: they are measured where the ticks are."""

    def __init__(self, source: LocalSource, view: RowsSpec) -> None:
        if view.kind not in source.tables:
            raise SpecError(f"there are no {view.kind} here")
        self._source, self._view = source, view
        self._encoder = RowsEncoder(schema_of(view.kind))
        self._generation: int | None = None
        self._due_ns = 0

    @property
    def generation(self) -> int:
        """As `ViewStream` says."""
        return self._encoder.generation

    def poll(self, now_ns: int) -> None:
        """As `ViewStream` says."""
        table = self._source.tables[self._view.kind]
        generation = table.generation
        if now_ns < self._due_ns or generation == self._generation:
            return
        self._due_ns, self._generation = now_ns + _PERIOD_NS, generation
        series = table.series(self._source.dictionary.find(self._view.key))
        if series is not None:
            n_rows = min(series.n_rows, self._view.n_rows)
            self._encoder.take(series.next_row - n_rows, series.tail(n_rows))

    def messages(self, base: int) -> tuple[bytes, ...]:
        """As `ViewStream` says."""
        return self._encoder.messages(base)

    def look(self, where: Range, wake: Callable[[], None]) -> Look:
        """Refuse: rows are sent as they are."""
        raise SpecError("rows are no picture: there is no range of them to draw")

    def row_at(self, time_ns: int, value: float) -> dict[str, str]:
        """Return nothing: whoever has the rows sees them."""
        return {}

    def close(self) -> None:
        """As `ViewStream` says."""
