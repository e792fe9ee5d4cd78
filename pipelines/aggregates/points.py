"""The live density picture of one key: points in the cells of a ring of columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from pipelines.aggregates.canvas import Canvas
from pipelines.aggregates.live_cells import LiveCells
from pipelines.aggregates.point_cells import float_column, sides_of
from pipelines.aggregates.point_rows import ValueSurvey, arrived_since, newest_ns
from pipelines.aggregates.value_grid import MAX_VALUE, MIN_STEP, tick_of
from pipelines.aggregates.value_rows import ValueRows
from pipelines.core.batch import Batch
from pipelines.core.schema import Schema
from pipelines.core.spec import Reduction
from pipelines.store.table import Table

__all__ = ["PointRaster", "PointsSnapshot"]


@dataclass(frozen=True, slots=True)
class PointsSnapshot:
    """A density picture.

    Parameters
    ----------
    canvas : Canvas or None
        What the cells stand for; None before the first value.
    reduction : {"count", "any", "sum", "min", "max", "mean", "last"}
        What the rows of a cell come to.
    cells : any[n_columns, n_rows] or any[n_columns, n_rows, 3]
        Cells by column in the order of time, lowest row first, as `PointCells.drawn` returns them. Read-only.
    value_range : tuple of float or None
        Least and greatest value on the canvas; None where there is none.
    """

    canvas: Canvas | None
    reduction: Reduction
    cells: NDArray[Any]
    value_range: tuple[float, float] | None


class PointRaster:
    """Points of one key on a canvas that follows the live edge and grows with its values.

    On the canvas that it has, its cells are bit-equal to what Datashader draws from the same rows, unless
    `wants_rebuild` says otherwise. The laws of `Aggregate` hold for the cells; which rows the canvas has depends on
    what was in the ring when a value did not fit. After the canvas has grown, and after merging, sums and means hold
    *in row order* only; counts, least, greatest and last values stay exact.

    Merging takes rasters of one shape and one step: give both the same `step`.

    Parameters
    ----------
    schema : Schema
        What the rows are.
    code : int
        The key; rows of others are left out.
    column_log2 : int
        A column is ``2**column_log2`` nanoseconds long.
    n_columns, n_rows : int
        Size of the canvas, which has at least 2 rows. It ends with the newest column.
    value : str
        The column that is drawn upwards. NaN, infinities and what is beyond `MAX_VALUE` are not drawn.
    reduction : {"count", "any", "sum", "min", "max", "mean", "last"}
        What the rows of a cell come to.
    of : str, optional
        The column that is reduced; none for ``"count"`` and ``"any"``.
    by : str, optional
        A column of signs that the cells are told apart by.
    step : float, optional
        Height of a row of level 0. By default it is chosen from the first rows, or on rebuilding from all.

    Attributes
    ----------
    next_row : int
        After `rebuild`: the arrival number, in the table, of the first row that it has not taken in.
    n_outside : int
        Rows that came too late for the ring, or with a value beyond `MAX_VALUE`.

    Raises
    ------
    ValueError
        Where the canvas has too few rows, or columns don't fit the reduction.

    Notes
    -----
    *Threads.* The writer's; snapshots are anybody's.
    """

    def __init__(
        self,
        schema: Schema,
        *,
        code: int,
        column_log2: int,
        n_columns: int,
        n_rows: int,
        value: str,
        reduction: Reduction = "count",
        of: str | None = None,
        by: str | None = None,
        step: float | None = None,
    ) -> None:
        if n_columns < 1 or n_rows < 2:
            raise ValueError(f"a raster has at least 1 column and 2 rows, not {n_columns} and {n_rows}")
        if (of is None) != (reduction in ("count", "any")):
            raise ValueError(f"the reduction {reduction!r} {'needs a' if of is None else 'takes no'} column")
        if step is not None and not MIN_STEP <= step <= MAX_VALUE:
            raise ValueError(f"{step} is no height of a row")
        if schema.key in (value, of):
            raise ValueError(f"{schema.key!r} holds codes, which are no values")
        if by is not None and schema.column(by).unit != "sign":
            raise ValueError(f"points are told apart by a sign, which {by!r} is not")
        self.schema, self.code = schema, code
        self.column_log2, self.n_columns, self.n_rows = column_log2, n_columns, n_rows
        self.value, self.reduction, self.of, self.by, self.step = value, reduction, of, by, step
        self._forget()

    @property
    def canvas(self) -> Canvas | None:
        """What the cells stand for now; None before the first value."""
        rows, ring = self._live.rows, self._live.ring
        return None if rows is None else rows.canvas(self.column_log2, ring.first_column, self.n_columns)

    @property
    def value_range(self) -> tuple[float, float] | None:
        """Least and greatest value in the ring; None where there is none."""
        return self._live.ring.value_range

    @property
    def n_ambiguous(self) -> int:
        """Values in the ring so close to the edge of a row that rounding decides which they fall into."""
        return int(self._live.ring.n_ambiguous.sum())

    @property
    def wants_rebuild(self) -> bool:
        """Whether the rows would make a better picture than what merging cells came to.

        The canvas has grown while a value was ambiguous, so that a point may be one row off; or a canvas fitted to the
        values in the ring would be at least twice as fine, because an outlier has left.
        """
        rows = self._live.rows
        return self._live.is_unproven or (rows is not None and rows.is_coarse_for(self.value_range))

    def update(self, batch: Batch) -> None:
        """Take in new rows, in order of arrival."""
        if (batch.keys != self.code).any():
            batch = batch.select(batch.keys == self.code)
        self._take(batch.columns)

    def advance(self, edge_ns: int) -> None:
        """Scroll to the column of the live edge (nanoseconds UTC), if it is newer than the newest."""
        self._live.scroll(edge_ns >> self.column_log2)

    def merge(self, other: Self) -> None:
        """Take in the rows that `other` has seen after us: the newer ring, the coarser rows, all values on the canvas.

        Raises
        ------
        ValueError
            Where it has another step.
        """
        if other._live.ring.has_begun:
            self._live.merge(other._live, offset=self._n_arrived)
        self._n_arrived += other._n_arrived
        self.n_outside += other.n_outside

    def snapshot(self) -> PointsSnapshot:
        """Return the picture now."""
        cells = self._live.cells.drawn(np.roll(np.arange(self.n_columns), -self._live.ring.first_column))
        cells.flags.writeable = False
        return PointsSnapshot(self.canvas, self.reduction, cells, self.value_range)

    def take_changed(self) -> NDArray[np.int64]:
        """Return the columns (int64[n], ascending) whose cells have changed since the last call.

        All of the ring after the canvas has got other rows.
        """
        return self._live.ring.take_changed()

    def cells_of(self, columns: NDArray[np.int64]) -> NDArray[Any]:
        """Return a copy of the cells of some columns (int64[n]) of the ring, as `PointCells.drawn` does."""
        return self._live.cells.drawn(columns % self.n_columns)

    def rebuild(self, table: Table, *, edge_ns: int | None = None) -> Iterator[None]:
        """Forget everything, and take in the rows of the key that `table` keeps and that may be in the ring.

        They are looked at twice: first to fit the canvas to all of them. The ring ends with the newest row, or with the
        column of `edge_ns` (nanoseconds UTC) if that is newer.
        """
        self._forget()
        series = table.series(self.code)
        if series is None:
            return
        self.next_row = series.next_row
        self.advance(newest_ns(series) if edge_ns is None else max(newest_ns(series), edge_ns))
        names = [name for name in ("time", self.value, self.of, self.by) if name is not None]
        start_ns = self._live.ring.first_column << self.column_log2
        survey = ValueSurvey()
        for columns in arrived_since(series, start_ns, names):
            survey.take(self._drawable(columns["time"], float_column(columns, self.value)))
            yield
        self._fit(survey)
        for columns in arrived_since(series, start_ns, names):
            self._take(columns)
            yield

    def _forget(self) -> None:
        self._live = LiveCells(
            self.reduction,
            column_log2=self.column_log2,
            n_columns=self.n_columns,
            n_rows=self.n_rows,
            n_layers=1 if self.by is None else 3,
        )
        self._n_arrived = self.next_row = self.n_outside = 0

    def _take(self, columns: Mapping[str, NDArray[Any]]) -> None:
        time = columns["time"]
        if len(time) == 0:
            return
        self.advance(int(time.max()))
        values, sides = float_column(columns, self.value), sides_of(columns, self.by)
        of = values if self.of is None else float_column(columns, self.of)
        if self._live.rows is None:
            survey = ValueSurvey()
            survey.take(self._drawable(time, values))
            self._fit(survey)
        if (rows := self._live.rows) is None:
            is_late = time >> self.column_log2 < self._live.ring.first_column
            self.n_outside += int((is_late | np.isfinite(values)).sum())
        else:
            self.n_outside += self._live.draw(rows, time, values, sides, of, self._n_arrived)
        self._n_arrived += len(time)

    def _drawable(self, time: NDArray[np.int64], values: NDArray[np.float64]) -> NDArray[np.float64]:
        return values[(np.abs(values) <= MAX_VALUE) & (time >> self.column_log2 >= self._live.ring.first_column)]

    def _fit(self, survey: ValueSurvey) -> None:
        if survey.low <= survey.high:
            tick = tick_of(survey.sample) if self.step is None else None
            self._live.fit(ValueRows.fitted(survey.low, survey.high, n_rows=self.n_rows, tick=tick, step=self.step))
