"""A feed that a test moves by hand: real tables and snapshots, without source and thread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from pipelines.aggregates.last_values import LastValues
from pipelines.aggregates.rates import Rates
from pipelines.core.batch import Batch
from pipelines.core.clock import NS_PER_SECOND, ManualClock
from pipelines.core.dictionary import Dictionary
from pipelines.core.ledger import Ledger, LedgerSnapshot
from pipelines.core.message import DeadLetter
from pipelines.core.schema import KINDS
from pipelines.core.spec import TableSpec
from pipelines.live.status import FeedStatus
from pipelines.sources.contract import SourceStatus
from pipelines.sources.queue import MessageQueue
from pipelines.store.table import Table
from tests.live.hand_views import AnswersAtOnce, HandSource, StepsAtOnce

__all__ = ["START_NS", "FakeFeed"]

START_NS = 1_723_075_200 * NS_PER_SECOND


class FakeFeed(HandSource):
    """What views need of a `Feed`."""

    def __init__(self, name: str = "market", *, kinds: Sequence[str] = ("trades", "quotes")) -> None:
        self.name = name
        self.clock = ManualClock(START_NS)
        self.dictionary = Dictionary()
        self.tables = MappingProxyType({kind: Table(TableSpec(KINDS[kind])) for kind in kinds})
        self.generation = 0
        self.source = SourceStatus("connected", "127.0.0.1:1883")
        self.book = Ledger()
        self.skew_ns = 0
        self.wakes: set[Callable[[], None]] = set()
        self.faults: dict[str, str] = {}
        self.stopped_by = ""
        self.views = StepsAtOnce(self)
        self.explorer = AnswersAtOnce(self.tables, self.dictionary)
        self._aggregates: dict[tuple[str, str], Any] = {
            (aggregate, kind): maker(KINDS[kind])
            for kind in kinds
            if kind != "depth"
            for aggregate, maker in (("last", LastValues), ("rates", Rates))
        }

    @property
    def ledger(self) -> LedgerSnapshot:
        return self.book.snapshot

    def live_edge_ns(self) -> int:
        return self.clock.now_ns()

    def shown_edge_ns(self) -> int:
        return self.clock.now_ns()

    def snapshot(self, aggregate: str, kind: str) -> Any:
        made = self._aggregates.get((aggregate, kind))
        return made and made.snapshot()

    def write(self, batch: Batch) -> None:
        """Store rows of a kind, and publish."""
        kind = batch.schema.kind
        self.tables[kind].append(batch)
        for aggregate in ("last", "rates"):
            if (aggregate, kind) in self._aggregates:
                self._aggregates[aggregate, kind].update(batch)
        self.book.receive_messages(1)
        self.book.receive(kind, len(batch))
        self.book.settle(kind, "stored", len(batch))
        self.publish()

    def trade(self, symbol: str, price: float, *, size: float = 1.0, side: int = 1) -> None:
        """One trade, now."""
        self._write("trades", symbol=symbol, price=price, size=size, side=side)

    def quote(self, symbol: str, bid: float, ask: float) -> None:
        """One quote, now."""
        self._write("quotes", symbol=symbol, bid=bid, bid_size=1.0, ask=ask, ask_size=2.0)

    def read(self, sensor: str, value: float) -> None:
        """One reading, now."""
        self._write("readings", sensor=sensor, value=value, lat=np.nan, lon=np.nan)

    def reject(self, reason: str, excerpt: str) -> None:
        """One dead letter, now."""
        self.book.receive("unknown", 1)
        self.book.reject(DeadLetter("unknown", reason, None, self.clock.now_ns(), excerpt))
        self.publish()

    def publish(self) -> None:
        """Have views drawn, and wake who looks, as a writer does after each pass."""
        self.book.publish()
        self.generation += 1
        self.views.step(self.shown_edge_ns())
        for wake in tuple(self.wakes):
            wake()

    def status(self) -> FeedStatus:
        newest = [table.newest_ns for table in self.tables.values() if table.newest_ns is not None]
        return FeedStatus(
            name=self.name,
            address="mqtt://127.0.0.1:1883/ticks/#",
            source=self.source,
            queue=MessageQueue().statistics(),
            ledger=self.book.snapshot,
            window_records={kind: table.n_rows for kind, table in self.tables.items()},
            memory_bytes=sum(table.n_bytes for table in self.tables.values()),
            records_per_second=dict.fromkeys(self.tables, 0.0),
            lag_ns=max(self.live_edge_ns() - max(newest), 0) if newest else None,
            faults=self.faults,
            stopped_by=self.stopped_by,
            warm=True,
        )

    def _write(self, kind: str, **row: Any) -> None:
        schema = KINDS[kind]
        row |= {"time": self.clock.now_ns(), schema.key: self.dictionary.encode_one(row[schema.key])}
        columns = {column.name: np.array([row[column.name]], dtype=column.dtype) for column in schema.columns}
        self.write(Batch(schema, columns))
