"""Rows to draw, and what Datashader draws of them."""

from __future__ import annotations

from typing import Any

import datashader
import numpy as np
import pandas as pd

from pipelines.aggregates.canvas import Canvas
from pipelines.core.batch import Batch
from pipelines.core.schema import TRADES
from pipelines.core.spec import Retention, TableSpec
from pipelines.live.explore.answer import ExploreAnswer
from pipelines.live.explore.changes import rows_since
from pipelines.live.explore.encode import encoded
from pipelines.live.frames.reference import draw_with_datashader
from pipelines.store.series import Series
from pipelines.store.table import Table

__all__ = ["START_NS", "expected_cells", "expected_codes", "series_of", "table_of", "trades_at"]

START_NS = 1_700_000_000_123_456_789


def trades_at(time_ns: Any, *, price: Any, size: Any = 1.0, side: Any = 1) -> Batch:
    """Trades of one key."""
    time_ns = np.asarray(time_ns, np.int64)

    def column(values: Any, dtype: type) -> np.ndarray:
        return np.broadcast_to(np.asarray(values, dtype), time_ns.shape).copy()

    columns = {
        "time": time_ns,
        "symbol": column(0, np.int32),
        "price": column(price, np.float64),
        "size": column(size, np.float64),
        "side": column(side, np.int8),
    }
    return Batch(TRADES, columns)


def table_of(*batches: Batch, max_rows: int | None = None) -> Table:
    """Return a table of trades that got these batches, one after the other."""
    table = Table(TableSpec(TRADES, Retention(window_ns=1 << 61, max_rows=max_rows, min_rows=0)))
    for batch in batches:
        table.append(batch)
        table.evict()
    return table


def series_of(table: Table) -> Series:
    """Return the rows of the one key."""
    series = table.series(0)
    assert series is not None
    return series


def expected_cells(answer: ExploreAnswer, series: Series) -> np.ndarray:
    """Return what Datashader draws on the canvas of an answer, from rows in order of arrival."""
    snapped, canvas = answer.snapped, answer.canvas
    chunks = [series.tail(0), *rows_since(series, 0, canvas.start_ns, canvas.end_ns)]
    rows = {name: np.concatenate([chunk[name] for chunk in chunks]) for name in series.schema.names}
    is_drawn_by_us = (snapped.glyph, snapped.reduction) == ("line", "any")
    if is_drawn_by_us:
        rows[snapped.value] = within_reach(canvas, rows[snapped.value])
    elif snapped.glyph == "line":  # infinities are gaps, and make Datashader write beyond its cells
        values = rows[snapped.value]
        rows[snapped.value] = np.where(np.isfinite(values), values, np.nan)
    cells = draw_with_datashader(
        canvas,
        rows,
        value=snapped.value,
        glyph=snapped.glyph,
        reduction=snapped.reduction,
        of=snapped.of,
        by=snapped.by,
    )
    if is_drawn_by_us:
        cells |= leading_cells(answer, series)
    return cells


def within_reach(canvas: Canvas, values: np.ndarray) -> np.ndarray:
    """Bring values that are further away than `draw_line` and Datashader reach to where that ends; others are gaps."""
    reach, (low, high) = 2.0**49 * canvas.pitch, canvas.y_range
    return np.where(np.isfinite(values), np.clip(values, low - reach, high + reach), np.nan)


def leading_cells(answer: ExploreAnswer, series: Series) -> np.ndarray:
    """Return what Datashader draws of the line to the rows beside a picture."""
    canvas, value = answer.canvas, answer.snapped.value
    everything = series.since(0).columns
    order = np.argsort(everything["time"], kind="stable")
    time, values = everything["time"][order], everything[value][order]
    values = within_reach(canvas, values)
    first, end = np.searchsorted(time, [canvas.start_ns, canvas.end_ns])
    pairs = {(first - 1, first), (end - 1, end)}
    surface = datashader.Canvas(canvas.n_columns, canvas.n_rows, canvas.x_range, canvas.y_range)
    cells = np.zeros((canvas.n_columns, canvas.n_rows), bool)
    for place in [list(pair) for pair in pairs if pair[0] >= 0 and pair[1] < len(time)]:
        rows = pd.DataFrame({"x": (time[place] - canvas.start_ns).astype(float), "y": values[place]})
        cells |= surface.line(rows, "x", "y", agg=datashader.any()).to_numpy().T
    return cells


def expected_codes(answer: ExploreAnswer, series: Series) -> np.ndarray:
    """Return the codes that the expected cells have in the answer's own scale."""
    return encoded(expected_cells(answer, series), answer.quantiser)[0]
