"""A first, coarse picture of a range from the summaries of its columns: what an exact one comes close to."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pipelines.aggregates.canvas import Canvas
from pipelines.aggregates.column_summary import ColumnSummary
from pipelines.core.spec import Reduction

__all__ = ["draw_envelope"]

_FURTHEST_ROW: Final = 2.0**52
"""So that numbers of rows are finite, and exact."""


def draw_envelope(
    canvas: Canvas, summary: ColumnSummary, *, reduction: Reduction, of: ColumnSummary | None, by: str | None
) -> NDArray[Any] | None:
    """Fill each column from its lowest to its highest value.

    A column's rows are counted as if they were spread evenly over its cells, and were of no known side; greatest, least
    and last values are those of the column.

    Parameters
    ----------
    canvas : Canvas
        The cells.
    summary : ColumnSummary
        The columns of the canvas.
    reduction, by
        As in `ViewSpec`.
    of : ColumnSummary or None
        The same columns of what is reduced, where there are summaries of it.

    Returns
    -------
    any[n_columns, n_rows], uint32[n_columns, n_rows, 3] or None
        Cells as an exact picture has them; None for what summaries of columns don't tell, such as sums.
    """
    lowest, highest = _rows_of(canvas, summary.low), _rows_of(canvas, summary.high)
    rows = np.arange(canvas.n_rows)
    inside = (rows >= lowest[:, None]) & (rows <= highest[:, None])
    if reduction == "any":
        return inside
    if reduction == "count":
        n_cells = np.maximum(highest - lowest + 1.0, 1.0)
        counts = np.where(inside, np.ceil(summary.n_rows / n_cells)[:, None], 0).astype(np.uint32)
        return counts if by is None else np.stack([np.zeros_like(counts), counts, np.zeros_like(counts)], axis=-1)
    if of is None or reduction in ("sum", "mean"):
        return None
    shown = {"min": of.low, "max": of.high, "last": of.last}[reduction]
    return np.where(inside, shown[:, None], np.nan)


def _rows_of(canvas: Canvas, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the row of each value, on the canvas or up to `_FURTHEST_ROW` away; NaN stays NaN, and is in no row."""
    scale, translation = canvas.y_transform
    with np.errstate(over="ignore"):
        rows = np.floor(values * scale + translation)
    return rows.clip(-_FURTHEST_ROW, _FURTHEST_ROW)
