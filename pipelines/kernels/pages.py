"""Rows by key in pages of 64 rows, which are linked from a key's first page to its last and back.

Page numbers run through blocks of memory. The first block has `FIRST_BLOCK_PAGES`, each later one as many as all before
it, so a page's block follows from its number and nothing moves when memory grows. Blocks that are not there yet are
empty arrays: the number of blocks is part of a kernel's type.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pipelines.kernels.compile import kernel

__all__ = [
    "FILL",
    "FIRST_BLOCK_PAGES",
    "FIRST_ROW",
    "LAST_PAGE",
    "NEVER_NS",
    "N_BLOCKS",
    "N_FIELDS",
    "OPEN_ROW",
    "PAGE_ROWS",
    "chain_pages",
    "drop_pages",
    "first_page",
    "free_pages",
    "gather_column",
    "head_times",
    "place_rows",
    "scatter_column",
]

PAGE_ROWS: Final = 64
FIRST_BLOCK_PAGES: Final = 16_384
N_BLOCKS: Final = 10

LAST_PAGE: Final = 0
"""In the index, the page that a key's newest row is on."""
FILL: Final = 1
"""In the index, how many rows a key has on its pages."""
OPEN_ROW: Final = 2
"""In the index, the arrival number of the first row on a key's pages."""
FIRST_ROW: Final = 3
"""In the index, the arrival number of a key's oldest row."""
N_FIELDS: Final = 4

NEVER_NS: Final = np.iinfo(np.int64).max
"""The head time of a key that gives nothing."""

_PAGE_BITS: Final = 6
_FIRST_BLOCK_BITS: Final = 14
_OFFSET_BITS: Final = 40  # a place is its block's number above, and its row in the block below


@kernel("int64")
def first_page(block: int) -> int:
    """Return the number of a block's first page; with `N_BLOCKS`, the number of pages that there can be."""
    return FIRST_BLOCK_PAGES << (block - 1) if block > 0 else 0


@kernel
def _block_of(page: int) -> int:
    block = 0
    page >>= _FIRST_BLOCK_BITS
    while page > 0:
        block += 1
        page >>= 1
    return block


@kernel(
    "const int32[:], const int64[:], int64[:, :], int32[:], int32[:], int32[:], int64[:], int32[:], int64[:], int64[:]",
)
def place_rows(
    keys: NDArray[np.int32],
    times: NDArray[np.int64],
    index: NDArray[np.int64],
    first: NDArray[np.int32],
    previous: NDArray[np.int32],
    following: NDArray[np.int32],
    newest: NDArray[np.int64],
    free: NDArray[np.int32],
    n_free: NDArray[np.int64],
    places: NDArray[np.int64],
) -> None:
    """Give each row the next place on its key's last page, or on a free page where that is full.

    Parameters
    ----------
    keys : int32[n]
        Codes of the rows.
    times : int64[n]
        Event times, nanoseconds.
    index : int64[n_keys, N_FIELDS]
        `LAST_PAGE` and `FILL` of each key are updated.
    first : int32[n_keys]
        The first page of each key. Updated.
    previous, following : int32[n_pages]
        The pages before and behind each page of a key. Updated.
    newest : int64[n_pages]
        Newest event time on each page. Updated.
    free : int32[n_pages]
        A stack of free pages for each block, which begins at the block's first page. There must be enough.
    n_free : int64[N_BLOCKS]
        Height of each stack. Updated; low blocks are used first, so that high ones can be given back.
    places : int64[n]
        Filled.
    """
    free_block = 0
    for row in range(len(keys)):
        key = keys[row]
        fill = index[key, FILL]
        offset = fill & (PAGE_ROWS - 1)
        page = index[key, LAST_PAGE]
        if offset == 0:
            while n_free[free_block] == 0:
                free_block += 1
            n_free[free_block] -= 1
            behind = page
            page = np.int64(free[first_page(free_block) + n_free[free_block]])
            if fill == 0:
                first[key] = page
            else:
                previous[page] = behind
                following[behind] = page
            newest[page] = times[row]
            index[key, LAST_PAGE] = page
        index[key, FILL] = fill + 1
        newest[page] = max(newest[page], times[row])
        block = _block_of(page)
        places[row] = (block << _OFFSET_BITS) | (((page - first_page(block)) << _PAGE_BITS) + offset)


@kernel(
    "const int64[:], int64[:], int64[:] x 10",
    "const float64[:], int64[:], float64[:] x 10",
    "const int8[:], int64[:], int8[:] x 10",
)
def scatter_column(column: NDArray[Any], places: NDArray[np.int64], blocks: tuple[NDArray[Any], ...]) -> None:
    """Write a column's values to their places.

    Parameters
    ----------
    column : any[n]
        Values of the rows.
    places : int64[n]
        From `place_rows`.
    blocks : tuple of any[n_pages * 64]
        The column's memory, `N_BLOCKS` arrays. Written to.
    """
    if len(blocks[1]) == 0:  # twice as fast, and true up to 256 busy keys
        block = blocks[0]
        for row in range(len(column)):
            block[places[row]] = column[row]
        return
    mask = (1 << _OFFSET_BITS) - 1
    for row in range(len(column)):
        blocks[places[row] >> _OFFSET_BITS][places[row] & mask] = column[row]


