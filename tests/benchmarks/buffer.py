"""Feeding a session's Buffer: the new rows, against `Buffer.send`, which copies the window."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import holoviews as hv
import numpy as np
import pandas as pd

from pipelines.core.batch import Batch
from pipelines.core.dictionary import Dictionary
from pipelines.core.schema import TRADES
from pipelines.core.spec import Retention, TableSpec
from pipelines.live.window_buffer import WindowBuffer
from pipelines.store.table import Table
from tests.benchmarks.harness import Row, median_s, paired

__all__ = ["rows"]

_NEW = 10_000
_WINDOWS = {"100k": 100_000, "1m": 1_000_000, "10m": 10_000_000}
_COLUMNS = ("price", "size")


class _Feed:
    """Just what a WindowBuffer needs: one table of one symbol."""

    def __init__(self) -> None:
        self.dictionary = Dictionary()
        self.dictionary.encode_one("BTC")
        table = Table(TableSpec(TRADES, Retention(window_ns=1 << 60)))
        self.tables: Mapping[str, Table] = {"trades": table}
        self.generation = 0
        self._n_rows = 0

    def shown_edge_ns(self) -> int:
        return self._n_rows * 1_000

    def append(self, n_rows: int) -> None:
        for n_new in [100_000] * (n_rows // 100_000) or [n_rows]:
            self.tables["trades"].append(_batch(self._n_rows, n_new))
            self._n_rows += n_new
        self.generation += 1


def rows() -> Iterator[Row]:
    """Measure with windows of 100k, 1M and 10M rows."""
    for name, n_rows in _WINDOWS.items():
        ours, stock = _ours(n_rows), _stock(n_rows)
        includes = f"{_NEW:,} new rows of time, price, size to one session's Buffer with one subscriber"
        yield paired(f"buffer_{name}", ours * 1e3, "ms", stock * 1e3, includes)


def _ours(n_rows: int) -> float:
    feed = _Feed()
    feed.append(n_rows)
    buffer = WindowBuffer(feed, kind="trades", key="BTC", columns=_COLUMNS, span_ns=n_rows * 1_000)
    seen: list[int] = []
    buffer.add_subscriber(lambda data: seen.append(len(data)))
    buffer.pull()
    seconds = median_s(buffer.pull, n_runs=9, prepare=lambda: feed.append(_NEW))
    assert seen[-1] >= n_rows
    return seconds


def _stock(n_rows: int) -> float:
    frame = _frame(0, n_rows)
    buffer = hv.streams.Buffer(frame, length=n_rows, index=False)
    seen: list[int] = []
    buffer.add_subscriber(lambda data: seen.append(len(data)))
    new = _frame(n_rows, _NEW)
    seconds = median_s(lambda: buffer.send(new), n_runs=9)
    assert seen[-1] == n_rows
    return seconds


def _frame(first: int, n_rows: int) -> pd.DataFrame:
    batch = _batch(first, n_rows)
    columns = {"time": batch.time.view("datetime64[ns]")} | {name: batch[name] for name in _COLUMNS}
    return pd.DataFrame(columns)


def _batch(first: int, n_rows: int) -> Batch:
    columns = {
        "time": np.arange(first, first + n_rows, dtype=np.int64) * 1_000,
        "symbol": np.zeros(n_rows, dtype=np.int32),
        "price": np.random.default_rng(first).random(n_rows),
        "size": np.ones(n_rows),
        "side": np.ones(n_rows, dtype=np.int8),
    }
    return Batch(TRADES, columns)
