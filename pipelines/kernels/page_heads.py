"""What a key gives up first: the newest time of its oldest page, and how pages are dropped and used again."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipelines.kernels.compile import kernel
from pipelines.kernels.pages import FILL, FIRST_ROW, NEVER_NS, OPEN_ROW, PAGE_ROWS, block_of, first_page

__all__ = ["drop_pages", "free_pages", "head_times"]


@kernel("int32[:], int32[:], int64[:]")
def free_pages(pages: NDArray[np.int32], free: NDArray[np.int32], n_free: NDArray[np.int64]) -> None:
    """Put `pages` (int32[n]) back on the stacks of free pages; see `place_rows`."""
    for position in range(len(pages)):
        page = pages[position]
        block = block_of(page)
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
