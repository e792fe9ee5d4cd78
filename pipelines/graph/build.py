"""From the declaration of a feed to its graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from streamz import Stream

from pipelines.aggregates.catalogue import make_aggregate
from pipelines.aggregates.contract import Aggregate
from pipelines.core.spec import FeedSpec
from pipelines.decoders.contract import Decoder
from pipelines.graph.context import Context
from pipelines.graph.recent import RecentRows
from pipelines.graph.steps import AggregateNode, Append, Decode, Deduplicate, OfKind, Validate
from pipelines.graph.witness import TimeGate

__all__ = ["Graph", "build"]

_RECENT_ROWS: Final = 1 << 20
"""Rows of a kind that are remembered for deduplication."""


@dataclass(frozen=True, slots=True)
class Graph:
    """A feed's graph. streamz holds nodes weakly, so this keeps them.

    Parameters
    ----------
    entry : Decode
        Takes lists of messages, and gives the batches that they hold.
    rows : mapping of str to streamz.Stream
        By kind, the batches that were stored: chain nodes of your own to it (``.map(...)``, ``.sink(...)``), and keep
        a reference to them. They run in the writer's thread, those that need an event loop on streamz's own.
    gates : mapping of str to TimeGate
        By kind, what judges event times and knows the confirmed edge.
    aggregates : mapping of (name, kind) to Aggregate
        What is kept up to date.
    nodes : tuple of streamz.Stream
        All nodes, in the order of their making.
    """

    entry: Decode
    rows: Mapping[str, Stream]
    gates: Mapping[str, TimeGate]
    aggregates: Mapping[tuple[str, str], Aggregate]
    nodes: tuple[Stream, ...]


def build(spec: FeedSpec, context: Context, decoder: Decoder) -> Graph:
    """Build the graph: decode, then for each kind validate, deduplicate, append and aggregate.

    Raises
    ------
    SpecError
        Where an aggregate is unknown.
    """
    decode = Decode(context, decoder)
    nodes: list[Stream] = [decode]
    rows: dict[str, Stream] = {}
    gates: dict[str, TimeGate] = {}
    for table in spec.tables:
        kind = table.schema.kind
        gate = TimeGate(window_ns=table.retention.window_ns, max_ahead_ns=spec.source.max_ahead_ns)
        branch = OfKind(decode, context, kind)
        validate = Validate(branch, context, kind=kind, gate=gate)
        recent = RecentRows(_RECENT_ROWS)
        deduplicate = Deduplicate(validate, context, kind=kind, recent=recent)
        rows[kind] = Append(deduplicate, context, kind=kind, recent=recent)
        gates[kind] = gate
        nodes += [branch, validate, deduplicate, rows[kind]]
    aggregates: dict[tuple[str, str], Aggregate] = {}
    for wanted in spec.aggregates:
        aggregate = aggregates[wanted.name, wanted.kind] = make_aggregate(wanted)
        name = f"{wanted.kind}.{wanted.name}"
        nodes.append(AggregateNode(rows[wanted.kind], context, aggregate, name=name, on_error=wanted.on_error))
    return Graph(decode, rows, gates, aggregates, tuple(nodes))
