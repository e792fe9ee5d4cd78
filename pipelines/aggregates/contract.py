"""What every aggregate promises."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol, Self

from pipelines.core.batch import Batch
from pipelines.store.table import Table

__all__ = ["Aggregate"]


class Aggregate(Protocol):
    """What is computed from rows as they come, at the cost of the new rows, and can be merged.

    The laws, each a property test for every aggregate (``==`` compares snapshots):

    - *One way to cut.* Updates with the parts of a batch, in order, equal one with the whole.
    - *Merging.* Aggregates over the parts of a stream, merged in order, equal one over the whole. Where a class says
      that it commutes, the order does not matter; where it says *in row order*, sums differ in their last bits.
    - *Nothing.* An empty batch, and merging with an aggregate that has seen nothing, change nothing.
    - *Rebuilding.* After `rebuild` it equals a new one that has seen the rows that the table keeps.
    - *Snapshots stay.* Later updates leave a snapshot alone.

    Notes
    -----
    *Threads.* `update`, `merge` and `rebuild` belong to the writer; a snapshot is immutable and anybody's.
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

    def rebuild(self, table: Table) -> Iterator[None]:
        """Forget everything, and take in the rows that `table` keeps now, segment after segment.

        Each step of the iterator takes in at most a segment of one key, so that the caller decides how long to go on.
        """
        ...
