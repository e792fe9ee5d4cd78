"""A line from what is known of its columns, in the cells of a canvas."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from pipelines.aggregates.canvas import Canvas
from pipelines.aggregates.column_summary import ColumnSummary
from pipelines.kernels.polyline import draw_columns, draw_polyline, draw_spans

__all__ = ["RowsOf", "draw_line"]

RowsOf = Callable[[int, int], tuple[NDArray[np.int64], NDArray[np.float64]]]
"""Gives the rows with ``start_ns <= time < end_ns``: times and values, stably sorted by time."""


def draw_line(summary: ColumnSummary, canvas: Canvas, rows_of: RowsOf | None = None) -> NDArray[np.bool_]:
    """Draw the line through all rows of a summary that are within the canvas' time.

    The cells are those that Datashader's line through the rows passes, with the reduction ``any``, at any range of
    values. Parts of the line that lead to rows before or behind the canvas are not drawn, nor does one row alone draw
    anything. This is exact for canvases of less than ``2**53`` nanoseconds (104 days), where Datashader's x is, and for
    values up to ``2**49`` rows away; of those beyond, only the side is kept.

    Parameters
    ----------
    summary : ColumnSummary
        Columns as long as those of the canvas; it may begin and end anywhere.
    canvas : Canvas
        The cells.
    rows_of : callable, optional
        Gives the rows of columns with values that are not finite (NaN, infinities), which leave gaps. It is not asked
        where the summary tells the runs between them; without either, these columns are covered from the lowest to
        the highest value.

    Returns
    -------
    bool[n_columns, n_rows]
        Whether the line passes a cell.

    Raises
    ------
    ValueError
        Where the columns are of another length.
    """
    if summary.column_log2 != canvas.column_log2:
        raise ValueError(f"a summary of 2**{summary.column_log2} ns does not fit columns of 2**{canvas.column_log2} ns")
    cells = np.zeros((canvas.n_columns, canvas.n_rows), np.bool_)
    first_column = max(summary.first_column, canvas.first_column)
    begin = first_column - summary.first_column
    seen = slice(begin, max(canvas.end_column - summary.first_column, begin))
    filled = summary.n_rows[seen] > 1
    if summary.runs is not None:
        filled &= ~summary.broken[seen]
        columns = summary.first_column - canvas.first_column + summary.runs.places
        draw_spans(columns, summary.runs.n_spans, summary.runs.spans, *canvas.y_range, cells)
    elif rows_of is not None:
        filled &= ~summary.broken[seen]
        _draw_broken(summary, canvas, seen, rows_of, cells)
    draw_columns(
        summary.n_rows[seen],
        summary.first_ns[seen],
        summary.last_ns[seen],
        summary.first[seen],
        summary.last[seen],
        summary.low[seen],
        summary.high[seen],
        filled,
        first_column - canvas.first_column,
        canvas.start_ns,
        canvas.column_ns,
        *canvas.y_range,
        cells,
    )
    return cells


def _draw_broken(
    summary: ColumnSummary, canvas: Canvas, seen: slice, rows_of: RowsOf, cells: NDArray[np.bool_]
) -> None:
    """Draw the line inside columns with gaps, through their rows."""
    draws = summary.broken[seen] & (summary.n_rows[seen] > 2) & (summary.low[seen] == summary.low[seen])
    edges = np.flatnonzero(np.diff(draws, prepend=False, append=False)).reshape(-1, 2)
    for begin, end in (edges + summary.first_column + seen.start).tolist():
        time_ns, value = rows_of(begin << canvas.column_log2, end << canvas.column_log2)
        draw_polyline(time_ns - canvas.start_ns, value, *canvas.x_range, *canvas.y_range, cells)
