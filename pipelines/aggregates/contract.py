"""What every aggregate promises."""

from __future__ import annotations

from typing import Any, Protocol, Self

from pipelines.core.batch import Batch

__all__ = ["Aggregate"]


class Aggregate(Protocol):
    """What is computed from rows as they come, at the cost of the new rows, and can be merged.

    Two aggregates over parts of a stream, merged, equal one over the whole, as far as the class says: what depends on
    the order of rows is equal only where the parts are merged in that order.

    Notes
    -----
    *Threads.* `update` and `merge` belong to the writer; a snapshot is immutable and anybody's.
    """

    def update(self, batch: Batch) -> None:
        """Take in new rows."""
        ...

    def merge(self, other: Self) -> None:
        """Take in what `other`, over the same dictionary of keys, has seen after us."""
        ...

    def snapshot(self) -> Any:
        """Return the state now, as an immutable value that later updates leave alone."""
        ...
