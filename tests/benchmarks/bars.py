"""Bars of many symbols at once, against pandas and polars, and what a chart of candles costs."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from statistics import median
from typing import Any, Final

import numpy as np
import pandas as pd
import polars as pl

from pipelines.aggregates.bars import Bars, BarsSnapshot
from pipelines.core.batch import Batch
from pipelines.core.clock import NS_PER_SECOND
from pipelines.core.schema import TRADES
from pipelines.core.spec import Retention, TableSpec
from pipelines.live.bars.key_bars import KeyBars
from pipelines.live.wire.bars import BarsEncoder
from pipelines.store.table import Table
from tests.benchmarks.harness import Row, median_s, paired
from tests.benchmarks.walk import START_NS

__all__ = ["rows"]

_TICKS: Final = 10_000
_BATCH_NS: Final = NS_PER_SECOND // 100
_N_BATCHES: Final = 100
_SNAPSHOT_BATCHES: Final = 10
_N_STOCK: Final = 10
_CHART_SYMBOLS: Final = 50
_N_UPDATES: Final = 300


def rows() -> Iterator[Row]:
    """Measure bars of a second at 500 and 5,000 symbols, and one symbol's candles after 10,000 ticks of 50."""
    to_ns = 1e9 / (_TICKS * _N_BATCHES)
    for n_symbols in (500, 5_000):
        batches = [_batch(number, n_symbols) for number in range(_N_BATCHES)]
        ours = median_s(lambda batches=batches: _ours(batches)) * to_ns
        includes = f"{_N_BATCHES} batches of {_TICKS:,}: open to close, volume, VWAP, sides; 10 snapshots"
        for library, stock in {"pandas": _pandas, "polars": _polars}.items():
            theirs = stock(batches[:_N_STOCK]) * to_ns * (_N_BATCHES / _N_STOCK)
            name = f"bars_{n_symbols}_{library}"
            yield paired(name, ours, "ns/tick", theirs, f"{includes}; stock: {library} group by, each batch alone")
    yield from _candles()


def _ours(batches: list[Batch]) -> None:
    bars = Bars(TRADES, period_ns=NS_PER_SECOND)
    for number, batch in enumerate(batches):
        bars.update(batch)
        if number % _SNAPSHOT_BATCHES == 0:
            bars.snapshot()


def _pandas(batches: list[Batch]) -> float:
    wanted = {
        "open": ("price", "first"),
        "high": ("price", "max"),
        "low": ("price", "min"),
        "close": ("price", "last"),
        "volume": ("size", "sum"),
        "turnover": ("turnover", "sum"),
    }
    frames = [pd.DataFrame(dict(batch.columns), copy=False) for batch in batches]

    def work() -> None:
        for frame in frames:
            bar, turnover = frame["time"] // NS_PER_SECOND, frame["price"] * frame["size"]
            frame.assign(bar=bar, turnover=turnover).groupby(["symbol", "bar"], sort=False).agg(**wanted)

    return median_s(work)


def _polars(batches: list[Batch]) -> float:
    price, size = pl.col("price"), pl.col("size")
    wanted = {
        "open": price.first(),
        "high": price.max(),
        "low": price.min(),
        "close": price.last(),
        "volume": size.sum(),
        "turnover": (price * size).sum(),
    }
    frames = [pl.DataFrame(dict(batch.columns)) for batch in batches]

    def work() -> None:
        for frame in frames:
            frame.group_by("symbol", (pl.col("time") // NS_PER_SECOND).alias("bar")).agg(**wanted)

    return median_s(work)


class _Chart:
    """One symbol's candles, and the messages that bring a viewer of them up to date."""

    def __init__(self) -> None:
        self.tables: Mapping[str, Table] = {"trades": Table(TableSpec(TRADES, Retention()))}
        self._bars = Bars(TRADES, period_ns=NS_PER_SECOND)
        self._candles = KeyBars(self, kind="trades", code=0, period="1s")
        self._encoder = BarsEncoder()
        self._n_batches = 0

    def snapshot(self, aggregate: str, kind: str) -> BarsSnapshot:
        return self._bars.snapshot()

    def prepare(self) -> None:
        self._batch = _batch(self._n_batches, _CHART_SYMBOLS)
        self._n_batches += 1

    def update(self) -> int:
        """Take in rows; returns the size of the message for a viewer who had what came before."""
        base = self._encoder.generation
        self._bars.update(self._batch)
        self._candles.update()
        self._encoder.take(self._candles.first_ordinal, self._candles.candles)
        return sum(map(len, self._encoder.messages(base)))


def _candles() -> Iterator[Row]:
    chart = _Chart()
    times, sizes = [], []
    for _ in range(_N_UPDATES):
        chart.prepare()
        start = time.perf_counter()
        n_bytes = chart.update()
        times.append(time.perf_counter() - start)
        sizes.append(n_bytes)
    stock = _pandas([_batch(0, _CHART_SYMBOLS)])
    includes = f"{_TICKS:,} ticks of {_CHART_SYMBOLS} symbols: bars of all, one's candles of 1 s; "
    yield paired("ohlc_update_ms", median(times) * 1e3, "ms", stock * 1e3, f"{includes}stock: pandas group by alone")
    yield Row("ohlc_update_bytes", median(sizes), "bytes", None, None, f"{includes}the message to a viewer")


def _batch(number: int, n_symbols: int) -> Batch:
    random = np.random.default_rng(number)
    start_ns = START_NS + number * _BATCH_NS
    columns: dict[str, Any] = {
        "time": start_ns + np.arange(_TICKS, dtype=np.int64) * (_BATCH_NS // _TICKS),
        "symbol": random.integers(0, n_symbols, _TICKS, dtype=np.int32),
        "price": np.round(100 + random.standard_normal(_TICKS), 2),
        "size": np.round(random.random(_TICKS), 3),
        "side": random.integers(0, 2, _TICKS, dtype=np.int8) * np.int8(2) - np.int8(1),
    }
    return Batch(TRADES, columns)