@kernel("int64, int32[:], int32[:]")
def chain_pages(last_page: int, previous: NDArray[np.int32], pages: NDArray[np.int32]) -> None:
    """Fill `pages` (int32[n]) with a key's last n pages, oldest first."""
    page = last_page
    for position in range(len(pages) - 1, -1, -1):
        pages[position] = page
        page = previous[page]


@kernel(
    "int32[:], int64[:] x 10, int64[:]",
    "int32[:], float64[:] x 10, float64[:]",
    "int32[:], int8[:] x 10, int8[:]",
)
def gather_column(pages: NDArray[np.int32], blocks: tuple[NDArray[Any], ...], column: NDArray[Any]) -> None:
    """Copy a column's values from pages that are filled one after the other.

    Parameters
    ----------
    pages : int32[ceil(n / 64)]
        Where the values are, oldest page first.
    blocks : tuple of any[n_pages * 64]
        The column's memory.
    column : any[n]
        Filled.
    """
    for position in range(len(pages)):
        page = pages[position]
        number = _block_of(page)
        block = blocks[number]
        source = (page - first_page(number)) << _PAGE_BITS
        target = position << _PAGE_BITS
        for row in range(min(PAGE_ROWS, len(column) - target)):
            column[target + row] = block[source + row]


@kernel("int32[:], int32[:], int64[:]")
def free_pages(pages: NDArray[np.int32], free: NDArray[np.int32], n_free: NDArray[np.int64]) -> None:
    """Put `pages` (int32[n]) back on the stacks of free pages; see `place_rows`."""
    for position in range(len(pages)):
        page = pages[position]
        block = _block_of(page)
        free[first_page(block) + n_free[block]] = page
        n_free[block] += 1


@kernel("int64[:], int64[:, :], int32[:], int32[:], int64[:], int64, int64, int32[:]")
def drop_pages(
    codes: NDArray[np.int64],
    index: NDArray[np.int64],
    first: NDArray[np.int32],
    following: NDArray[np.int32],
    newest: NDArray[np.int64],
    up_to_ns: int,
    min_rows: int,
    dropped: NDArray[np.int32],
) -> int:
    """Take pages from the front of keys, key after key.

    Parameters
    ----------
    codes : int64[n]
        The keys, none of which has rows before those on its pages.
    index, first, following, newest : array
        See `place_rows`. `FILL`, `OPEN_ROW`, `FIRST_ROW` and the first page of each key are updated.
    up_to_ns : int
        A key's first page goes while its newest event time is not after this.
    min_rows : int
        Newest rows of each key that stay.
    dropped : int32[n_pages]
        Filled with the pages that were taken; when it is full, no more are.

    Returns
    -------
    int
        How many were taken.
    """
    n_dropped = 0
    for code in codes:
        while n_dropped < len(dropped) and index[code, FILL] > 0:
            page = first[code]
            n_rows = min(PAGE_ROWS, index[code, FILL])
            if newest[page] > up_to_ns or index[code, FILL] - n_rows < min_rows:
                break
            dropped[n_dropped] = page
            n_dropped += 1
            first[code] = following[page]
            index[code, FILL] -= n_rows
            index[code, OPEN_ROW] += n_rows
            index[code, FIRST_ROW] += n_rows
    return n_dropped


@kernel("int64[:, :], int32[:], int64[:], int64[:], int64, int64, int64[:]")
def head_times(
    index: NDArray[np.int64],
    first: NDArray[np.int32],
    newest: NDArray[np.int64],
    sealed: NDArray[np.int64],
    segment_rows: int,
    min_rows: int,
    heads: NDArray[np.int64],
) -> None:
    """Find the newest event time of each key's head: its first sealed segment, or its first page where there is none.

    Parameters
    ----------
    index, first, newest : array
        See `place_rows`.
    sealed : int64[n_keys]
        Newest event time of each key's first sealed segment; `NEVER_NS` where there is none.
    segment_rows : int
        Rows of a sealed segment.
    min_rows : int
        A key that would have fewer rows left without its head gives nothing.
    heads : int64[n_keys]
        Filled; `NEVER_NS` where a key gives nothing.
    """
    for key in range(len(heads)):
        fill = index[key, FILL]
        n_rows = min(PAGE_ROWS, fill) if sealed[key] == NEVER_NS else segment_rows
        n_left = index[key, OPEN_ROW] + fill - index[key, FIRST_ROW] - n_rows
        if n_rows == 0 or n_left < min_rows:
            heads[key] = NEVER_NS
        elif sealed[key] == NEVER_NS:
            heads[key] = newest[first[key]]
        else:
            heads[key] = sealed[key]
