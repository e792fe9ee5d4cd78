"""A line, drawn live from what is known of each column."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.aggregates.canvas import columns_of
from pipelines.aggregates.draw_line import draw_line
from pipelines.aggregates.line import LineColumns
from pipelines.aggregates.quantise import AnyQuantiser
from pipelines.aggregates.value_rows import ValueRows
from pipelines.core.batch import Batch
from pipelines.core.schema import schema_of
from pipelines.core.spec import ViewSpec
from pipelines.live.frames.drawing import Drawn
from pipelines.live.frames.progress import shares
from pipelines.live.frames.reread import Rereading
from pipelines.store.table import Table

__all__ = ["LineDrawing"]

_QUANTISER: Final = AnyQuantiser()
_REREAD_ROWS: Final = 1 << 16
"""Rows that are read again for a frame, on average at the most: a millisecond or two."""

_LARGEST: Final = 1e300
"""Values further from 0 are beyond every canvas."""


class LineDrawing:
    """Draws the line of a view. The rows of its canvas follow the values: columns know enough for any range of them.

    Gaps in it are exact within the limits of `LineColumns`, also when their rows have left the table and when the rows
    of the canvas change. Where a row comes late into a column with gaps, the rows of that column are read again, as far
    as the writer has time, which may take some frames. Until then, and for good if they have left the table by then,
    the line passes the late row but need not reach its neighbours, and goes on over a late gap.

    Parameters
    ----------
    spec : ViewSpec
        What is shown.
    code : int
        The key.
    table : Table
        Where the rows are of columns that are to be read again.

    Notes
    -----
    *Threads.* The writer's.
    """

    wants_rebuild = False

    def __init__(self, spec: ViewSpec, code: int, table: Table) -> None:
        column_log2, n_columns = columns_of(spec.span_ns, spec.n_columns)
        schema = schema_of(spec.kind)
        self._line = LineColumns(schema, code=code, column_log2=column_log2, n_columns=n_columns, value=spec.value)
        self._spec, self._table = spec, table
        self._rows: ValueRows | None = None
        self._before: Drawn | None = None
        self._rereading: Rereading | None = None
        self._cursor = self._allowance = 0

    @staticmethod
    def bytes_of(spec: ViewSpec) -> int:
        """Return the memory that the drawing of a view takes: its columns. The last picture is the frame's."""
        return LineColumns.bytes_of(columns_of(spec.span_ns, spec.n_columns)[1])

    @property
    def n_bytes(self) -> int:
        """Memory of the columns. The last picture is the frame's."""
        return self.bytes_of(self._spec)

    @property
    def next_row(self) -> int:
        """After `rebuild`: the arrival number of the first row that it has not taken in."""
        return self._line.next_row

    def rebuild(self, table: Table, edge_ns: int) -> Iterator[float]:
        """Take in the rows that `table` keeps and that are on a canvas which ends with the live edge, some a step."""
        self._rereading = None
        yield from shares(self._line.rebuild(table), table.series(self._line.code), self._spec.span_ns, n_passes=1)
        self._cursor = self._line.next_row

    def update(self, batch: Batch) -> None:
        """Take in rows of the key, in order of arrival."""
        self._line.update(batch)
        if self._rereading is not None and self._rereading.is_spoiled_by(batch.time):
            self._rereading = None
        begin = self._table.since(self._line.code, self._cursor, ("time",), max_rows=0).next_row
        self._cursor = begin + len(batch)

    def advance(self, edge_ns: int) -> bool:
        """Let the canvas end with the column of the live edge. Returns whether the next picture may be another one."""
        before = self._line.end_column
        self._line.advance(edge_ns)
        return self._line.end_column != before or len(self._line.disordered) > 0

    def draw(self) -> Drawn | None:
        """Return the picture as it is now; None before the first value."""
        self._reread()
        value_range = self._line.value_range
        rows = self._rows if value_range is None else self._fitted(*value_range)
        if rows is None:
            return None
        summary = self._line.snapshot()
        canvas = rows.canvas(summary.column_log2, summary.first_column, len(summary.n_rows))
        codes = draw_line(summary, canvas).view(np.uint8)
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

    def _reread(self) -> None:
        """Read the rows again of columns with gaps into which a row came late, as many as may be."""
        self._allowance = min(self._allowance + _REREAD_ROWS, _REREAD_ROWS)
        columns = self._line.disordered.tolist()
        series = self._table.series(self._line.code) if columns else None
        if series is not None and series.next_row != self._cursor:
            return  # it is still reading: there are rows of these columns that it would take twice
        if self._rereading is not None and self._rereading.column in columns:
            columns.remove(self._rereading.column)
        else:
            self._rereading = None
        while self._allowance > 0 and (self._rereading is not None or columns):
            reading = self._rereading = self._rereading or Rereading(self._line, columns.pop(0))
            self._allowance -= reading.read(series, self._allowance)
            if reading.is_done:
                self._rereading = None


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
