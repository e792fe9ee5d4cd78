"""Cells of points by reduction, in a form that takes in points and merges; and points on a fixed canvas."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from pipelines.aggregates.canvas import Canvas
from pipelines.core.spec import Reduction
from pipelines.kernels.cells import add_counts, add_sums, add_totals, keep_greatest, keep_last, keep_least
from pipelines.kernels.merge_cells import ADD, GREATEST, LEAST, SUM, merge_cells, merge_last
from pipelines.kernels.place_points import RowScale, place_on_canvas

__all__ = ["PointCells", "draw_points", "float_column", "merge_column_pairs", "row_scale_of", "sides_of", "take_points"]


class _Form(NamedTuple):
    """How cells are kept: values and, beside them, what a mean (counts) and a last value (arrivals) need to merge."""

    dtype: Any
    empty: float
    how: int
    beside_dtype: Any = None
    beside_empty: int = 0


_FORMS: Final[dict[Reduction, _Form]] = {
    "count": _Form(np.uint32, 0, ADD),
    "any": _Form(np.uint32, 0, ADD),
    "sum": _Form(np.float64, np.nan, SUM),
    "min": _Form(np.float64, np.nan, LEAST),
    "max": _Form(np.float64, np.nan, GREATEST),
    "mean": _Form(np.float64, 0.0, ADD, np.uint32, 0),
    "last": _Form(np.float64, np.nan, ADD, np.int64, -1),
}


class PointCells:
    """What the points in each cell of a canvas come to.

    Counts, least, greatest and last values merge exactly, in any order. Sums and means equal Datashader's to the last
    bit as long as points come in the order of the rows; merging adds in another order.

    Parameters
    ----------
    reduction : {"count", "any", "sum", "min", "max", "mean", "last"}
        What they come to, with the meanings of Datashader.
    n_columns, n_rows, n_layers : int
        Shape of the cells. There are 3 layers where the points are told apart by side, else 1.

    Attributes
    ----------
    shape : tuple of int
        Columns, rows, layers.
    """

    def __init__(self, reduction: Reduction, n_columns: int, n_rows: int, n_layers: int) -> None:
        self.reduction = reduction
        self.shape = (n_columns, n_rows, n_layers)
        self._form = form = _FORMS[reduction]
        self._values = np.full(self.shape, form.empty, form.dtype)
        beside_shape = (0, 0, 0) if form.beside_dtype is None else self.shape
        self._beside = np.full(beside_shape, form.beside_empty, form.beside_dtype)

    def emptied(self) -> Self:
        """Return empty cells of the same kind."""
        return type(self)(self.reduction, *self.shape)

    def take(self, cells: NDArray[np.int64], of: NDArray[np.float64], first_arrival: int) -> None:
        """Take in points.

        Parameters
        ----------
        cells : int64[n]
            Their cells as `pipelines.kernels.place_points` numbers them.
        of : float64[n]
            What is reduced. Not looked at for ``"count"`` and ``"any"``.
        first_arrival : int
            Arrival number of the first point.
        """
        values, beside = self._values.reshape(-1), self._beside.reshape(-1)
        match self.reduction:
            case "count" | "any":
                add_counts(cells, values)
            case "sum":
                add_sums(cells, of, values)
            case "min":
                keep_least(cells, of, values)
            case "max":
                keep_greatest(cells, of, values)
            case "mean":
                add_totals(cells, of, values, beside)
            case "last":
                keep_last(cells, of, first_arrival, values, beside)

    def clear(self, columns: slice) -> None:
        """Empty some columns."""
        self._values[columns] = self._form.empty
        self._beside[columns] = self._form.beside_empty

    def merge(self, other: Self, columns: NDArray[np.int64], rows: NDArray[np.int64], *, offset: int = 0) -> None:
        """Take in the cells of `other`: each column into one of ours (nowhere where it is negative), each row too.

        Parameters
        ----------
        other : PointCells
            Cells of the same reduction and layers.
        columns, rows : int64[n_columns], int64[n_rows]
            Where its columns and rows go.
        offset : int
            Added to its arrival numbers.
        """
        if self.reduction == "last":
            merge_last(other._values, other._beside, columns, rows, offset, self._values, self._beside)
            return
        merge_cells(other._values, columns, rows, self._form.how, self._values)
        if self.reduction == "mean":
            merge_cells(other._beside, columns, rows, ADD, self._beside)

    def drawn(self, columns: slice | NDArray[np.int64] = slice(None)) -> NDArray[Any]:
        """Return a copy of some columns as Datashader returns cells.

        Returns
        -------
        any[n, n_rows] or any[n, n_rows, 3]
            uint32 counts, bool for ``"any"``, else float64 with NaN where a cell has no value. By side there is a layer
            for each of -1, 0, 1.
        """
        values = self._values[columns]
        if self.reduction == "mean":
            counts = self._beside[columns]
            values = np.divide(values, counts, out=np.full(values.shape, np.nan), where=counts > 0)
        elif self.reduction == "any":
            values = values > 0
        elif isinstance(columns, slice):
            values = values.copy()
        return values[:, :, 0] if self.shape[2] == 1 else values


def draw_points(
    canvas: Canvas,
    columns: Mapping[str, NDArray[Any]],
    *,
    value: str,
    reduction: Reduction = "count",
    of: str | None = None,
    by: str | None = None,
) -> PointCells:
    """Draw rows as points on a canvas that stays as it is, bit-equal to Datashader.

    Points outside it are left out: it is half-open in time, and closed in value. Columns are found in integers, so they
    are right to the nanosecond also where a canvas is longer than the 104 days that floats hold nanoseconds of.

    Parameters
    ----------
    canvas : Canvas
        The cells.
    columns : mapping of str to any[n]
        Rows in stored order, with ``time`` in int64 nanoseconds UTC.
    value : str
        The column that is drawn upwards.
    reduction, of, by
        As in `ViewSpec`; `by` is a column of signs.
    """
    drawn = PointCells(reduction, canvas.n_columns, canvas.n_rows, 1 if by is None else 3)
    take_points(drawn, canvas, columns, value=value, of=of, by=by)
    return drawn


def take_points(
    cells: PointCells,
    canvas: Canvas,
    columns: Mapping[str, NDArray[Any]],
    *,
    value: str,
    of: str | None = None,
    by: str | None = None,
    first_arrival: int = 0,
) -> None:
    """Draw more rows, which arrived after those before them, on the canvas of `cells`; see `draw_points`.

    `first_arrival` is the arrival number of the first.
    """
    values, placed = float_column(columns, value), np.empty(len(columns["time"]), np.int64)
    place_on_canvas(
        _read_only(columns["time"]),
        values,
        sides_of(columns, by),
        canvas.column_log2,
        canvas.first_column,
        canvas.n_columns,
        canvas.n_rows,
        row_scale_of(canvas),
        placed,
    )
    cells.take(placed, values if of is None else float_column(columns, of), first_arrival)


def merge_column_pairs(canvas: Canvas, cells: PointCells) -> tuple[Canvas, PointCells]:
    """Return the canvas of columns twice as long, and its cells.

    Where the canvas begins or ends between the two columns of a pair, the longer column has what one of them has.
    """
    first_column = canvas.first_column >> 1
    n_columns = ((canvas.end_column + 1) >> 1) - first_column
    longer = replace(canvas, column_log2=canvas.column_log2 + 1, first_column=first_column, n_columns=n_columns)
    _, n_rows, n_layers = cells.shape
    merged = PointCells(cells.reduction, n_columns, n_rows, n_layers)
    merged.merge(cells, (np.arange(canvas.first_column, canvas.end_column) >> 1) - first_column, np.arange(n_rows))
    return longer, merged


def row_scale_of(canvas: Canvas) -> RowScale:
    """Return what the kernels need to find rows."""
    return *canvas.y_range, *canvas.y_transform


def float_column(columns: Mapping[str, NDArray[Any]], name: str) -> NDArray[np.float64]:
    """Return a column as kernels take it: float64[n], read-only."""
    return _read_only(columns[name].astype(np.float64, copy=False))


def sides_of(columns: Mapping[str, NDArray[Any]], by: str | None) -> NDArray[np.int8]:
    """Return the column of signs that the cells are told apart by (int8[n], read-only); int8[0] without `by`."""
    return _read_only(np.empty(0, np.int8) if by is None else columns[by])


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    """Return it contiguous and read-only: kernels are compiled once for all."""
    array = np.ascontiguousarray(array).view()
    array.flags.writeable = False
    return array
