"""A feed that a test moves by hand, with bars."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pipelines.aggregates.bars import Bars
from pipelines.aggregates.candles import Candles, bars_of
from pipelines.core.batch import Batch
from pipelines.core.clock import NS_PER_SECOND, parse_duration_ns
from pipelines.core.schema import KINDS
from pipelines.live.bars.key_bars import PERIODS
from tests.batches import trades
from tests.views.fakes import FakeFeed

__all__ = ["BarFeed", "assert_same_bars"]


class BarFeed(FakeFeed):
    """A feed that also has bars, of `n_bars` periods."""

    def __init__(self, *, kinds: Sequence[str] = ("trades",), n_bars: int = 256) -> None:
        super().__init__(kinds=kinds)
        self.bars = {
            (name, kind): Bars(KINDS[kind], period_ns=parse_duration_ns(name.removeprefix("bars.")), n_bars=n_bars)
            for kind in kinds
            for name in {name for name, _ in PERIODS.values()}
        }
        self._aggregates.update(self.bars)

    def write(self, batch: Batch) -> None:
        for (_, kind), bars in self.bars.items():
            if kind == batch.schema.kind:
                bars.update(batch)
        super().write(batch)

    def add(self, seconds: Any, price: Any, *, size: Any = 1.0, symbol: str = "A") -> None:
        """Trades of a symbol at seconds since 1970."""
        time_ns = np.round(np.atleast_1d(seconds) * NS_PER_SECOND).astype(np.int64)
        self.write(trades(time_ns, key=self.dictionary.encode_one(symbol), price=price, size=size))

    def recomputed(self, period: str, *, code: int = 0) -> Candles:
        """The bars of all rows that the feed keeps of a key."""
        table = self.tables["trades"]
        series = table.series(code)
        assert series is not None
        info = np.iinfo(np.int64)
        return bars_of(series.range(info.min, info.max), table.schema, period_ns=parse_duration_ns(period))


def assert_same_bars(bars: Candles, wanted: Candles) -> None:
    """Check that bars are equal but for the last bits of sums."""
    assert bars.period_ns == wanted.period_ns
    for name, column in wanted.columns().items():
        np.testing.assert_allclose(bars.columns()[name], column, rtol=1e-12, err_msg=name)
