"""A rehearsal: everything is compiled before the first message comes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipelines.core.batch import Batch
from pipelines.core.clock import ManualClock
from pipelines.core.dictionary import Dictionary
from pipelines.core.ledger import Ledger
from pipelines.core.message import Message, Position
from pipelines.core.schema import Column, Schema
from pipelines.core.spec import FeedSpec
from pipelines.decoders.catalogue import make_decoder
from pipelines.decoders.encode import ENCODERS, make_encoder
from pipelines.graph.build import build
from pipelines.graph.context import Context
from pipelines.graph.skew import SkewEstimate
from pipelines.store.segment import SEGMENT_ROWS
from pipelines.store.table import Table

__all__ = ["rehearse"]

_NOW_NS = 1_700_000_000_000_000_000


def rehearse(spec: FeedSpec) -> None:
    """Send rows of each kind through a graph like the feed's that is thrown away.

    Kernels are compiled when they are first called, and kept on disk for the next process. Without this the first
    message of a new machine would wait for seconds.
    """
    dictionary = Dictionary()
    dictionary.encode_one("rehearsal")
    tables = {table.schema.kind: Table(table) for table in spec.tables}
    context = Context(ManualClock(_NOW_NS), Ledger(), tables, SkewEstimate())
    graph = build(spec, context, make_decoder(spec.source, dictionary))
    for table in tables.values():
        batch = _rows(table.schema)
        if spec.source.format in ENCODERS:
            payload = make_encoder(spec.source.format, table.schema, dictionary)(batch)
            graph.entry.update([Message(payload, Position("rehearsal", 0), _NOW_NS)])
        graph.entry.emit(batch)
        table.evict()
        series = table.series(0)
        if series is not None:
            series.range(0, _NOW_NS)
            series.since(0)


def _rows(schema: Schema) -> Batch:
    """Rows enough to seal a segment that came out of order."""
    n_rows = SEGMENT_ROWS + 1
    time = _NOW_NS - np.arange(n_rows, dtype=np.int64)

    def column(declared: Column) -> NDArray[np.generic]:
        return time if declared.name == "time" else np.zeros(n_rows, dtype=declared.dtype)

    return Batch(schema, {declared.name: column(declared) for declared in schema.columns}, identity=time)
