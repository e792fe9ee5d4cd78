"""A feed: one source, its graph and what the graph writes to. It lives once a process and outlives its sessions."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from pipelines.core.clock import NS_PER_SECOND, Clock, SystemClock
from pipelines.core.dictionary import Dictionary
from pipelines.core.ledger import Ledger, LedgerSnapshot
from pipelines.core.spec import FeedSpec, View, ViewSpec
from pipelines.decoders.catalogue import make_decoder
from pipelines.graph.build import build
from pipelines.graph.catalogue import open_source
from pipelines.graph.context import Context
from pipelines.graph.rehearse import rehearse
from pipelines.graph.skew import SkewEstimate
from pipelines.graph.writer import Writer
from pipelines.live.explore.explorer import Explorer
from pipelines.live.explore.ways import Ways
from pipelines.live.frames.frame import Frame
from pipelines.live.frames.live_view import FRAME_NS
from pipelines.live.frames.views import Views
from pipelines.live.status import FeedStatus, Throughput
from pipelines.live.streams.open import open_stream
from pipelines.live.streams.stream import ViewStream
from pipelines.store.table import Table

__all__ = ["Feed"]

_SNAPSHOT_PERIOD_NS: Final = NS_PER_SECOND // 10
_IDLE_S: Final = 0.25
_BEHIND_S: Final = 0.001
"""So short a wait lets others run while there is more to draw than one slice of time is enough for."""
_SNAPSHOT_REST: Final = 20
"""Snapshots of thousands of keys take milliseconds: rest this many times as long before the next."""


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
    views : Views
        Live pictures of its rows.
    explorer : Explorer
        Pictures of any range of them.
    wakes : set of callable
        Called, in the writer's thread, when there are new frames. They carry no data and must return at once.

    Raises
    ------
    SpecError
        Where the source's format or an aggregate is unknown.

    Notes
    -----
    *Threads.* The writer's thread alone changes tables and aggregates. Everything public here may be used from any
    thread.
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
            patience_s=self._patience_s,
        )
        self.views = Views(
            tables=self.tables,
            dictionary=self.dictionary,
            clock=self.clock,
            memory_bytes=spec.picture_bytes // 2,
            on_error=lambda name, error: self._context.fault(name, "drop", error),
        )
        ways = Ways(tile_bytes=spec.picture_bytes // 3)
        self.explorer = Explorer(self.tables, self.dictionary, cache_bytes=spec.picture_bytes // 6, ways=ways)
        self.wakes: set[Callable[[], None]] = set()
        self._warm = False
        self._lock = threading.Lock()
        self._throughput = Throughput()
        self._snapshots: Mapping[tuple[str, str], Any] = MappingProxyType({})
        self._snapshots_due_ns = 0
        self._in_snapshots: tuple[int, ...] = ()
        self._published: tuple[int, ...] = ()
        self._take_snapshots()

    def start(self) -> None:
        """Start source and writer, also after the feed has stopped by itself. Does nothing where they run."""
        with self._lock:
            self.source.start()  # first: it empties the queue of what it will send again
            self._writer.start()
            self.explorer.start()

    def stop(self) -> None:
        """Stop source and writer, and keep what is stored. Does nothing where they are stopped."""
        with self._lock:
            self.source.stop()
            self._writer.stop()
            self.views.rest()
            self.explorer.stop()

    def snapshot(self, aggregate: str, kind: str) -> Any:
        """Return an aggregate's newest published snapshot, or None where the feed has no such aggregate."""
        return self._snapshots.get((aggregate, kind))

    @property
    def kinds(self) -> tuple[str, ...]:
        """Which kinds of rows there may be."""
        return tuple(self.tables)

    def has_rows(self, kind: str, key: str) -> bool:
        """Tell whether there are rows of a kind and key."""
        table = self.tables.get(kind)
        return table is not None and table.series(self.dictionary.find(key)) is not None

    def stream(self, view: View) -> ViewStream:
        """Begin to send a view, from the loop that sends; raises `SpecError` where it can't be."""
        return open_stream(self, view)

    def still(self, view: ViewSpec, timeout_s: float) -> Frame | None:
        """Return a picture of a view; None where it can't be, or does not come in time."""
        return self.views.still(view, timeout_s)

    @property
    def ledger(self) -> LedgerSnapshot:
        """What became of every record, as it was published last."""
        return self._ledger.snapshot

    @property
    def newest_ns(self) -> int | None:
        """Event time of the newest row that is believed, nanoseconds UTC; None before the first."""
        return max((gate.edge_ns for gate in self.graph.gates.values() if gate.edge_ns is not None), default=None)

    @property
    def skew_ns(self) -> int:
        """How far the source's clock is ahead of ours, as estimated; 0 before the first row."""
        return self._context.skew.ns or 0

    def live_edge_ns(self) -> int:
        """Return what time it is at the source: our clock plus the source's estimated skew."""
        return self.clock.now_ns() + self.skew_ns

    def shown_edge_ns(self) -> int:
        """Return the time that a following picture ends at: the live edge, until a second after the newest row.

        So a picture of a stream that ended, or is quiet, shows how it ended, whenever it is opened.
        """
        newest_ns = self.newest_ns
        edge_ns = self.live_edge_ns()
        return edge_ns if newest_ns is None else min(edge_ns, newest_ns + NS_PER_SECOND)

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
        if self._warm:
            return
        try:
            rehearse(self.spec)
        finally:  # even where it fails: rows flow without it
            self._warm = True

    def _lag_ns(self) -> int | None:
        newest_ns = self.newest_ns
        return None if newest_ns is None else max(self.live_edge_ns() - newest_ns, 0)

    def _publish(self) -> None:
        snapshot = self._ledger.publish()
        self._throughput.observe(snapshot, now_ns=self.clock.monotonic_ns())
        for kind, table in self.tables.items():
            table.evict(self.graph.gates[kind].edge_ns)
        changes = (snapshot.n_messages, *(table.generation for table in self.tables.values()))
        if self._take_snapshots() or changes != self._published:
            self._published = changes
            self.generation += 1
        if self.views.step(self.shown_edge_ns()):
            for wake in tuple(self.wakes):
                wake()
        if self._context.stopped_by:
            self.views.rest()

    def _patience_s(self) -> float:
        """Return how long the writer waits for messages: shorter while somebody watches the live edge move on."""
        if self.views.is_behind:
            return _BEHIND_S
        return _IDLE_S if len(self.views) == 0 else FRAME_NS / NS_PER_SECOND

    def _take_snapshots(self) -> bool:
        """Publish what the aggregates hold, where they changed and enough time has passed since the last time."""
        began_ns = self.clock.monotonic_ns()
        generations = tuple(table.generation for table in self.tables.values())
        if began_ns < self._snapshots_due_ns or generations == self._in_snapshots:
            return False
        self._snapshots = MappingProxyType(
            {name: aggregate.snapshot() for name, aggregate in self.graph.aggregates.items()}
        )
        self._in_snapshots = generations
        ended_ns = self.clock.monotonic_ns()
        self._snapshots_due_ns = ended_ns + max(_SNAPSHOT_PERIOD_NS, _SNAPSHOT_REST * (ended_ns - began_ns))
        return True
