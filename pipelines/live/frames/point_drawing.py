"""Points, drawn live: new rows touch their cells, and cells that changed get new codes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from pipelines.aggregates.canvas import columns_of
from pipelines.aggregates.points import PointRaster
from pipelines.aggregates.quantise import CodedCells
from pipelines.core.batch import Batch
from pipelines.core.schema import schema_of
from pipelines.core.spec import Reduction, ViewSpec
from pipelines.live.explore.encode import quantiser_for
from pipelines.live.frames.drawing import Drawn
from pipelines.live.frames.progress import shares
from pipelines.store.table import Table

__all__ = ["PointDrawing"]

_T = TypeVar("_T", bound=np.generic)

_CELL_BYTES: Final[Mapping[Reduction, int]] = {
    "count": 4 + 4,
    "any": 4 + 1,
    "sum": 8 + 8,
    "min": 8 + 8,
    "max": 8 + 8,
    "mean": 8 + 4 + 8,
    "last": 8 + 8 + 8,
}
"""What a cell takes: as it is updated, with what a mean or a last value needs besides, and as it is encoded."""

_LARGEST: Final = 8e307
"""So large a range is still finite."""


class PointDrawing:
    """Draws the points of a view.

    The quantiser of counts is fixed. That of other reductions is chosen anew, for a range twice as large, where a cell
    falls outside of it; then all cells get new codes.

    Parameters
    ----------
    spec : ViewSpec
        What is shown.
    code : int
        The key.

    Notes
    -----
    *Threads.* The writer's.
    """

    def __init__(self, spec: ViewSpec, code: int) -> None:
        column_log2, n_columns = columns_of(spec.span_ns, spec.n_columns)
        self._raster = PointRaster(
            schema_of(spec.kind),
            code=code,
            column_log2=column_log2,
            n_columns=n_columns,
            n_rows=spec.n_rows,
            value=spec.value,
            reduction=spec.reduction,
            of=spec.of,
            by=spec.by,
        )
        self._spec = spec
        self._cells = self._raster.cells_of(np.arange(self._raster.n_columns))
        self._range: tuple[float, float] | None = None
        self._coded = self._uncoded()
        self._edge = 0

    @property
    def wants_rebuild(self) -> bool:
        """Whether a canvas fitted to the rows anew would be exact again, or finer."""
        return self._raster.wants_rebuild

    @staticmethod
    def bytes_of(spec: ViewSpec) -> int:
        """Return the memory that the drawing of a view takes: its cells, twice, and their codes."""
        n_cells = columns_of(spec.span_ns, spec.n_columns)[1] * spec.n_rows
        return n_cells * (1 + _CELL_BYTES[spec.reduction] * (1 if spec.by is None else 3))

    @property
    def n_bytes(self) -> int:
        """Memory of cells and codes."""
        return self.bytes_of(self._spec)

    @property
    def next_row(self) -> int:
        """After `rebuild`: the arrival number of the first row that it has not taken in."""
        return self._raster.next_row

    def rebuild(self, table: Table, edge_ns: int) -> Iterator[float]:
        """Take in the rows that `table` keeps and that are on a canvas which ends with the live edge, some a step."""
        self.advance(edge_ns)
        return shares(
            self._raster.rebuild(table, edge_ns=edge_ns),
            table.series(self._raster.code),
            self._spec.span_ns,
            n_passes=2,
        )

    def update(self, batch: Batch) -> None:
        """Take in rows of the key, in order of arrival."""
        self._raster.update(batch)

    def advance(self, edge_ns: int) -> bool:
        """Let the canvas end with the column of the live edge. Returns whether that moved it."""
        self._raster.advance(edge_ns)
        moved = edge_ns >> self._raster.column_log2 > self._edge
        self._edge = max(self._edge, edge_ns >> self._raster.column_log2)
        return moved

    def draw(self) -> Drawn | None:
        """Return the picture as it is now; None before the first value."""
        canvas = self._raster.canvas
        if canvas is None:
            return None
        columns = self._raster.take_changed()
        self._encode(columns % canvas.n_columns, self._raster.cells_of(columns))
        split = canvas.first_column % canvas.n_columns
        codes, changed = _from(self._coded.codes, split), _from(self._coded.changed, split)
        self._coded.changed[:] = False
        histogram = self._coded.histogram.copy()
        return Drawn(canvas, codes, changed, histogram, self._coded.quantiser, self._raster.value_range)

    def _encode(self, places: NDArray[np.int64], cells: NDArray[np.generic]) -> None:
        """Put cells where they belong, and give them codes."""
        self._cells[places] = cells
        if self._spec.reduction not in ("count", "any") and self._has_outgrown(cells):
            self._coded = self._uncoded()
            self._coded.changed[:] = True
            places = np.arange(len(self._cells))
        self._coded.encode(self._cells, places)

    def _has_outgrown(self, cells: NDArray[np.generic]) -> bool:
        """Widen the range of the quantiser where a cell is outside. Returns whether it is another one now."""
        finite = cells[np.isfinite(cells)]
        if not len(finite):
            return False
        low, high = float(finite.min()), float(finite.max())
        if self._range is not None:
            if self._range[0] <= low and high <= self._range[1]:
                return False
            low, high = min(self._range[0], low), max(self._range[1], high)
        room = (high / 2 - low / 2) or abs(low) / 2
        below = max(low - room, 0.0) if low >= 0.0 else low - room
        self._range = max(below, -_LARGEST), min(high + room, _LARGEST)
        return True

    def _uncoded(self) -> CodedCells:
        values = np.array(self._range or (0.0, 1.0))
        quantiser = quantiser_for(self._spec.reduction, self._spec.by, values)
        return CodedCells(quantiser, self._raster.n_columns, self._raster.n_rows)


def _from(ring: NDArray[_T], split: int) -> NDArray[_T]:
    """Return a copy of a ring that begins with the place `split`."""
    return np.concatenate((ring[split:], ring[:split]))
