"""What frames need of a feed, wherever it runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from pipelines.core.dictionary import Dictionary
from pipelines.core.ledger import LedgerSnapshot
from pipelines.live.explore.explorer import Explorer
from pipelines.live.frames.views import Views
from pipelines.store.table import Table

__all__ = ["FrameSource"]


class FrameSource(Protocol):
    """Where live pictures, answers and rows come from.

    Attributes
    ----------
    wakes : set of callable
        Called, in the writer's thread, when there may be new frames. They carry no data and return at once.
    """

    wakes: set[Callable[[], None]]

    @property
    def name(self) -> str:
        """What it is called."""
        ...

    @property
    def views(self) -> Views:
        """Live pictures."""
        ...

    @property
    def explorer(self) -> Explorer:
        """Pictures of any range."""
        ...

    @property
    def dictionary(self) -> Dictionary:
        """Names of keys."""
        ...

    @property
    def tables(self) -> Mapping[str, Table]:
        """Rows by kind."""
        ...

    @property
    def skew_ns(self) -> int:
        """How far the source's clock is ahead of ours, as estimated."""
        ...

    @property
    def ledger(self) -> LedgerSnapshot:
        """What became of every record."""
        ...
