"""A feed that a test fills by hand: a real table, and a clock that the test moves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pipelines.core.clock import NS_PER_SECOND, ManualClock
from pipelines.core.dictionary import Dictionary
from pipelines.core.ledger import LedgerSnapshot
from pipelines.core.schema import TRADES
from pipelines.core.spec import Retention, TableSpec
from pipelines.store.table import Table
from tests.batches import trades
from tests.live.hand_views import AnswersAtOnce, HandSource, StepsAtOnce

__all__ = ["NOON_NS", "HandFeed"]

NOON_NS = 1_723_118_400 * NS_PER_SECOND
"""8 August 2024, 12:00 UTC."""


class HandFeed(HandSource):
    """What a WindowBuffer and a picture need of a feed."""

    def __init__(self, *, symbols: tuple[str, ...] = ("BTC",), clock: Any = None, **retention: Any) -> None:
        self.clock = clock or ManualClock(NOON_NS)
        self.dictionary = Dictionary()
        self.dictionary.encode(symbols)
        self.tables = {"trades": Table(TableSpec(TRADES, Retention(**retention)))}
        self.generation = 0
        self.name = "feed"
        self.ledger = LedgerSnapshot()
        self.skew_ns = 0
        self.wakes: set[Callable[[], None]] = set()
        self.views = StepsAtOnce(self)
        self.explorer = AnswersAtOnce(self.tables, self.dictionary)

    def shown_edge_ns(self) -> int:
        return self.clock.now_ns()

    def add(self, time_ns: Any, price: Any = 100.0, *, symbol: str = "BTC", side: Any = 1) -> None:
        """Store trades and publish."""
        self.tables["trades"].append(trades(time_ns, key=self.dictionary.find(symbol), price=price, side=side))
        self.publish()

    def publish(self) -> None:
        """Have views drawn, and wake who looks, as a writer does after each pass."""
        self.generation += 1
        self.views.step(self.shown_edge_ns())
        for wake in tuple(self.wakes):
            wake()
