from __future__ import annotations

from collections import defaultdict

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipelines.kernels.page_heads import drop_pages, free_pages, head_times
from pipelines.kernels.pages import (
    FILL,
    FIRST_BLOCK_PAGES,
    LAST_PAGE,
    N_BLOCKS,
    N_FIELDS,
    NEVER_NS,
    PAGE_ROWS,
    chain_pages,
    first_page,
    gather_pages,
    place_rows,
    scatter_column,
)

N_KEYS = 5
PAGE_WORDS = (8 + 8 + 1) * PAGE_ROWS // 8


class Memory:
    """Pages in two blocks, of which the first has few left, so that rows come to lie in both.

    A row is a time, the same as a float, and its remainder by 100.
    """

    def __init__(self, n_left: int) -> None:
        n_pages = first_page(2)
        self.index = np.zeros((N_KEYS, N_FIELDS), np.int64)
        self.first = np.zeros(N_KEYS, np.int32)
        self.previous, self.following = np.zeros(n_pages, np.int32), np.zeros(n_pages, np.int32)
        self.newest = np.zeros(n_pages, np.int64)
        self.free = np.arange(n_pages, dtype=np.int32)
        self.n_free = np.array([n_left, FIRST_BLOCK_PAGES] + [0] * (N_BLOCKS - 2))
        sizes = [FIRST_BLOCK_PAGES * PAGE_WORDS] * 2 + [0] * (N_BLOCKS - 2)
        self.blocks = tuple(np.zeros(size, np.int64) for size in sizes)

    def write(self, keys: np.ndarray, times: np.ndarray, values: np.ndarray) -> None:
        places = np.empty(len(keys), np.int64)
        links = (self.first, self.previous, self.following, self.newest, self.free, self.n_free)
        place_rows(keys, times, self.index, *links, places)
        scatter_column(times, places, self.blocks, 0, PAGE_WORDS)
        scatter_column(values.view(np.int64), places, self.blocks, PAGE_ROWS, PAGE_WORDS)
        octets = tuple(block.view(np.int8) for block in self.blocks)
        scatter_column((values % 100).astype(np.int8), places, octets, 2 * PAGE_ROWS * 8, PAGE_WORDS * 8)

    def pages(self, key: int) -> np.ndarray:
        pages = np.empty(-(-self.index[key, FILL] // PAGE_ROWS), np.int32)
        chain_pages(self.index[key, LAST_PAGE], self.previous, pages)
        return pages

    def values(self, key: int) -> list[float]:
        pages, fill = self.pages(key), self.index[key, FILL]
        memory = np.empty(len(pages) * PAGE_WORDS, np.int64)
        gather_pages(pages, self.blocks, 2, PAGE_WORDS, memory)
        room = len(pages) * PAGE_ROWS
        values = memory[room:][:fill].view(np.float64)
        assert memory[:fill].tolist() == values.tolist()
        assert memory[2 * room :].view(np.int8)[:fill].tolist() == (values % 100).tolist()
        return values.tolist()


@given(
    st.lists(st.lists(st.integers(0, N_KEYS - 1), max_size=200), max_size=6),
    st.integers(0, 4),
)
def test_each_key_finds_its_rows_in_the_order_in_which_they_came(batches: list[list[int]], n_left: int) -> None:
    memory, expected, value = Memory(n_left), defaultdict[int, list[float]](list), 0.0
    for codes in batches:
        values = np.arange(value, value + len(codes))
        memory.write(np.array(codes, np.int32), values.astype(np.int64), values)
        for code, written in zip(codes, values.tolist(), strict=True):
            expected[code].append(written)
        value += len(codes)
    for key in range(N_KEYS):
        assert memory.values(key) == expected[key]
        for page, start in zip(memory.pages(key), range(0, len(expected[key]), PAGE_ROWS), strict=True):
            assert memory.newest[page] == max(expected[key][start : start + PAGE_ROWS])


def test_pages_leave_from_the_front_while_they_are_old_enough_and_the_minimum_stays() -> None:
    memory = Memory(100)
    n_rows = 3 * PAGE_ROWS + 10
    times = np.arange(n_rows)
    for key in range(3):
        memory.write(np.full(n_rows, key, np.int32), times, times.astype(float))
    before = [memory.pages(key).tolist() for key in range(3)]
    dropped = np.empty(3, np.int32)
    codes = np.array([0, 1, 2])
    links = (memory.first, memory.following, memory.newest)
    n_dropped = drop_pages(codes, memory.index, *links, 2 * PAGE_ROWS - 1, 2 * PAGE_ROWS, dropped)
    assert dropped[:n_dropped].tolist() == [pages[0] for pages in before]
    n_dropped = drop_pages(codes, memory.index, *links, 2 * PAGE_ROWS - 1, 0, dropped)
    assert dropped[:n_dropped].tolist() == [pages[1] for pages in before]
    n_dropped = drop_pages(codes, memory.index, *links, NEVER_NS - 1, 0, dropped)
    assert n_dropped == 3, "no more than there is room for"
    assert [memory.values(key) for key in range(3)] == [
        [],
        list(map(float, times[3 * PAGE_ROWS :])),
        list(map(float, times[2 * PAGE_ROWS :])),
    ]
    assert memory.index[:3].tolist()[0][2:] == [n_rows, n_rows]


def test_pages_that_were_freed_are_taken_again() -> None:
    memory = Memory(2)
    memory.write(np.zeros(3 * PAGE_ROWS, np.int32), np.zeros(3 * PAGE_ROWS, np.int64), np.zeros(3 * PAGE_ROWS))
    pages = memory.pages(0)
    n_free = memory.n_free.copy()
    free_pages(pages, memory.free, memory.n_free)
    assert (memory.n_free - n_free).tolist()[:3] == [2, 1, 0]
    memory.write(np.ones(PAGE_ROWS, np.int32), np.zeros(PAGE_ROWS, np.int64), np.ones(PAGE_ROWS))
    assert memory.pages(1)[0] in pages


def test_a_head_is_the_first_segment_or_else_the_first_page_where_the_minimum_stays() -> None:
    memory = Memory(100)
    times = np.arange(100)
    for key in (0, 1):
        memory.write(np.full(100, key, np.int32), times, times.astype(float))
    sealed = np.full(N_KEYS, NEVER_NS)
    sealed[1] = 7
    memory.index[1, 2] = 4_096
    heads = np.empty(N_KEYS, np.int64)
    links = (memory.index, memory.first, memory.newest, sealed, 4_096)
    head_times(*links, 36, heads)
    assert heads.tolist() == [63, 7, NEVER_NS, NEVER_NS, NEVER_NS]
    head_times(*links, 37, heads)
    assert heads.tolist() == [NEVER_NS, 7, NEVER_NS, NEVER_NS, NEVER_NS]
    head_times(*links, 101, heads)
    assert heads.tolist() == [NEVER_NS] * N_KEYS
