"""Drawing the rows of a range as points, chunk by chunk in order of arrival, as a live picture takes them in."""

from __future__ import annotations

from pipelines.aggregates.canvas import Canvas
from pipelines.aggregates.point_cells import PointCells, take_points
from pipelines.live.explore.changes import rows_since
from pipelines.live.explore.request import Snapped
from pipelines.store.series import Series

__all__ = ["add_points", "no_points"]


def no_points(snapped: Snapped, canvas: Canvas) -> PointCells:
    """Return empty cells for a canvas."""
    return PointCells(snapped.reduction, canvas.n_columns, canvas.n_rows, 1 if snapped.by is None else 3)


def add_points(cells: PointCells, snapped: Snapped, canvas: Canvas, series: Series, row: int = 0) -> None:
    """Draw the rows on a canvas that came as number `row` or later.

    Drawing rows as they come, and drawing all at once, give the same to the last bit.
    """
    names = tuple(dict.fromkeys(("time", snapped.value, *filter(None, (snapped.of, snapped.by)))))
    arrival = max(row, series.first_row)  # below that of any row here, above that of any before
    for columns in rows_since(series, row, canvas.start_ns, canvas.end_ns, names):
        value, of, by = snapped.value, snapped.of, snapped.by
        take_points(cells, canvas, columns, value=value, of=of, by=by, first_arrival=arrival)
        arrival += len(columns["time"])
