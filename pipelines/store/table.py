"""The rows of one kind by key: one writer appends and evicts, anybody reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.core.batch import Batch
from pipelines.core.spec import TableSpec
from pipelines.kernels.pages import FILL, FIRST_ROW, N_FIELDS, NEVER_NS, OPEN_ROW, PAGE_ROWS
from pipelines.store.pool import Pages
from pipelines.store.sealed import SealedBlock
from pipelines.store.series import Rows, Series
from pipelines.store.shelves import Shelves

__all__ = ["Table"]


@dataclass(frozen=True, slots=True, weakref_slot=True, eq=False)
class _Snapshot:
    """What readers start from. The rows that it shows stay as they are for as long as it lives."""

    pages: Pages
    index: NDArray[np.int64]


class Table:
    """Rows of one kind, stored by key.

    Parameters
    ----------
    spec : TableSpec
        The schema, and how much is kept.

    Attributes
    ----------
    generation : int
        Goes up by one with each published append or eviction.
    newest_ns : int or None
        The newest event time stored so far, nanoseconds UTC; None before the first row.
    n_rows : int
        Rows that are kept: ``n_appended - n_evicted``.
    n_bytes : int
        Memory of the segments, their summaries and the pages in use. Pages that are free for other keys and what a
        reader still holds come on top.
    n_appended, n_evicted : int
        Rows since the table was made.

    Notes
    -----
    *Threads.* One thread appends and evicts. Any thread calls `keys`, `series` and `since` and reads the attributes: no
    lock is taken. All rows of a batch become visible at once.
    """

    def __init__(self, spec: TableSpec) -> None:
        self.spec = spec
        self.schema = spec.schema
        self.generation = 0
        self.newest_ns: int | None = None
        self.n_rows = self.n_bytes = self.n_appended = self.n_evicted = 0
        self._is_broken = False
        self._shelves = Shelves(spec.schema)
        self._show()

    def append(self, batch: Batch) -> None:
        """Store all rows of `batch`, and publish them. Only the writer calls it.

        Raises
        ------
        ValueError
            Where a row has no key. None of the batch is stored, and the table takes others.
        RuntimeError
            Where an append failed before (no memory was left): which of its rows were written can't be told, so no more
            are taken. What was published stays readable.
        """
        if self._is_broken:
            raise RuntimeError(f"the table of {self.schema.kind} failed before and takes no more rows: restart")
        if len(batch) == 0:
            return
        if batch.keys.min() < 0:
            raise ValueError("a row without a key can't be stored")
        self._is_broken = True
        self._shelves.append(batch)
        self._is_broken = False
        newest_ns = int(batch.time.max())
        self.newest_ns = newest_ns if self.newest_ns is None else max(self.newest_ns, newest_ns)
        self.n_appended += len(batch)
        self._publish()

    def evict(self, edge_ns: int | None = None) -> int:
        """Drop what the retention no longer wants, and return how many rows that were. Only the writer calls it.

        Parameters
        ----------
        edge_ns : int, optional
            Where the window ends, nanoseconds UTC; by default at the newest row.

        Notes
        -----
        Each key gives its first rows first: a segment, or a page of 64 rows where it has not filled a segment.
        By time, they go when all of their rows are older than the window. By rows and memory, those whose newest row is
        oldest go first, except that a key may give several pages at once, and as long as each key keeps its minimum.
        The minimum shrinks where there are more keys than the memory holds it for.
        """
        edge_ns = self.newest_ns if edge_ns is None else edge_ns
        if edge_ns is None:
            return 0
        horizon_ns = edge_ns - self.spec.retention.window_ns
        n_evicted = self._evict_old(horizon_ns)
        if n_excess := self._evict_excess():
            n_evicted += n_excess + self._evict_old(horizon_ns)  # rows that came late may have stood behind what went
        if n_evicted:
            self.n_evicted += n_evicted
            self._publish()
        return n_evicted

    def keys(self) -> NDArray[np.int32]:
        """Return the codes of the keys that have rows, ascending. Any thread."""
        index = self._snapshot.index
        return np.flatnonzero(index[:, OPEN_ROW] + index[:, FILL] > index[:, FIRST_ROW]).astype(np.int32)

    def series(self, code: int) -> Series | None:
        """Return the rows of a key as they are now; None where it has none. Any thread.

        Takes a copy of the rows that are not sealed yet, at most 4,095.
        """
        series = self._series(code, 0)
        return series if series.n_rows else None

    def since(self, code: int, row: int, columns: Sequence[str] | None = None, *, max_rows: int | None = None) -> Rows:
        """Return what `Series.since` of a key returns now, at the cost of these rows. Any thread.

        A key that is not there has no rows yet.
        """
        return self._series(code, row).since(row, columns, max_rows=max_rows)

    def _series(self, code: int, row: int) -> Series:
        """Return a key's rows, those that are not sealed only where they came as number `row` or just before."""
        snapshot = self._snapshot
        known = 0 <= code < len(snapshot.index)
        last_page, n_open, open_row, _ = snapshot.index[code].tolist() if known else [0] * N_FIELDS
        sealed = self._shelves.sealed.get(code)
        blocks = () if sealed is None else _before(sealed.blocks, open_row)
        if row > open_row:
            n_skipped = min(row - open_row, n_open) // PAGE_ROWS * PAGE_ROWS
            blocks, n_open, open_row = (), n_open - n_skipped, open_row + n_skipped
        pages = snapshot.pages
        memory = pages.read(pages.chain(last_page, n_open))
        memory.flags.writeable = False
        open_columns = pages.layout.columns(memory, n_open)
        return Series(self.schema, code, blocks=blocks, open_columns=open_columns, next_row=open_row + n_open)

    def _publish(self) -> None:
        self._show()
        self.n_rows, self.n_bytes = self._shelves.n_rows, self._shelves.n_bytes
        self.generation += 1

    def _show(self) -> None:
        snapshot = _Snapshot(self._shelves.pool.pages, self._shelves.index.copy())
        self._shelves.pool.publish(snapshot)
        self._snapshot = snapshot

    def _evict_old(self, horizon_ns: int) -> int:
        shelves = self._shelves
        if shelves.oldest_head_ns >= horizon_ns:
            return 0
        n_before = shelves.n_rows
        for code in np.flatnonzero(shelves.heads() < horizon_ns).tolist():
            while code in shelves.sealed and shelves.sealed[code].head_ns < horizon_ns:
                shelves.drop_segment(code)
        shelves.drop_pages(shelves.heads(), horizon_ns - 1, max_pages=shelves.pool.n_used)
        shelves.oldest_head_ns = int(shelves.heads().min())
        return n_before - shelves.n_rows

    def _evict_excess(self) -> int:
        shelves, min_rows = self._shelves, self._min_rows()
        n_before = shelves.n_rows
        if self._n_excess_pages() <= 0:
            return 0
        heads = shelves.heads(min_rows)
        while (n_pages := self._n_excess_pages()) > 0:
            code = int(heads.argmin())
            if heads[code] == NEVER_NS:
                break
            if code in shelves.sealed:
                shelves.drop_segment(code)
                heads[code] = shelves.heads(min_rows, slice(code, code + 1))[0]
            else:
                shelves.drop_pages(heads, _kth_oldest(heads, n_pages), min_rows=min_rows, max_pages=n_pages)
                heads = shelves.heads(min_rows)
        shelves.oldest_head_ns = int(shelves.heads().min())
        return n_before - shelves.n_rows

    def _min_rows(self) -> int:
        """Return the rows that each key keeps: fewer than wanted where that many of all keys would fill the memory."""
        retention, n_keys = self.spec.retention, max(len(self._shelves.index), 1)
        affordable = retention.memory_bytes // (2 * n_keys * self._shelves.pool.page_bytes) * PAGE_ROWS
        return min(retention.min_rows, affordable)

    def _n_excess_pages(self) -> int:
        """Return how many pages of rows are too many; none where it is not positive."""
        shelves, retention = self._shelves, self.spec.retention
        n_pages = -(-(shelves.n_bytes - retention.memory_bytes) // shelves.pool.page_bytes)
        if retention.max_rows is None:
            return n_pages
        return max(n_pages, -(-(shelves.n_rows - retention.max_rows) // PAGE_ROWS))


def _before(blocks: tuple[SealedBlock, ...], open_row: int) -> tuple[SealedBlock, ...]:
    """Leave out the segments that were sealed since a key's open rows began with `open_row`."""
    if not blocks or blocks[-1].end_row <= open_row:
        return blocks
    return tuple(block.before(open_row) for block in blocks if block.first_row < open_row)


def _kth_oldest(heads: NDArray[np.int64], k: int) -> int:
    """Return a time that at least `k` heads are not after, so that one pass over the keys finds `k` pages to drop."""
    k = min(k, len(heads))
    return min(int(np.partition(heads, k - 1)[k - 1]), NEVER_NS - 1)
