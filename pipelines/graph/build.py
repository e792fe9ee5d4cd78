"""From the declaration of a feed to its graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from streamz import Stream

from pipelines.aggregates.catalogue import make_aggregate
from pipelines.aggregates.contract import Aggregate
from pipelines.core.spec import FeedSpec
from pipelines.decoders.contract import Decoder
from pipelines.graph.context import Context
from pipelines.graph.steps import AggregateNode, Append, Decode, Deduplicate, OfKind, Validate
from pipelines.graph.witness import TimeGate

__all__ = ["Graph", "build"]


@dataclass(frozen=True, slots=True)
class Graph:
    """A feed's graph. streamz holds nodes weakly, so this keeps them.

    Parameters
    ----------
    entry : streamz.Stream
        Takes lists of messages.
    decode : streamz.Stream
        Gives the batches that they hold.
    rows : mapping of str to streamz.Stream
        By kind, the batches that were stored: chain nodes of your own to it (``.map(...)``, ``.sink(...)``), before the
        feed starts. They run in the writer's thread.
    aggregates : mapping of (name, kind) to Aggregate
        What is kept up to date.
    nodes : tuple of streamz.Stream
        All nodes, in the order of their making.
    """

    entry: Stream
    decode: Stream
    rows: Mapping[str, Stream]
    aggregates: Mapping[tuple[str, str], Aggregate]
    nodes: tuple[Stream, ...]


def build(spec: FeedSpec, context: Context, decoder: Decoder) -> Graph:
    """Build the graph: decode, then for each kind validate, deduplicate, append and aggregate.

    Raises
    ------
    SpecError
        Where an aggregate is unknown.
    """
    entry = Stream()
    decode = Decode(entry, context, decoder)
    nodes: list[Stream] = [entry, decode]
    rows: dict[str, Stream] = {}
    for table in spec.tables:
        kind = table.schema.kind
        gate = TimeGate(window_ns=table.retention.window_ns, max_ahead_ns=spec.source.max_ahead_ns)
        branch = OfKind(decode, context, kind)
        validate = Validate(branch, context, kind=kind, gate=gate)
        deduplicate = Deduplicate(validate, context, kind=kind)
        rows[kind] = Append(deduplicate, context, kind=kind)
        nodes += [branch, validate, deduplicate, rows[kind]]
    aggregates: dict[tuple[str, str], Aggregate] = {}
    for wanted in spec.aggregates:
        aggregate = aggregates[wanted.name, wanted.kind] = make_aggregate(wanted)
        name = f"{wanted.kind}.{wanted.name}"
        nodes.append(AggregateNode(rows[wanted.kind], context, aggregate, name=name, on_error=wanted.on_error))
    return Graph(entry, decode, rows, aggregates, tuple(nodes))
