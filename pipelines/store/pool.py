"""The pages that rows are written to, and when a page may be used again."""

from __future__ import annotations

import weakref
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from pipelines.kernels.page_heads import drop_pages, free_pages
from pipelines.kernels.pages import (
    N_BLOCKS,
    PAGE_ROWS,
    chain_pages,
    first_page,
    gather_pages,
    place_rows,
    scatter_column,
)
from pipelines.store.layout import Layout

__all__ = ["PagePool", "Pages"]

_T = TypeVar("_T", bound=np.generic)


@dataclass(frozen=True, slots=True)
class Pages:
    """The memory of all pages, to read from.

    Parameters
    ----------
    layout : Layout
        How the columns lie on a page.
    previous : int32[n_pages]
        The page before each page of a key.
    blocks : tuple of int64[n_words]
        The memory, in blocks.
    """

    layout: Layout
    previous: NDArray[np.int32]
    blocks: tuple[NDArray[np.int64], ...]

    def chain(self, last_page: int, n_rows: int) -> NDArray[np.int32]:
        """Return the pages that hold a key's last `n_rows` rows, oldest first; the rows must begin with a page."""
        pages = np.empty(-(-n_rows // PAGE_ROWS), np.int32)
        chain_pages(last_page, self.previous, pages)
        return pages

    def read(self, pages: NDArray[np.int32]) -> NDArray[np.int64]:
        """Return a copy of the rows that `pages` have room for, laid out by column."""
        memory = np.empty(len(pages) * self.layout.page_words, np.int64)
        gather_pages(pages, self.blocks, self.layout.n_wide, self.layout.page_words, memory)
        return memory


class PagePool:
    """Pages of 64 rows for the rows of all keys.

    Small pages let quiet keys take little (5,000 keys at 64 rows instead of 4,096), and a row is written once: there is
    nothing to copy when a key or the memory grows.

    Parameters
    ----------
    layout : Layout
        What is stored, and how it lies on a page.

    Attributes
    ----------
    pages : Pages
        The memory as it is now.
    page_bytes : int
        Memory of one page.
    newest : int64[n_pages]
        Newest event time on each page.
    n_used : int
        Pages that hold rows of a key.

    Notes
    -----
    *Threads.* The writer only, except `pages`, which snapshots hand to readers.

    *When a page is used again.* Readers see pages through snapshots. A page that was retired is shown by the snapshots
    published before, and by no later one. It is free once all of these are dead, which Python's reference counts tell:
    a reader that holds a snapshot, for whatever time, holds its pages, and takes no lock for it.
    """

    def __init__(self, layout: Layout) -> None:
        self.pages = Pages(layout, np.empty(0, np.int32), (np.empty(0, np.int64),) * N_BLOCKS)
        self.page_bytes: Final = PAGE_ROWS * layout.row_bytes
        self.newest = np.empty(0, np.int64)
        self.n_used = 0
        self._targets: list[_Target] = []
        self._following = np.empty(0, np.int32)
        self._free = np.empty(0, np.int32)
        self._n_free = np.zeros(N_BLOCKS, np.int64)
        self._n_blocks = 0
        self._shown: deque[tuple[weakref.ref[Any], list[NDArray[np.int32]]]] = deque()

    def write(
        self,
        columns: Mapping[str, NDArray[Any]],
        keys: NDArray[np.int32],
        index: NDArray[np.int64],
        first: NDArray[np.int32],
    ) -> None:
        """Write rows behind those of their keys. Updates `index` and `first` as `place_rows` says."""
        n_rows = len(keys)
        self._reclaim()
        while self._n_free.sum() < min(n_rows, len(index)) + n_rows // PAGE_ROWS:
            self._grow()
        n_free = int(self._n_free.sum())
        places = np.empty(n_rows, np.int64)
        links = (self.pages.previous, self._following, self.newest, self._free, self._n_free)
        place_rows(keys, columns["time"], index, first, *links, places)
        self.n_used += n_free - int(self._n_free.sum())
        for name, integer, blocks, start, page_size in self._targets:
            scatter_column(columns[name].view(integer), places, blocks, start, page_size)

    def drop(
        self,
        codes: NDArray[np.int64],
        index: NDArray[np.int64],
        first: NDArray[np.int32],
        *,
        up_to_ns: int,
        min_rows: int,
        max_pages: int,
    ) -> None:
        """Retire at most `max_pages` pages from the front of keys. Updates `index` and `first` as `drop_pages` says."""
        pages = np.empty(max_pages, np.int32)
        n_pages = drop_pages(codes, index, first, self._following, self.newest, up_to_ns, min_rows, pages)
        self.retire(pages[:n_pages].copy())

    def retire(self, pages: NDArray[np.int32]) -> None:
        """Take pages out of use. The newest published snapshot is the last that shows them."""
        self._shown[-1][1].append(pages)
        self.n_used -= len(pages)

    def publish(self, snapshot: object) -> None:
        """Note that `snapshot` is what readers get from now on."""
        self._shown.append((weakref.ref(snapshot), []))

    def _reclaim(self) -> None:
        while len(self._shown) > 1 and self._shown[0][0]() is None:
            for pages in self._shown.popleft()[1]:
                free_pages(pages, self._free, self._n_free)
        while self._n_blocks > 1 and self._last_is_spare():
            self._resize(self._n_blocks - 1)

    def _last_is_spare(self) -> bool:
        """Whether nothing is on the last block, and half of what would be left is free: it is not wanted back soon."""
        start, end = first_page(self._n_blocks - 1), first_page(self._n_blocks)
        n_free_before = self._n_free[: self._n_blocks - 1].sum()
        return bool(self._n_free[self._n_blocks - 1] == end - start and n_free_before >= start // 2)

    def _grow(self) -> None:
        if self._n_blocks == N_BLOCKS:
            raise MemoryError(f"all {first_page(N_BLOCKS):,} pages of 64 rows are in use")
        start, end = first_page(self._n_blocks), first_page(self._n_blocks + 1)
        self._resize(self._n_blocks + 1)
        self._free[start:end] = np.arange(end - 1, start - 1, -1)  # so that pages are used in the order of memory
        self._n_free[self._n_blocks - 1] = end - start

    def _resize(self, n_blocks: int) -> None:
        """Give back the last block, or add one. Snapshots keep the blocks that they were made with."""
        added, self._n_blocks = n_blocks > self._n_blocks, n_blocks
        last = n_blocks - 1 if added else n_blocks
        n_new = first_page(last + 1) - first_page(last) if added else 0
        self._n_free[last] = 0
        n_pages = first_page(n_blocks)
        self._free = _resized(self._free, n_pages)
        self._following = _resized(self._following, n_pages)
        self.newest = _resized(self.newest, n_pages)
        layout, blocks = self.pages.layout, self.pages.blocks
        block = np.empty(n_new * layout.page_words, np.int64)
        self.pages = Pages(layout, _resized(self.pages.previous, n_pages), (*blocks[:last], block, *blocks[last + 1 :]))
        self._targets = [_target(self.pages, name) for name in layout.dtypes]


class _Target(NamedTuple):
    """Where `scatter_column` writes a column."""

    name: str
    integer: np.dtype[Any]
    blocks: tuple[NDArray[Any], ...]
    start: int
    page_size: int


def _target(pages: Pages, name: str) -> _Target:
    layout = pages.layout
    n_bytes = layout.dtypes[name].itemsize
    integer = np.dtype(f"i{n_bytes}")
    blocks = tuple(block.view(integer) for block in pages.blocks)
    start, page_size = layout.starts[name] * PAGE_ROWS, layout.row_bytes * PAGE_ROWS
    return _Target(name, integer, blocks, start // n_bytes, page_size // n_bytes)


def _resized(array: NDArray[_T], size: int) -> NDArray[_T]:
    """Return a copy with room for `size` values; what is new is not set."""
    resized = np.empty(size, array.dtype)
    n_kept = min(size, len(array))
    resized[:n_kept] = array[:n_kept]
    return resized
