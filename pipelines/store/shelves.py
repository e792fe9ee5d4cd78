"""The rows of all keys as the writer keeps them: sealed segments, and behind them the pages that are being filled."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.core.batch import Batch
from pipelines.core.schema import Schema
from pipelines.kernels.page_heads import head_times
from pipelines.kernels.pages import FILL, FIRST_ROW, N_FIELDS, NEVER_NS, OPEN_ROW, PAGE_ROWS
from pipelines.store.layout import Layout
from pipelines.store.pool import PagePool
from pipelines.store.sealed import SealedSegments
from pipelines.store.segment import SEGMENT_PAGES, SEGMENT_ROWS, seal

__all__ = ["Shelves"]

_ALL: Final = slice(None)


class Shelves:
    """Rows by key. What a key gives first is its head: a sealed segment, or a page where nothing is sealed.

    Rows leave from the head only, so those of a key that are left are always the newest that came.

    Parameters
    ----------
    schema : Schema
        What the columns are.

    Attributes
    ----------
    index : int64[n_keys, N_FIELDS]
        Where each key's rows are; the fields are named in `pipelines.kernels.pages`.
    sealed : dict of int to SealedSegments
        The sealed segments of the keys that have any.
    pool : PagePool
        The pages.
    n_rows : int
        How many rows are kept.
    oldest_head_ns : int
        No head's newest event time is before this.

    Notes
    -----
    *Threads.* The writer only. Readers use `index` as a snapshot copied it; the blocks of `sealed` only change at their
    ends, and what a reader finds there that is newer than its index it leaves out.
    """

    def __init__(self, schema: Schema) -> None:
        self.index = np.empty((0, N_FIELDS), np.int64)
        self.sealed: dict[int, SealedSegments] = {}
        self.pool = PagePool(Layout(schema))
        self.n_rows = 0
        self.oldest_head_ns = NEVER_NS
        self._schema = schema
        self._sealed_bytes = 0
        self._first_page = np.empty(0, np.int32)
        self._sealed_ns = np.empty(0, np.int64)  # newest event time of a key's first sealed segment, or never

    @property
    def n_bytes(self) -> int:
        """Memory of the segments and of the pages in use."""
        return self._sealed_bytes + self.pool.n_used * self.pool.page_bytes

    def append(self, batch: Batch) -> None:
        """Store all rows, each of which has a key."""
        self._make_room(int(batch.keys.max()) + 1)
        self.oldest_head_ns = min(self.oldest_head_ns, int(batch.time.min()))
        self.pool.write(batch.columns, batch.keys, self.index, self._first_page)
        self.n_rows += len(batch)
        for code in np.flatnonzero(self.index[:, FILL] >= SEGMENT_ROWS).tolist():
            self._seal(code)

    def heads(self, min_rows: int = 0, keys: slice = _ALL) -> NDArray[np.int64]:
        """Return the newest event time of each key's head, int64[n_keys].

        It is `NEVER_NS` where a key has no rows, or less than `min_rows` would be left of it without its head.
        """
        index, first, sealed_ns = self.index[keys], self._first_page[keys], self._sealed_ns[keys]
        heads = np.empty(len(index), np.int64)
        head_times(index, first, self.pool.newest, sealed_ns, SEGMENT_ROWS, min_rows, heads)
        return heads

    def drop_segment(self, code: int) -> None:
        """Drop the first sealed segment of a key."""
        sealed = self.sealed[code]
        self._sealed_bytes -= sealed.n_bytes
        sealed.drop_first()
        self._sealed_bytes += sealed.n_bytes
        if not sealed.blocks:
            del self.sealed[code]
        self._sealed_ns[code] = sealed.head_ns if sealed.blocks else NEVER_NS
        self.index[code, FIRST_ROW] += SEGMENT_ROWS
        self.n_rows -= SEGMENT_ROWS

    def drop_pages(self, heads: NDArray[np.int64], up_to_ns: int, *, min_rows: int = 0, max_pages: int) -> None:
        """Drop pages whose newest event time is not after `up_to_ns`, nor after that of any sealed head."""
        is_sealed = self._sealed_ns != NEVER_NS
        up_to_ns = min(up_to_ns, int(heads[is_sealed].min(initial=NEVER_NS)))
        codes = np.flatnonzero((heads <= up_to_ns) & ~is_sealed)
        n_before = int(self.index[codes, FILL].sum())
        self.pool.drop(codes, self.index, self._first_page, up_to_ns=up_to_ns, min_rows=min_rows, max_pages=max_pages)
        self.n_rows -= n_before - int(self.index[codes, FILL].sum())

    def _make_room(self, n_keys: int) -> None:
        n_new = n_keys - len(self.index)
        if n_new > 0:
            self.index = np.concatenate([self.index, np.zeros((n_new, N_FIELDS), np.int64)])
            self._first_page = np.concatenate([self._first_page, np.zeros(n_new, np.int32)])
            self._sealed_ns = np.concatenate([self._sealed_ns, np.full(n_new, NEVER_NS)])

    def _seal(self, code: int) -> None:
        pages = self.pool.pages
        last_page, fill, open_row, _ = self.index[code].tolist()
        chain = pages.chain(last_page, fill)
        sealed = self.sealed.get(code) or SealedSegments(self._schema)
        self._sealed_bytes -= sealed.n_bytes
        n_pages = fill // SEGMENT_ROWS * SEGMENT_PAGES
        sealed.extend(
            seal(pages.layout, pages.read(chain[start : start + SEGMENT_PAGES]), open_row + start * PAGE_ROWS)
            for start in range(0, n_pages, SEGMENT_PAGES)
        )
        self._sealed_bytes += sealed.n_bytes
        self.sealed[code] = sealed
        self.pool.retire(chain[:n_pages])
        if n_pages < len(chain):
            self._first_page[code] = chain[n_pages]
        self.index[code, FILL] -= n_pages * PAGE_ROWS
        self.index[code, OPEN_ROW] += n_pages * PAGE_ROWS
        self._sealed_ns[code] = sealed.head_ns
