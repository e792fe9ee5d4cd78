"""The rows behind a cell: what somebody points at, as it came."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.aggregates.canvas import Canvas
from pipelines.core.spec import Glyph, Reduction
from pipelines.live.explore.changes import rows_since
from pipelines.store.series import Series

__all__ = ["Picked", "pick"]


@dataclass(frozen=True, slots=True)
class Picked:
    """Rows under a cell.

    Parameters
    ----------
    rows : dict of str to any[n]
        The rows: under a point the newest first, of a line those that are nearest to what was pointed at first.
    n_rows : int
        How many there are under the cell, those left out included.
    aggregation : str
        What the cell shows of them, such as ``"count"`` or ``"max of size"``.
    value : float
        That very number, of the rows that are kept; NaN where there is none.
    """

    rows: dict[str, NDArray[Any]]
    n_rows: int
    aggregation: str
    value: float


def pick(
    series: Series,
    canvas: Canvas,
    time_ns: int,
    y: float,
    *,
    value: str,
    glyph: Glyph = "points",
    reduction: Reduction = "count",
    of: str | None = None,
    limit: int = 20,
) -> Picked:
    """Return the rows that are drawn into the cell at a time and a value.

    Parameters
    ----------
    series : Series
        The rows of the key.
    canvas : Canvas
        What is looked at.
    time_ns : int
        What is pointed at, nanoseconds UTC.
    y : float
        And at which value.
    value, glyph, reduction, of
        As in `ViewSpec`.
    limit : int
        Most rows that are returned.

    Notes
    -----
    A line passes cells that have no row, so of a line all rows of the column count as under the cell.
    """
    rows = _column_rows(series, canvas, time_ns)
    if glyph == "points":
        places, (pointed,) = _rows_of(canvas, rows[value]), _rows_of(canvas, np.array([y]))
        under = np.flatnonzero((places == pointed) & (places >= 0))
        order = under[rows["time"][under].argsort(kind="stable")][::-1]
    else:
        under = np.arange(len(rows["time"]))
        newest_first = rows["time"].argsort(kind="stable")[::-1]
        order = newest_first[np.abs(rows[value][newest_first] - y).argsort(kind="stable")]
    return Picked(
        rows={name: array[order[:limit]] for name, array in rows.items()},
        n_rows=len(under),
        aggregation=reduction if of is None else f"{reduction} of {of}",
        value=_reduce(reduction, None if of is None else rows[of][under], len(under)),
    )


def _column_rows(series: Series, canvas: Canvas, time_ns: int) -> dict[str, NDArray[Any]]:
    """Return the rows of the column that a time is in, in order of arrival; none where it is not on the canvas."""
    start_ns = canvas.column_of(time_ns) << canvas.column_log2
    end_ns = start_ns + canvas.column_ns if canvas.start_ns <= time_ns < canvas.end_ns else start_ns
    chunks = [series.tail(0), *rows_since(series, 0, start_ns, end_ns)]
    return {name: np.concatenate([chunk[name] for chunk in chunks]) for name in series.schema.names}


def _rows_of(canvas: Canvas, values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the row of each value, -1 where it is outside: the arithmetic that points are drawn with."""
    scale, translation = canvas.y_transform
    low, high = canvas.y_range
    inside = (values >= low) & (values <= high)
    places = np.where(inside, values, low) * scale + translation
    return np.where(inside, places.astype(np.int64).clip(0, canvas.n_rows - 1), -1)


def _reduce(reduction: Reduction, values: NDArray[Any] | None, n_rows: int) -> float:
    if values is None:
        return float(n_rows if reduction == "count" else n_rows > 0)
    numbers = values[values == values].astype(np.float64)
    if not len(numbers):
        return float("nan")
    match reduction:
        case "sum":
            return float(numbers.sum())
        case "min":
            return float(numbers.min())
        case "max":
            return float(numbers.max())
        case "mean":
            return float(numbers.mean())
        case _:
            return float(numbers[-1])
