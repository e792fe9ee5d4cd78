"""The steps that every record takes: decode, validate, deduplicate, append, aggregate."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from streamz import Stream

from pipelines.aggregates.contract import Aggregate
from pipelines.core.batch import Batch
from pipelines.core.errors import ErrorPolicy
from pipelines.core.ledger import UNKNOWN_KIND
from pipelines.core.message import DeadLetter, Message
from pipelines.decoders.contract import Decoder
from pipelines.graph.context import Context
from pipelines.graph.node import Node
from pipelines.graph.recent import RecentRows
from pipelines.graph.witness import TimeGate

__all__ = ["AggregateNode", "Append", "Decode", "Deduplicate", "OfKind", "Validate"]


class Decode(Node):
    """From messages to batches, one a kind. What can't be decoded becomes a dead letter, and the rest goes on."""

    def __init__(self, context: Context, decoder: Decoder) -> None:
        super().__init__(None, context, name="decode", on_error="dead_letter")
        self.decoder = decoder

    def step(self, element: Sequence[Message]) -> Iterable[Batch]:
        """Decode messages that go through the graph together."""
        try:
            decoded = self.decoder.decode(element)
        except Exception:
            if len(element) == 1:
                raise
            return [batch for message in element for batch in self._alone(message)]
        ledger = self.context.ledger
        for letter in decoded.dead_letters:
            ledger.receive(letter.kind, letter.n_records)
            ledger.reject(letter)
        for batch in decoded.batches:
            ledger.receive(batch.kind, len(batch))
        return [batch for batch in decoded.batches if len(batch)]

    def _alone(self, message: Message) -> Iterable[Batch]:
        """Decode a message by itself, since one among others made the decoder fail: only that one is lost."""
        try:
            return self.step([message])
        except Exception as error:
            self.settle([message], f"{self.name} failed: {type(error).__name__}: {error}")
            self.context.fault(self.name, self.on_error, error)
            return []

    def settle(self, element: Sequence[Message], reason: str) -> None:
        """Count each message as one rejected record: what it held can't be known."""
        for message in element:
            excerpt = message.payload[:120].decode("utf-8", "backslashreplace")
            self.context.ledger.receive(UNKNOWN_KIND, 1)
            self.context.ledger.reject(DeadLetter(UNKNOWN_KIND, reason, message.position, message.received_ns, excerpt))


class OfKind(Node):
    """Lets the batches of one kind through: the root of that kind's branch."""

    def __init__(self, upstream: Stream, context: Context, kind: str) -> None:
        super().__init__(upstream, context, name=kind, on_error="dead_letter")
        self.kind = kind

    def step(self, element: Batch) -> Iterable[Batch]:
        """Pass a batch of this kind."""
        return (element,) if element.kind == self.kind else ()

    def settle(self, element: Batch, reason: str) -> None:
        """Count nothing: comparing two names can't fail."""


class _BeforeAppend(Node):
    """A step at which rows are not yet accounted for: where it fails, they are rejected."""

    def settle(self, element: Batch, reason: str) -> None:
        """Count the rows as rejected, and keep a dead letter unless they are to be dropped."""
        if self.on_error == "drop":
            self.context.ledger.settle(element.kind, "rejected", len(element))
            return
        now_ns = self.context.clock.now_ns()
        self.context.ledger.reject(DeadLetter(element.kind, reason, None, now_ns, n_records=len(element)))


class Validate(_BeforeAppend):
    """Takes out rows that are late, or so far ahead that they can't be believed."""

    def __init__(self, upstream: Stream, context: Context, *, kind: str, gate: TimeGate) -> None:
        super().__init__(upstream, context, name=f"{kind}.validate", on_error="dead_letter")
        self.gate = gate

    def step(self, element: Batch) -> Iterable[Batch]:
        """Pass the rows whose event time can be believed."""
        now_ns = self.context.clock.now_ns()
        verdict = self.gate.judge(element.time, now_ns=now_ns)
        if self.gate.edge_ns is not None:
            self.context.skew.observe(newest_event_ns=self.gate.edge_ns, now_ns=now_ns)
        if verdict.all_pass:
            return (element,)
        good = element.select(verdict.passes)  # before anything is counted: what fails is counted as a whole
        for reason, n_rows in verdict.rejected:
            self.context.ledger.reject(DeadLetter(element.kind, reason, None, now_ns, n_records=n_rows))
        self.context.ledger.settle(element.kind, "late", verdict.n_late)
        return (good,) if len(good) else ()


class Deduplicate(_BeforeAppend):
    """Takes out rows that came before, by the identity that the decoder found. Without one, all rows pass."""

    def __init__(self, upstream: Stream, context: Context, *, kind: str, recent: RecentRows) -> None:
        super().__init__(upstream, context, name=f"{kind}.deduplicate", on_error="dead_letter")
        self.recent = recent

    def step(self, element: Batch) -> Iterable[Batch]:
        """Pass the rows that are new."""
        if element.identity is None:
            return (element,)
        fresh = self.recent.add(element.keys, element.identity)
        n_duplicates = len(element) - int(fresh.sum())
        if not n_duplicates:
            return (element,)
        good = element.select(fresh)
        self.context.ledger.settle(element.kind, "duplicate", n_duplicates)
        return (good,) if len(good) else ()


class Append(_BeforeAppend):
    """Stores rows in their table. A table that fails would lose every later row too, so the feed stops.

    The rows that it failed on were noted by `Deduplicate` already. They will be sent again, so all that was noted is
    forgotten then, lest they count as duplicates.
    """

    def __init__(self, upstream: Stream, context: Context, *, kind: str, recent: RecentRows) -> None:
        super().__init__(upstream, context, name=f"{kind}.append", on_error="stop")
        self.table = context.tables[kind]
        self.recent = recent

    def step(self, element: Batch) -> Iterable[Batch]:
        """Append a batch; it goes on to the aggregates."""
        self.table.append(element)
        self.context.ledger.settle(element.kind, "stored", len(element))
        return (element,)

    def settle(self, element: Batch, reason: str) -> None:
        """Count the rows as rejected, and forget what was noted of them."""
        super().settle(element, reason)
        self.recent.clear()


class AggregateNode(Node):
    """Keeps an aggregate up to date with the rows that were stored."""

    def __init__(
        self, upstream: Stream, context: Context, aggregate: Aggregate, *, name: str, on_error: ErrorPolicy
    ) -> None:
        super().__init__(upstream, context, name=name, on_error=on_error)
        self.aggregate = aggregate

    def step(self, element: Batch) -> Iterable[Batch]:
        """Update the aggregate; the batch goes on."""
        self.aggregate.update(element)
        return (element,)

    def settle(self, element: Batch, reason: str) -> None:
        """Count nothing in the ledger: the rows are stored. The failure is counted among the node's faults."""
