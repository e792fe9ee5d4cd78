"""Rows by key in pages of 64 rows, which are linked from a key's first page to its last and back.

A page is one piece of memory, so that what it holds of a key's columns comes into the cache together: first 64 values
of each column of 8 bytes, then 64 of each of one byte. It takes `page_words` words of 8 bytes.

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
    "WORD_BYTES",
    "block_of",
    "chain_pages",
    "first_page",
    "gather_pages",
    "place_rows",
    "scatter_column",
]

PAGE_ROWS: Final = 64
FIRST_BLOCK_PAGES: Final = 16_384
N_BLOCKS: Final = 10
WORD_BYTES: Final = 8

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
_LINE_WORDS: Final = 8  # of a line of the cache
_OFFSET_BITS: Final = 40  # a place is its block's number above, and its row in the block below


@kernel("int64")
def first_page(block: int) -> int:
    """Return the number of a block's first page; with `N_BLOCKS`, the number of pages that there can be."""
    return FIRST_BLOCK_PAGES << (block - 1) if block > 0 else 0


@kernel
def block_of(page: int) -> int:
    """Return the block of memory that a page is in."""
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
        block = block_of(page)
        places[row] = (block << _OFFSET_BITS) | (((page - first_page(block)) << _PAGE_BITS) + offset)


@kernel(
    "const int64[:], int64[:], int64[:] x 10, int64, int64",
    "const int8[:], int64[:], int8[:] x 10, int64, int64",
)
def scatter_column(
    column: NDArray[Any], places: NDArray[np.int64], blocks: tuple[NDArray[Any], ...], start: int, page_size: int
) -> None:
    """Write a column's values to their places.

    Parameters
    ----------
    column : any[n]
        Values of the rows, as integers of their size.
    places : int64[n]
        From `place_rows`.
    blocks : tuple of any[n_pages * page_size]
        The memory of the pages, `N_BLOCKS` arrays of such integers. Written to.
    start : int
        Where the column begins on a page.
    page_size : int
        How many of these integers a page has room for.
    """
    if len(blocks[1]) == 0:  # twice as fast, and true up to 256 busy keys
        block = blocks[0]
        for row in range(len(column)):
            place = places[row]
            block[(place >> _PAGE_BITS) * page_size + start + (place & (PAGE_ROWS - 1))] = column[row]
        return
    mask = (1 << _OFFSET_BITS) - 1
    for row in range(len(column)):
        place = places[row] & mask
        position = (place >> _PAGE_BITS) * page_size + start + (place & (PAGE_ROWS - 1))
        blocks[places[row] >> _OFFSET_BITS][position] = column[row]


@kernel("int64, int32[:], int32[:]")
def chain_pages(last_page: int, previous: NDArray[np.int32], pages: NDArray[np.int32]) -> None:
    """Fill `pages` (int32[n]) with a key's last n pages, oldest first."""
    page = last_page
    for position in range(len(pages) - 1, -1, -1):
        pages[position] = page
        page = previous[page]


@kernel("int32[:], int64[:] x 10, int64, int64, int64[:]")
def gather_pages(
    pages: NDArray[np.int32],
    blocks: tuple[NDArray[np.int64], ...],
    n_wide: int,
    page_words: int,
    memory: NDArray[np.int64],
) -> int:
    """Copy the columns of whole pages, the values of each column one after the other.

    Parameters
    ----------
    pages : int32[n]
        Where the values are, oldest page first.
    blocks : tuple of int64[n_pages * page_words]
        The memory of the pages.
    n_wide : int
        How many columns of 8 bytes there are.
    page_words : int
        Memory of a page.
    memory : int64[n * page_words]
        Filled: n * 64 values of each column of 8 bytes, then as many of each of one byte.

    Returns
    -------
    int
        Nothing that matters: a trace of the pages, all of which are touched first. So their memory is waited for
        together, and not for one page after the other, which takes twice as long where they left the cache.
    """
    touched = 0
    for page in pages:
        number = block_of(page)
        block, source = blocks[number], (page - first_page(number)) * page_words
        for word in range(source, source + page_words, _LINE_WORDS):
            touched ^= block[word]
    narrow_words = PAGE_ROWS // WORD_BYTES
    wide_words = n_wide * PAGE_ROWS
    for position in range(len(pages)):
        page = pages[position]
        number = block_of(page)
        block, source = blocks[number], (page - first_page(number)) * page_words
        for start in range(0, wide_words, PAGE_ROWS):
            target = start * len(pages) + position * PAGE_ROWS
            for word in range(PAGE_ROWS):
                memory[target + word] = block[source + start + word]
        for start in range(wide_words, page_words, narrow_words):
            target = start * len(pages) + position * narrow_words
            for word in range(narrow_words):
                memory[target + word] = block[source + start + word]
    return touched
