"""A feed: one source, its graph and what the graph writes to. It lives once a process and outlives its sessions."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from pipelines.core.clock import NS_PER_SECOND, Clock, SystemClock
from pipelines.core.dictionary import Dictionary
from pipelines.core.ledger import Ledger
from pipelines.core.spec import FeedSpec
from pipelines.decoders.catalogue import make_decoder
from pipelines.graph.build import build
from pipelines.graph.catalogue import open_source
from pipelines.graph.context import Context
from pipelines.graph.rehearse import rehearse
from pipelines.graph.skew import SkewEstimate
from pipelines.graph.writer import Writer
from pipelines.live.status import FeedStatus, Throughput
from pipelines.store.table import Table

__all__ = ["Feed"]

_SNAPSHOT_PERIOD_NS: Final = NS_PER_SECOND // 10


class Feed:
    """One source and everything that is computed from it.

    Parameters
    ----------
    spec : FeedSpec
        What to read and keep.
    clock : Clock
        Where the time comes from.

    Attributes
    ----------
    dictionary : Dictionary
        Names of symbols and sensors, and their codes.
    tables : mapping of str to Table
        Rows by kind.
    generation : int
        Goes up each time something was published.

    Raises
    ------
    SpecError
        Where the source's format or an aggregate is unknown.

    Notes
    -----
    *Threads.* The writer's thread alone changes tables and aggregates. Everything public here may be used from any
    thread. A wake carries no data and may be lost or come twice: look at `generation`.
    """

    def __init__(self, spec: FeedSpec, *, clock: Clock | None = None) -> None:
        self.spec = spec
        self.name = spec.source.name
        self.clock = clock or SystemClock()
        self.dictionary = Dictionary()
        self.tables: Mapping[str, Table] = {table.schema.kind: Table(table) for table in spec.tables}
        self.generation = 0
        self._ledger = Ledger()
        self._context = Context(self.clock, self._ledger, self.tables, SkewEstimate())
        self.graph = build(spec, self._context, make_decoder(spec.source, self.dictionary))
        self.source = open_source(spec.source, clock=self.clock)
        self._writer = Writer(
            source=self.source,
            graph=self.graph,
            context=self._context,
            coalesce_ns=spec.coalesce_ns,
            prepare=self._rehearse,
            publish=self._publish,
        )
        self._warm = False
        self._wakes: tuple[Callable[[], None], ...] = ()
        self._lock = threading.Lock()
        self._throughput = Throughput()
        self._snapshots: Mapping[tuple[str, str], Any] = MappingProxyType({})
        self._snapshots_at_ns = -_SNAPSHOT_PERIOD_NS
        self._seen = (-1, -1)
        self._take_snapshots()

    def start(self) -> None:
        """Start writer and source. Does nothing where they run."""
        self._writer.start()
        self.source.start()

    def stop(self) -> None:
        """Stop source and writer, and keep what is stored. Does nothing where they are stopped."""
        self.source.stop()
        self._writer.stop()

    def snapshot(self, aggregate: str, kind: str) -> Any:
        """Return an aggregate's newest published snapshot, or None where the feed has no such aggregate."""
        return self._snapshots.get((aggregate, kind))

    def live_edge_ns(self) -> int:
        """Return the time that a following picture ends at: our clock plus the source's estimated skew."""
        return self.clock.now_ns() + (self._context.skew.ns or 0)

    def on_wake(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call `callback` from the writer's thread whenever something was published. Returns what ends that."""
        with self._lock:
            self._wakes = (*self._wakes, callback)

        def end() -> None:
            with self._lock:
                self._wakes = tuple(wake for wake in self._wakes if wake is not callback)

        return end

    def status(self) -> FeedStatus:
        """Return how the feed stands. Its ledger is one published snapshot."""
        return FeedStatus(
            name=self.name,
            address=self.spec.source.redacted,
            source=self.source.status(),
            queue=self.source.queue.statistics(),
            ledger=self._ledger.snapshot,
            window_records=MappingProxyType({kind: table.n_rows for kind, table in self.tables.items()}),
            memory_bytes=sum(table.n_bytes for table in self.tables.values()),
            records_per_second=self._throughput.per_second,
            lag_ns=self._lag_ns(),
            faults=MappingProxyType({name: fault.newest for name, fault in tuple(self._context.faults.items())}),
            stopped_by=self._context.stopped_by,
            warm=self._warm,
        )

    def _rehearse(self) -> None:
        if not self._warm:
            rehearse(self.spec)
            self._warm = True

    def _lag_ns(self) -> int | None:
        newest = [table.newest_ns for table in self.tables.values() if table.newest_ns is not None]
        return max(self.live_edge_ns() - max(newest), 0) if newest else None

    def _publish(self) -> None:
        snapshot = self._ledger.publish()
        self._throughput.observe(snapshot, now_ns=self.clock.monotonic_ns())
        for table in self.tables.values():
            table.evict()
        seen = (snapshot.n_messages, sum(table.generation for table in self.tables.values()))
        changed = seen != self._seen
        self._seen = seen
        if self.clock.monotonic_ns() - self._snapshots_at_ns >= _SNAPSHOT_PERIOD_NS:
            self._take_snapshots()
        if changed:
            self.generation += 1
            for wake in self._wakes:
                wake()

    def _take_snapshots(self) -> None:
        self._snapshots_at_ns = self.clock.monotonic_ns()
        self._snapshots = MappingProxyType(
            {name: aggregate.snapshot() for name, aggregate in self.graph.aggregates.items()}
        )
