"""Storing rows by key, against pandas' way: group each batch by key and keep the groups."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np
import pandas as pd

from pipelines.core.batch import Batch
from pipelines.core.schema import TRADES
from pipelines.core.spec import Retention, TableSpec
from pipelines.store.table import Table
from tests.benchmarks.harness import Row, median_s, paired

__all__ = ["rows"]

_BATCH = 10_000
_N_BATCHES = 100


def rows() -> Iterator[Row]:
    """Measure at 1, 50 and 5,000 keys."""
    for n_keys in (1, 50, 5_000):
        batches = _batches(n_keys)
        ours = median_s(lambda batches=batches: _ours(batches))
        stock = median_s(lambda batches=batches[:10]: _stock(batches)) * 10
        to_ns = 1e9 / (_BATCH * _N_BATCHES)
        includes = f"{_N_BATCHES} batches of {_BATCH:,} trades; append, seal, evict check; stock: DataFrame.groupby"
        yield paired(f"append_{n_keys}_keys", ours * to_ns, "ns/row", stock * to_ns, includes)


def _batches(n_keys: int) -> list[Batch]:
    random = np.random.default_rng(1)
    batches = []
    for number in range(_N_BATCHES):
        time = np.arange(number * _BATCH, (number + 1) * _BATCH, dtype=np.int64) * 1_000
        columns = {
            "time": time,
            "symbol": random.integers(0, n_keys, _BATCH, dtype=np.int32),
            "price": random.random(_BATCH),
            "size": random.random(_BATCH),
            "side": random.integers(-1, 2, _BATCH, dtype=np.int8),
        }
        batches.append(Batch(TRADES, columns))
    return batches


def _ours(batches: list[Batch]) -> None:
    table = Table(TableSpec(TRADES, Retention()))
    for batch in batches:
        table.append(batch)
        table.evict()


def _stock(batches: list[Batch]) -> None:
    groups: defaultdict[int, list[pd.DataFrame]] = defaultdict(list)
    for batch in batches:
        frame = pd.DataFrame(dict(batch.columns), copy=False)
        for key, group in frame.groupby("symbol"):
            groups[key].append(group)
