"""Where a line comes from and leads to: the rows just before and behind a picture."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipelines.aggregates.canvas import Canvas
from pipelines.aggregates.column_summary import ColumnSummary
from pipelines.kernels.polyline import draw_polyline
from pipelines.store.series import Series

__all__ = ["Leads", "leads_of"]

_FOREVER_NS: Final = np.iinfo(np.int64).max


class _Row(NamedTuple):
    time_ns: int
    value: float


class Leads(NamedTuple):
    """The last row before a picture and the first one behind it, in the stable order of time; None where none is.

    So a line is seen to pass also where a viewer has zoomed in between two rows.
    """

    before: _Row | None
    behind: _Row | None

    def draw(self, canvas: Canvas, summary: ColumnSummary, cells: NDArray[np.bool_]) -> None:
        """Draw the parts of the line that lead to them, as Datashader does."""
        filled = np.flatnonzero(summary.n_rows)
        first = last = None
        if len(filled):
            first = _Row(int(summary.first_ns[filled[0]]), float(summary.first[filled[0]]))
            last = _Row(int(summary.last_ns[filled[-1]]), float(summary.last[filled[-1]]))
        for start, end in ((self.before, first or self.behind), (last, self.behind)):
            if start is not None and end is not None:
                time_ns = np.array([start.time_ns, end.time_ns], np.int64) - canvas.start_ns
                draw_polyline(time_ns, np.array([start.value, end.value]), *canvas.x_range, *canvas.y_range, cells)

    def extend(self, start_ns: int, end_ns: int) -> tuple[int, int]:
        """Return the times of all rows that a picture of a range depends on, those that may yet come included."""
        first_ns = -_FOREVER_NS if self.before is None else self.before.time_ns
        return min(first_ns, start_ns), _FOREVER_NS if self.behind is None else max(self.behind.time_ns + 1, end_ns)


def leads_of(series: Series, start_ns: int, end_ns: int, value: str) -> Leads:
    """Return the rows just before `start_ns`, and just at or behind `end_ns`."""
    before_ns, behind_ns = series.time_before(start_ns), series.time_from(end_ns)
    before = None if before_ns is None else _row(series, before_ns, value, -1)
    return Leads(before, None if behind_ns is None else _row(series, behind_ns, value, 0))


def _row(series: Series, time_ns: int, value: str, place: int) -> _Row:
    return _Row(time_ns, float(series.range(time_ns, time_ns + 1, (value,))[value][place]))
