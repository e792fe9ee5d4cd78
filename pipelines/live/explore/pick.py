"""The rows behind a cell: what somebody points at, as it came."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.aggregates.canvas import Canvas
from pipelines.core.spec import Glyph, Reduction
from pipelines.live.explore.column_rows import ColumnPiece, column_pieces
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
    A line passes cells that have no row, so of a line all rows of the column count as under the cell. Of all rows in
    the column only the value is read, of those under the cell what is reduced, and the rest of those returned.
    """
    low, high = _values_under(canvas, y)
    total, nearest = _Total(reduction), _Nearest(limit)
    with np.errstate(over="ignore", invalid="ignore"):
        for piece in column_pieces(series, canvas, time_ns):
            values = piece[value]
            under, n_under = None, len(values)  # all
            if glyph == "points":
                under = (values >= low) & (values <= high)
                n_under = int(np.count_nonzero(under))
                nearest.take_newest(piece, under, n_under)
            else:
                nearest.take(piece, np.abs(values - y))
            total.n_rows += n_under
            if of is not None and n_under:
                total.take(piece, under, piece[of])
    return Picked(
        rows=_rows_at(series, nearest.arrivals),
        n_rows=total.n_rows,
        aggregation=reduction if of is None else f"{reduction} of {of}",
        value=total.result if of is not None else float(total.n_rows if reduction == "count" else total.n_rows > 0),
    )


def _values_under(canvas: Canvas, y: float) -> tuple[float, float]:
    """Return the least and the greatest value that are drawn into the row of `y`; NaN where it is not on the canvas.

    By the arithmetic that points are drawn with: it never puts a greater value into a lower row.
    """
    low, high = canvas.y_range
    if not low <= y <= high:
        return np.nan, np.nan
    scale, translation = canvas.y_transform
    row = min(int(y * scale + translation), canvas.n_rows - 1)

    def is_under(value: float) -> bool:
        return min(int(value * scale + translation), canvas.n_rows - 1) == row

    return _furthest(is_under, y, low), _furthest(is_under, y, high)


def _furthest(is_under: Callable[[float], bool], inside: float, outside: float) -> float:
    """Return the value furthest towards `outside` that is still under, by bisection."""
    if is_under(outside):
        return outside
    while inside != (middle := (inside + outside) / 2) != outside:
        inside, outside = (middle, outside) if is_under(middle) else (inside, middle)
    return inside


class _Nearest:
    """The rows that are nearest to what is pointed at; of those as near, the newest, and then the last that came."""

    def __init__(self, limit: int) -> None:
        self.arrivals = np.empty(0, np.int64)
        self._limit = limit
        self._distance, self._time_ns = np.empty(0), np.empty(0, np.int64)

    def take_newest(self, piece: ColumnPiece, under: NDArray[np.bool_], n_under: int) -> None:
        """Take in rows that are as near as can be: of a piece, the last ones."""
        if n_under and not (self._is_full and self._is_older(piece)):
            places = np.flatnonzero(under)[-self._limit :]
            self._keep(piece, places, np.zeros(len(places)))

    def take(self, piece: ColumnPiece, distance: NDArray[np.float64]) -> None:
        """Take in the rows of a piece."""
        least = distance.min()
        if self._is_full and (least > self._distance[-1] or (least == self._distance[-1] and self._is_older(piece))):
            return
        if least != least:
            distance = np.fmin(distance, np.inf)  # what has no distance is furthest
        places = np.flatnonzero(distance <= (self._distance[-1] if self._is_full else np.inf))
        self._keep(piece, places, distance[places])

    def _is_older(self, piece: ColumnPiece) -> bool:
        return piece.newest_ns < self._time_ns.min()

    @property
    def _is_full(self) -> bool:
        return len(self.arrivals) == self._limit

    def _keep(self, piece: ColumnPiece, places: NDArray[np.intp], distance: NDArray[np.float64]) -> None:
        distance = np.concatenate([self._distance, distance])
        time_ns = np.concatenate([self._time_ns, piece["time"][places]])
        arrivals = np.concatenate([self.arrivals, piece.arrivals(places)])
        order = np.lexsort((-arrivals, -time_ns, distance))[: self._limit]
        self._distance, self._time_ns, self.arrivals = distance[order], time_ns[order], arrivals[order]


class _Total:
    """What rows come to, piece by piece, those that came last first. NaN is left out."""

    def __init__(self, reduction: Reduction) -> None:
        self.n_rows = 0
        self._reduction = reduction
        self._n_numbers, self._value = 0, np.nan

    def take(self, piece: ColumnPiece, under: NDArray[np.bool_] | None, of: NDArray[Any]) -> None:
        """Take in some rows of a piece."""
        if self._reduction == "last" and self._n_numbers:
            return
        places = np.arange(len(of)) if under is None else np.flatnonzero(under)
        numbers = of[places].astype(np.float64, copy=False)
        if numbers.min() != numbers.min():
            places, numbers = places[numbers == numbers], numbers[numbers == numbers]
        if len(numbers) == 0:
            return
        match self._reduction:
            case "min":
                self._value = np.fmin(self._value, numbers.min())
            case "max":
                self._value = np.fmax(self._value, numbers.max())
            case "last":
                self._value = numbers[piece.arrivals(places).argmax()]
            case _:
                self._value = numbers.sum() + (self._value if self._n_numbers else 0.0)
        self._n_numbers += len(numbers)

    @property
    def result(self) -> float:
        """The number that the cell shows."""
        return float(self._value / self._n_numbers if self._reduction == "mean" and self._n_numbers else self._value)


def _rows_at(series: Series, arrivals: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
    chunks = [series.tail(0), *(series.since(row, max_rows=1).columns for row in arrivals.tolist())]
    return {name: np.concatenate([chunk[name] for chunk in chunks]) for name in series.schema.names}
