"""What the product does with kernels, once each: what is declared for them must suffice for all of it.

As a program it warms all kernels, does that, and prints which types were compiled or loaded besides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any, Final

import numpy as np

from pipelines.aggregates.catalogue import AGGREGATES
from pipelines.aggregates.line import LineColumns, with_pairs_merged
from pipelines.aggregates.points import PointRaster
from pipelines.core.batch import Batch
from pipelines.core.clock import ManualClock
from pipelines.core.dictionary import Dictionary
from pipelines.core.errors import SpecError
from pipelines.core.schema import KINDS, TRADES, Schema
from pipelines.core.spec import AggregateSpec, FeedSpec, Retention, TableSpec, ViewSpec
from pipelines.graph.catalogue import read_url
from pipelines.graph.rehearse import rehearse
from pipelines.kernels.warm import kernels, warm
from pipelines.live.explore.request import ExploreRequest
from pipelines.live.explore.ways import Ways
from pipelines.live.frames.frame import Frame
from pipelines.live.frames.live_view import LiveView
from pipelines.live.frames.make_drawing import make_drawing
from pipelines.store.segment import SEGMENT_ROWS
from pipelines.store.series import Series
from pipelines.store.table import Table

__all__ = ["compiled", "first_frame", "walk"]

START_NS: Final = 1_700_000_000_123_456_789
N_ROWS: Final = 2 * SEGMENT_ROWS + 100
STEP_NS: Final = 1_000_000
COLUMN_LOG2: Final = 25
URLS: Final = (
    "sim://market",
    "mqtt://127.0.0.1/a?format=json&key=id",
    "mqtt://127.0.0.1/a?format=binance",
    "mqtt://127.0.0.1/a?format=packed&kind=trades",
)
NO_GAPS: Final = slice(0)
OF_SIZE: Final = ("sum", "min", "max", "mean", "last")
POINTS: Final = tuple(
    {"reduction": reduction, "of": "size" if reduction in OF_SIZE else None, "by": by}
    for reduction, by in (*product(("count", "any", *OF_SIZE), (None,)), ("count", "side"), ("sum", "side"))
)
"""What points can come to."""


def rows(schema: Schema, *, n_keys: int = 1, first_key: int = 0, scale: float = 1.0, gaps: slice = NO_GAPS) -> Batch:
    """Rows enough for several segments, not all in order."""
    random = np.random.default_rng(7)
    columns = {column.name: np.zeros(N_ROWS, column.dtype) for column in schema.columns}
    columns["time"] = START_NS + np.arange(N_ROWS) * STEP_NS
    columns["time"][-2:] = columns["time"][-2:][::-1].copy()
    columns[schema.key] = random.integers(first_key, first_key + n_keys, N_ROWS).astype(np.int32)
    for column in schema.columns:
        if column.dtype == np.float64:
            columns[column.name] = 100.0 + scale * random.normal(size=N_ROWS)
            columns[column.name][gaps] = np.nan
        elif column.dtype == np.int8:
            columns[column.name] = random.integers(-1, 2, N_ROWS).astype(np.int8)
    return Batch(schema, columns, identity=np.arange(N_ROWS))


def feeds() -> None:
    """Messages of each format become rows of each kind, and aggregates of these."""
    for url in URLS:
        source = read_url(url)
        kept = (("last", ""), ("rates", ""), ("bars", ".1m"))
        wanted = tuple(AggregateSpec(name + length, kind) for name, length in kept for kind in source.kinds)
        rehearse(FeedSpec(source, aggregates=wanted))


def tables() -> None:
    """Rows are stored, read and evicted by time, by number and by memory."""
    for schema, n_keys in product(KINDS.values(), (1, 300)):
        for retention in (Retention(window_ns=STEP_NS * 100), Retention(max_rows=200, min_rows=0)):
            table = Table(TableSpec(schema, retention))
            table.append(rows(schema, n_keys=n_keys))
            series = table.series(0)
            assert series is not None
            series.range(START_NS, START_NS + N_ROWS * STEP_NS)
            series.since(0)
            assert table.evict() > 0


def aggregates() -> None:
    """Every aggregate of the catalogue takes rows in, is merged, and built anew from a table."""
    for schema, (name, make) in product(KINDS.values(), AGGREGATES.items()):
        argument = "1m" if name == "bars" else "" if name in ("last", "rates") else "50"
        try:
            ours, theirs = make(schema, argument), make(schema, argument)
        except (SpecError, ValueError):
            continue
        table = table_of(rows(schema))
        ours.update(rows(schema, n_keys=3))
        theirs.update(rows(schema, first_key=3))
        ours.merge(theirs)
        ours.snapshot()
        list(ours.rebuild(table))


def rasters() -> None:
    """Points are drawn with every reduction, on a canvas that grows, scrolls and is merged."""
    shape = {"column_log2": COLUMN_LOG2, "n_columns": 300, "n_rows": 64, "step": 0.01}
    for points in POINTS:
        ours, theirs = (PointRaster(TRADES, code=0, value="price", **shape, **points) for _ in range(2))
        for scale in (0.1, 1.0, 50.0):
            ours.update(rows(TRADES, scale=scale))
        theirs.update(rows(TRADES, scale=200.0))
        ours.merge(theirs)
        ours.advance(START_NS + 2 * N_ROWS * STEP_NS)
        ours.snapshot()
        ours.cells_of(ours.take_changed())
        list(ours.rebuild(table_of(rows(TRADES))))


def lines() -> None:
    """Lines take rows in, with gaps and without, scroll, are merged, and read rows again."""
    ours, theirs = (
        LineColumns(TRADES, code=0, column_log2=COLUMN_LOG2, n_columns=300, value="price") for _ in range(2)
    )
    ours.update(rows(TRADES))
    theirs.update(rows(TRADES, gaps=slice(None, None, 3)))
    ours.merge(theirs)
    for column in ours.disordered.tolist():
        some = ours.one_column()
        some.take(np.array([column << COLUMN_LOG2]), np.ones(1))
        ours.reread(column, some)
    ours.snapshot()
    ours.advance(START_NS + 2 * N_ROWS * STEP_NS)
    with_pairs_merged(ours.snapshot())
    list(ours.rebuild(table_of(rows(TRADES))))


def pictures() -> None:
    """Ranges are drawn in every way that there is, but by Datashader."""
    series = series_of(rows(TRADES))
    for raster_rows, points in product((1 << 20, 10), POINTS):
        request = ExploreRequest("trades", "A", "price", START_NS, START_NS + N_ROWS * STEP_NS, **points)
        ways = Ways(raster_rows=raster_rows, coarse_rows=10)
        for _ in range(2):
            list(ways.draw(request.snapped(), series))
    line = ExploreRequest("trades", "A", "price", START_NS, START_NS + N_ROWS * STEP_NS, glyph="line", reduction="any")
    for gaps in (slice(None, 1_000, 3), slice(None, None, 3)):  # within a segment, and across
        list(Ways().draw(line.snapped(), series_of(rows(TRADES, gaps=gaps))))


def live_views() -> None:
    """Views are built, and drawn again when rows come, do not fit the canvas, and are gone from it."""
    for look in (*POINTS, {"glyph": "line", "reduction": "any"}):
        table, draw = watched(rows(TRADES), **look)
        for batch in (rows(TRADES, scale=1e4), rows(TRADES, gaps=slice(None, None, 3))):
            draw(START_NS + N_ROWS * STEP_NS)
            table.append(batch)
        draw(START_NS + 2 * N_ROWS * STEP_NS)


def first_frame() -> None:
    """Draw the first frame of a live view, and the answer to a first zoom."""
    end_ns = START_NS + N_ROWS * STEP_NS
    _, draw = watched(rows(TRADES))
    assert draw(end_ns).codes.any()
    request = ExploreRequest("trades", "A", "price", START_NS, end_ns, glyph="line", reduction="any")
    (answer,) = Ways().draw(request.snapped(), series_of(rows(TRADES)))
    assert answer.codes.any()


def watched(batch: Batch, **look: Any) -> tuple[Table, Callable[[int], Frame]]:
    """Return a table of these rows, and what draws the view of its first key anew, up to a live edge."""
    table, clock, dictionary = table_of(batch), ManualClock(), Dictionary()
    dictionary.encode_one("A")
    view = LiveView(
        ViewSpec("feed", "trades", "A", "price", span_ns=N_ROWS * STEP_NS, **look),
        table=table,
        dictionary=dictionary,
        make=make_drawing,
        clock=clock,
    )

    def draw(edge_ns: int) -> Frame:
        for _ in range(4):  # the last ones for a canvas that fits better
            clock.advance(seconds=1)
            view.step(edge_ns, deadline_ns=clock.monotonic_ns() + 1)
        assert view.frame is not None
        return view.frame

    return table, draw


def table_of(batch: Batch) -> Table:
    """Return a table of these rows."""
    table = Table(TableSpec(batch.schema, Retention(window_ns=1 << 61)))
    table.append(batch)
    return table


def series_of(batch: Batch) -> Series:
    """Return the first key's rows of a table of these."""
    series = table_of(batch).series(0)
    assert series is not None
    return series


def walk() -> None:
    """Do all of it."""
    for path in (feeds, tables, aggregates, rasters, lines, pictures, live_views):
        path()


def compiled() -> set[tuple[str, str]]:
    """Return which kernels have been compiled or loaded, for which types."""
    return {(name, str(types)) for name, each in kernels().items() for types in each.signatures}


def strays() -> Iterator[str]:
    """Yield what is needed without being declared."""
    warm()
    before = compiled()
    walk()
    yield from (f"{name} for {types}" for name, types in sorted(compiled() - before))


if __name__ == "__main__":
    print(*strays(), sep="\n")
