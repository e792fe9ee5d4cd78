"""A feed that a test fills by hand: a real table, and a clock that the test moves."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from pipelines.core.clock import NS_PER_SECOND, ManualClock
from pipelines.core.dictionary import Dictionary
from pipelines.core.schema import TRADES
from pipelines.core.spec import Retention, TableSpec, ViewSpec
from pipelines.live.explore.explorer import Explorer
from pipelines.live.explore.queue import Deliver
from pipelines.live.explore.request import ExploreRequest
from pipelines.live.frames.views import Subscription, Views
from pipelines.store.table import Table
from tests.batches import trades

__all__ = ["NOON_NS", "HandFeed"]

NOON_NS = 1_723_118_400 * NS_PER_SECOND
"""8 August 2024, 12:00 UTC."""


class HandFeed:
    """What a WindowBuffer and a picture need of a feed."""

    def __init__(self, *, symbols: tuple[str, ...] = ("BTC",), clock: Any = None, **retention: Any) -> None:
        self.clock = clock or ManualClock(NOON_NS)
        self.dictionary = Dictionary()
        self.dictionary.encode(symbols)
        self.tables = {"trades": Table(TableSpec(TRADES, Retention(**retention)))}
        self.generation = 0
        self.name = "feed"
        self.views = _StepsAtOnce(
            tables=self.tables,
            dictionary=self.dictionary,
            clock=self.clock,
            memory_bytes=1 << 30,
            on_error=_raise,
        )
        self.views.feed = self
        self.explorer = _AnswersAtOnce(self.tables, self.dictionary)

    def shown_edge_ns(self) -> int:
        return self.clock.now_ns()

    def add(self, time_ns: Any, price: Any = 100.0, *, symbol: str = "BTC") -> None:
        """Store trades and publish."""
        self.tables["trades"].append(trades(time_ns, key=self.dictionary.find(symbol), price=price))
        self.publish()

    def publish(self) -> None:
        self.generation += 1
        self.views.step(self.shown_edge_ns())


class _StepsAtOnce(Views):
    """Views that are drawn as soon as somebody looks."""

    feed: HandFeed

    def subscribe(self, spec: ViewSpec) -> Subscription:
        subscription = super().subscribe(spec)
        for _ in range(1_000):  # each may only take a few milliseconds
            self.step(self.feed.shown_edge_ns())
            if subscription.frame is not None and subscription.frame.progress == 1.0:
                break
        return subscription


class _AnswersAtOnce(Explorer):
    """An explorer that answers in the thread that asks."""

    def ask(self, viewer: Hashable, request: ExploreRequest, deliver: Deliver) -> bool:
        for answer in self._answer(request.snapped()):
            deliver(answer)
        return True


def _raise(_: str, error: BaseException) -> None:
    raise error
