"""Readers in their own threads, while the writer appends and evicts."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from pipelines.core.schema import TRADES
from pipelines.core.spec import Retention, TableSpec
from pipelines.store.table import Table
from tests.batches import trades

N_KEYS = 6
N_BATCHES = 401
BATCH_ROWS = 3_000


@pytest.fixture(autouse=True)
def _threads_that_switch_often() -> Iterator[None]:
    interval_s = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval_s)


class Market:
    """A writer whose rows tell what they must be: `size` is the arrival number, `price` follows from time and key."""

    def __init__(self) -> None:
        self.table = Table(TableSpec(TRADES, Retention(window_ns=60_000, max_rows=80_000, min_rows=64)))
        self.n_rows = np.zeros(N_KEYS, np.int64)
        self._random = np.random.default_rng(1)

    def write(self) -> None:
        for number in range(N_BATCHES):
            # the first key is quiet, and silent for long: its pages go back to the pool and to other keys
            least = 0 if number % 50 == 0 else 1
            keys = self._random.integers(least, N_KEYS, BATCH_ROWS)
            rows = np.empty(BATCH_ROWS, np.int64)
            for key in range(N_KEYS):
                mine = keys == key
                rows[mine] = self.n_rows[key] + np.arange(mine.sum())
                self.n_rows[key] += mine.sum()
            time = number * BATCH_ROWS // 2 + np.arange(BATCH_ROWS) - self._random.integers(0, 300, BATCH_ROWS)
            self.table.append(trades(time, key=keys, price=price(time, keys), size=rows))
            self.table.evict()


def price(time: np.ndarray, key: np.ndarray) -> np.ndarray:
    return time * 10.0 + key


def check_rows(columns: dict[str, np.ndarray]) -> None:
    assert (columns["price"] == price(columns["time"], columns["symbol"])).all()
    assert (columns["side"] == 1).all()


def follow(table: Table, is_done: Callable[[], bool]) -> dict[int, tuple[int, int]]:
    """Take what is new of each key until nothing more comes; return rows seen and missed."""
    cursors, seen, missed = [0] * N_KEYS, [0] * N_KEYS, [0] * N_KEYS
    last_round = False
    while True:
        for key in range(N_KEYS):
            series = table.series(key)
            if series is None:
                continue
            rows = series.since(cursors[key])
            first = cursors[key] + rows.n_missed
            assert rows.columns["size"].tolist() == list(range(first, rows.next_row))
            check_rows(rows.columns)
            seen[key] += len(rows.columns["size"])
            missed[key] += rows.n_missed
            cursors[key] = rows.next_row
        if last_round:
            return {key: (seen[key], missed[key]) for key in range(N_KEYS)}
        last_round = is_done()


def look(table: Table, is_done: Callable[[], bool]) -> int:
    """Read ranges and tails at random until the writer is done; return how many were not empty."""
    random, n_looks = np.random.default_rng(2), 0
    while not is_done():
        for code in table.keys().tolist():
            series = table.series(code)
            if series is None:
                continue
            start = int(random.integers(0, N_BATCHES * BATCH_ROWS // 2))
            found = series.range(start, start + 5_000)
            check_rows(found)
            assert (np.diff(found["time"]) >= 0).all()
            assert len(np.unique(found["size"])) == len(found["size"])
            newest = series.tail(500)
            check_rows(newest)
            assert newest["size"].tolist() == list(range(max(series.first_row, series.next_row - 500), series.next_row))
            n_looks += len(found["time"]) > 0
    return n_looks


def test_no_reader_sees_a_torn_row_or_loses_or_doubles_one() -> None:
    market, results = Market(), {}
    done = threading.Event()

    def run(name: str, read: Callable[[Table, Callable[[], bool]], object]) -> threading.Thread:
        thread = threading.Thread(target=lambda: results.update({name: read(market.table, done.is_set)}))
        thread.start()
        return thread

    readers = [run("follow", follow), run("look", look)]
    try:
        market.write()
    finally:
        done.set()
        for reader in readers:
            reader.join()
    assert results["look"] > 0
    for key in range(N_KEYS):
        seen, missed = results["follow"][key]
        assert seen + missed == market.n_rows[key]
        assert seen > 0
    assert market.table.n_evicted > 0


def test_a_reader_that_stopped_in_the_middle_still_reads_what_it_began_with() -> None:
    table = Table(TableSpec(TRADES, Retention(window_ns=100, min_rows=0)))
    table.append(trades(np.arange(100), price=np.arange(100)))
    snapshot = table._snapshot  # where `series` starts; the writer goes on before it reads the rows
    last_page, n_open = snapshot.index[0].tolist()[:2]
    for number in range(1, 50):
        table.append(trades(number * 1_000 + np.arange(1_000), key=np.arange(1_000) % 20, price=-1.0))
        table.evict()
    memory = snapshot.pages.read(snapshot.pages.chain(last_page, n_open))
    prices = snapshot.pages.layout.columns(memory, n_open)["price"]
    assert prices.tolist() == list(range(100))
