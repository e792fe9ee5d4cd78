"""A line, drawn live from what is known of each column."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.aggregates.canvas import column_log2_of
from pipelines.aggregates.draw_line import draw_line
from pipelines.aggregates.line import LineColumns
from pipelines.aggregates.quantise import AnyQuantiser
from pipelines.aggregates.value_rows import ValueRows
from pipelines.core.batch import Batch
from pipelines.core.schema import schema_of
from pipelines.core.spec import ViewSpec
from pipelines.live.frames.drawing import Drawn
from pipelines.live.frames.progress import shares
from pipelines.store.table import Table

__all__ = ["LineDrawing"]

_QUANTISER: Final = AnyQuantiser()
_GAP_ROWS: Final = 1 << 15
_LARGEST: Final = 1e300
"""Values further from 0 are beyond every canvas."""


class LineDrawing:
    """Draws the line of a view. The rows of its canvas follow the values: columns know enough for any range of them.

    Gaps in it are exact as long as few rows share a column with one; where there are more, their columns are covered
    from the lowest to the highest value, for the writer has no time to go through so many rows for each frame.

    Parameters
    ----------
    spec : ViewSpec
        What is shown.
    code : int
        The key.
    table : Table
        Where the rows are of columns in which the line has gaps.

    Notes
    -----
    *Threads.* The writer's.
    """

    wants_rebuild = False

    def __init__(self, spec: ViewSpec, code: int, table: Table) -> None:
        column_log2 = column_log2_of(spec.span_ns, spec.n_columns)
        n_columns = -(-spec.span_ns >> column_log2)
        schema = schema_of(spec.kind)
        self._line = LineColumns(schema, code=code, column_log2=column_log2, n_columns=n_columns, value=spec.value)
        self._spec, self._table = spec, table
        self._rows: ValueRows | None = None
        self._before: Drawn | None = None

    @property
    def n_bytes(self) -> int:
        """Memory of the columns and of the last picture."""
        return self._line.n_columns * 80 + (0 if self._before is None else self._before.codes.nbytes)

    @property
    def next_row(self) -> int:
        """After `rebuild`: the arrival number of the first row that it has not taken in."""
        return self._line.next_row

    def rebuild(self, table: Table, edge_ns: int) -> Iterator[float]:
        """Take in the rows that `table` keeps and that are on a canvas which ends with the live edge, some a step."""
        return shares(self._line.rebuild(table), table.series(self._line.code), self._spec.span_ns, n_passes=1)

    def update(self, batch: Batch) -> None:
        """Take in rows of the key, in order of arrival."""
        self._line.update(batch)

    def advance(self, edge_ns: int) -> bool:
        """Let the canvas end with the column of the live edge. Returns whether that moved it."""
        before = self._line.end_column
        self._line.advance(edge_ns)
        return self._line.end_column != before

    def draw(self) -> Drawn | None:
        """Return the picture as it is now; None before the first value."""
        value_range = self._line.value_range
        if value_range is None:
            return None
        summary = self._line.snapshot()
        rows = self._fitted(*value_range)
        canvas = rows.canvas(summary.column_log2, summary.first_column, len(summary.n_rows))
        n_beside_gaps = int(summary.n_rows[summary.broken].sum())
        codes = draw_line(summary, canvas, self._rows_of if n_beside_gaps <= _GAP_ROWS else None).view(np.uint8)
        n_drawn = int(np.count_nonzero(codes))
        histogram = np.zeros(256, np.int64)
        histogram[:2] = codes.size - n_drawn, n_drawn
        drawn = Drawn(canvas, codes, np.ones(len(codes), np.bool_), histogram, _QUANTISER, value_range)
        self._before = drawn._replace(changed=_changed(self._before, drawn))
        return self._before

    def _fitted(self, low: float, high: float) -> ValueRows:
        low, high = max(low, -_LARGEST), min(high, _LARGEST)
        rows = self._rows
        if rows is None or not rows.covers(low, high) or rows.is_coarse_for((low, high)):
            rows = self._rows = ValueRows.fitted(low, high, n_rows=self._spec.n_rows, tick=None, step=None)
        return rows

    def _rows_of(self, start_ns: int, end_ns: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        series = self._table.series(self._line.code)
        if series is None:
            return np.empty(0, np.int64), np.empty(0)
        rows = series.range(start_ns, end_ns, ("time", self._spec.value))
        return rows["time"], rows[self._spec.value]


def _changed(before: Drawn | None, drawn: Drawn) -> NDArray[np.bool_]:
    """Return which columns are other than they were; all where the rows are."""
    changed = np.ones(drawn.canvas.n_columns, np.bool_)
    if before is None or before.canvas.with_columns(0, 0) != drawn.canvas.with_columns(0, 0):
        return changed
    n_moved = drawn.canvas.first_column - before.canvas.first_column
    n_kept = drawn.canvas.n_columns - n_moved
    if n_kept > 0:
        changed[:n_kept] = (drawn.codes[:n_kept] != before.codes[n_moved:]).any(axis=1)
    return changed
