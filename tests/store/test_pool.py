from __future__ import annotations

import numpy as np

from pipelines.core.schema import READINGS
from pipelines.kernels.pages import FILL, FIRST_BLOCK_PAGES, LAST_PAGE, N_FIELDS, NEVER_NS, PAGE_ROWS
from pipelines.store.layout import Layout
from pipelines.store.pool import PagePool
from tests.batches import readings


class Snapshot:
    """Stands for what a reader holds."""


class Writer:
    """Writes to a pool as the shelves do."""

    def __init__(self, n_keys: int) -> None:
        self.pool = PagePool(Layout(READINGS))
        self.index, self.first = np.zeros((n_keys, N_FIELDS), np.int64), np.zeros(n_keys, np.int32)
        self.snapshot = self.publish()

    def publish(self) -> Snapshot:
        self.snapshot = Snapshot()
        self.pool.publish(self.snapshot)
        return self.snapshot

    def fill(self, keys: np.ndarray, n_rows: int = PAGE_ROWS) -> None:
        batch = readings(np.zeros(len(keys) * n_rows), key=np.repeat(keys, n_rows))
        self.pool.write(batch.columns, batch.keys, self.index, self.first)

    def page(self, key: int) -> int:
        return int(self.index[key, LAST_PAGE])

    def retire(self, keys: np.ndarray) -> None:
        limits = {"up_to_ns": NEVER_NS - 1, "min_rows": 0, "max_pages": self.pool.n_used}
        self.pool.drop(keys.astype(np.int64), self.index, self.first, **limits)


def test_a_page_is_used_again_once_no_snapshot_that_shows_it_lives() -> None:
    writer = Writer(4)
    writer.fill(np.array([0]))
    held_first, page = writer.publish(), writer.page(0)
    writer.publish()
    held_last = writer.snapshot
    writer.retire(np.array([0]))
    writer.publish()
    assert writer.pool.n_used == 0

    writer.fill(np.array([1]))
    assert writer.page(1) != page, "two snapshots show it"
    del held_last
    writer.fill(np.array([2]))
    assert writer.page(2) != page, "the older one still shows it"
    del held_first
    writer.fill(np.array([3]))
    assert writer.page(3) == page


def test_a_snapshot_that_came_after_a_page_was_retired_does_not_hold_it() -> None:
    writer = Writer(2)
    writer.fill(np.array([0]))
    page = writer.page(0)
    writer.publish()
    writer.retire(np.array([0]))
    held = writer.publish()
    writer.fill(np.array([1]))
    assert writer.page(1) == page
    assert held is writer.snapshot


def test_memory_grows_by_blocks_and_what_is_spare_is_given_back() -> None:
    writer = Writer(3 * FIRST_BLOCK_PAGES)
    keys = np.arange(len(writer.index))

    def n_blocks() -> int:
        return sum(len(block) > 0 for block in writer.pool.pages.blocks)

    writer.fill(keys[:10], n_rows=1)
    assert n_blocks() == 1
    writer.fill(keys, n_rows=1)
    assert n_blocks() == 3
    writer.retire(keys[10:])
    writer.publish()
    writer.fill(keys[:10], n_rows=1)
    assert n_blocks() == 1
    assert writer.index[:11, FILL].tolist() == [3] * 10 + [0]
