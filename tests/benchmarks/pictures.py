"""One live picture, drawn our way and the stock way: the same rows, canvas and aggregation."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import datashader as ds
import holoviews as hv
import numpy as np
import pandas as pd
from holoviews.operation.datashader import rasterize
from numpy.typing import NDArray

from pipelines.aggregates.canvas import Canvas
from pipelines.core.batch import Batch
from pipelines.core.clock import ManualClock
from pipelines.core.dictionary import Dictionary
from pipelines.core.schema import TRADES
from pipelines.core.spec import Glyph, Retention, TableSpec, ViewSpec
from pipelines.live.frames.frame import Frame
from pipelines.live.frames.live_view import FRAME_NS
from pipelines.live.frames.views import Views
from pipelines.store.table import Table
from tests.benchmarks.walk import KEY, SPAN_NS, Walk

__all__ = ["GLYPHS", "N_COLUMNS", "N_ROWS", "LivePictures", "StockPicture", "one_key_table"]

hv.config.image_rtol = 1e9  # or it warns of columns that rounding makes uneven

GLYPHS: Final[tuple[Glyph, ...]] = ("points", "line")
N_COLUMNS: Final = 1_200
N_ROWS: Final = 400


class LivePictures:
    """A table with the window of a walk, and a view of each glyph that somebody looks at."""

    def __init__(self, walk: Walk) -> None:
        self._walk = walk
        self._clock = ManualClock()
        self.table = one_key_table(walk)
        dictionary = Dictionary()
        dictionary.encode_one(KEY)
        self._views = {glyph: self._view(dictionary, _spec(glyph)) for glyph in GLYPHS}

    def take(self, batch: Batch) -> None:
        """Store rows, and let the time pass that they took."""
        self.table.append(batch)
        self.table.evict()
        self._clock.advance(ns=FRAME_NS)

    def draw(self, glyph: Glyph) -> Frame:
        """Read what is new, update the aggregate, encode and publish: a frame."""
        views, subscription = self._views[glyph]
        is_new = views.step(self._walk.edge_ns)
        assert is_new
        assert subscription.frame is not None
        return subscription.frame

    def _view(self, dictionary: Dictionary, spec: ViewSpec) -> Any:
        tables = {"trades": self.table}
        views = Views(tables=tables, dictionary=dictionary, clock=self._clock, memory_bytes=1 << 30, on_error=_raise)
        subscription = views.subscribe(spec)
        views.step(self._walk.edge_ns)
        return views, subscription


def one_key_table(walk: Walk) -> Table:
    """Return a table with the window of a walk, which keeps as many rows."""
    table = Table(TableSpec(TRADES, Retention(1 << 60, memory_bytes=1 << 40, max_rows=walk.n_rows)))
    for batch in walk.window():
        table.append(batch)
    return table


class StockPicture:
    """A Buffer that is full, and a DynamicMap on it that is rasterised.

    Parameters
    ----------
    window : iterable of Batch
        Fills the Buffer.
    glyph : {"points", "line"}
        What is drawn.
    canvas : Canvas, optional
        The ranges; by default those of the rows, as a picture that follows has.
    """

    def __init__(self, window: Iterable[Batch], glyph: Glyph, *, canvas: Canvas | None = None) -> None:
        rows = pd.concat([_frame(batch) for batch in window], ignore_index=True)
        self._buffer = hv.streams.Buffer(rows, length=len(rows), index=False)
        self._element = hv.Curve if glyph == "line" else hv.Points
        self._dimensions = ("time", "price") if glyph == "line" else (["time", "price"],)
        self._how: dict[str, Any] = {"aggregator": ds.any() if glyph == "line" else ds.count()}
        self._how |= {"width": N_COLUMNS, "height": N_ROWS}
        if canvas is not None:
            self._how |= {"width": canvas.n_columns, "height": canvas.n_rows, "y_range": canvas.y_range}
            self._how |= {"x_range": _edges(canvas.start_ns, canvas.end_ns)}
        picture = hv.DynamicMap(lambda data: self._element(data, *self._dimensions), streams=[self._buffer])
        self._picture = rasterize(picture, **self._how)

    def take(self, batch: Batch) -> None:
        """Send rows to the Buffer."""
        self._buffer.send(_frame(batch))

    def draw(self) -> NDArray[Any]:
        """Rasterise the window; returns the cells, any[n_columns, n_rows]. No colours, no plot, no document."""
        return _cells(self._picture[()])

    def zoom(self, start_ns: int, end_ns: int) -> NDArray[Any]:
        """Rasterise a part of the window."""
        rows = self._element(self._buffer.data, *self._dimensions)
        return _cells(rasterize(rows, **self._how, x_range=_edges(start_ns, end_ns), dynamic=False))


def _spec(glyph: Glyph) -> ViewSpec:
    return ViewSpec(
        feed="walk",
        kind="trades",
        key=KEY,
        value="price",
        span_ns=SPAN_NS,
        n_columns=N_COLUMNS,
        n_rows=N_ROWS,
        glyph=glyph,
        reduction="any" if glyph == "line" else "count",
    )


def _frame(batch: Batch) -> pd.DataFrame:
    return pd.DataFrame({"time": batch.time.view("datetime64[ns]"), "price": batch["price"]}, copy=False)


def _edges(start_ns: int, end_ns: int) -> tuple[Any, Any]:
    start, end = np.array([start_ns, end_ns]).view("datetime64[ns]")
    return start, end


def _cells(image: Any) -> NDArray[Any]:
    return np.asarray(image.dimension_values(2, flat=False)).T


def _raise(_: str, error: BaseException) -> None:
    raise error
