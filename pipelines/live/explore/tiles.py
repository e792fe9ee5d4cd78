"""Pieces of pictures of points that are kept: drawn once from their rows, they cost only rows that come later."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import prod
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pipelines.aggregates.canvas import Canvas
from pipelines.aggregates.point_cells import PointCells, merge_column_pairs
from pipelines.core.spec import Reduction
from pipelines.live.explore.cache import ByteCache
from pipelines.live.explore.changes import RangeState, state_of
from pipelines.live.explore.points import add_points, no_points
from pipelines.live.explore.request import Snapped
from pipelines.store.series import Series

__all__ = ["TILE_COLUMNS", "Tile", "Tiles"]

TILE_COLUMNS: Final = 128

_CELL_BYTES: Final[dict[Reduction, int]] = {
    "count": 4,
    "any": 4,
    "sum": 8,
    "min": 8,
    "max": 8,
    "mean": 12,
    "last": 16,
}
_MERGES_EXACTLY: Final = ("count", "any", "min", "max", "last")
_MAX_MERGES: Final = 3
"""How many halvings of the columns to look for tiles to be merged: up to 8 for one."""


@dataclass(frozen=True, slots=True, eq=False)
class Tile:
    """A block of columns of a canvas, and the rows that it was drawn from.

    A tile whose time is past is never drawn again: a new one takes its place only when a row comes late, or one of its
    rows is evicted.

    Parameters
    ----------
    canvas : Canvas
        `TILE_COLUMNS` columns, the first of which is a multiple of that, and all rows of the picture.
    cells : PointCells
        Never changed.
    state : RangeState
        Its rows.
    """

    canvas: Canvas
    cells: PointCells
    state: RangeState

    @property
    def n_bytes(self) -> int:
        """Memory of the cells."""
        return prod(self.cells.shape) * _CELL_BYTES[self.cells.reduction]


class Tiles:
    """Tiles of the pictures that were looked at last.

    Pictures of the same rows and the same length of columns share tiles, and one of longer columns merges them in pairs
    where that is exact.

    Parameters
    ----------
    capacity_bytes : int
        Most memory.

    Notes
    -----
    *Threads.* Any. Two that lack the same tile both draw it.
    """

    def __init__(self, capacity_bytes: int) -> None:
        self._kept: ByteCache[tuple[Any, ...], Tile] = ByteCache(capacity_bytes)

    def known(self, snapped: Snapped, canvas: Canvas, series: Series) -> list[Tile | None]:
        """Return the tiles of a picture, brought up to date; None for those that must be drawn from all their rows."""
        return [self._known(snapped, tile, series, _MAX_MERGES) for tile in _tile_canvases(canvas)]

    def draw(self, snapped: Snapped, canvas: Canvas, series: Series, known: list[Tile | None]) -> NDArray[Any]:
        """Return the cells of a picture from the tiles that are known, and draw the others.

        Returns
        -------
        any[n_columns, n_rows] or any[n_columns, n_rows, 3]
            As `PointCells.drawn` returns them.
        """
        parts = []
        for tile_canvas, tile in zip(_tile_canvases(canvas), known, strict=True):
            drawn = tile or self._keep(snapped, series, _draw(snapped, tile_canvas, series))
            start = max(canvas.first_column - tile_canvas.first_column, 0)
            parts.append(drawn.cells.drawn(slice(start, canvas.end_column - tile_canvas.first_column)))
        return np.concatenate(parts)

    def _known(self, snapped: Snapped, canvas: Canvas, series: Series, max_merges: int) -> Tile | None:
        tile = self._kept.get(_key(snapped, canvas, series))
        if tile is not None and not tile.state.has_lost(series):
            if tile.state.next_row >= series.next_row:
                return tile
            return self._keep(snapped, series, _updated(snapped, tile, series))
        if max_merges == 0 or canvas.column_log2 == 0 or snapped.reduction not in _MERGES_EXACTLY:
            return None
        halves = []
        for half in _halves(canvas):
            tile = self._known(snapped, half, series, max_merges - 1)
            if tile is None:
                return None
            halves.append(tile)
        return self._keep(snapped, series, _merged(canvas, halves))

    def _keep(self, snapped: Snapped, series: Series, tile: Tile) -> Tile:
        self._kept.put(_key(snapped, tile.canvas, series), tile, tile.n_bytes)
        return tile


def _key(snapped: Snapped, canvas: Canvas, series: Series) -> tuple[Any, ...]:
    return snapped.kind, series.code, snapped.value, snapped.reduction, snapped.of, snapped.by, canvas


def _tile_canvases(canvas: Canvas) -> Iterator[Canvas]:
    start = canvas.first_column // TILE_COLUMNS * TILE_COLUMNS
    for first_column in range(start, canvas.end_column, TILE_COLUMNS):
        yield canvas.with_columns(first_column, TILE_COLUMNS)


def _halves(canvas: Canvas) -> Iterator[Canvas]:
    finer = replace(canvas, column_log2=canvas.column_log2 - 1)
    for number in range(2):
        yield finer.with_columns(2 * canvas.first_column + number * TILE_COLUMNS, TILE_COLUMNS)


def _draw(snapped: Snapped, canvas: Canvas, series: Series) -> Tile:
    cells = no_points(snapped, canvas)
    add_points(cells, snapped, canvas, series)
    return Tile(canvas, cells, state_of(series, canvas.start_ns, canvas.end_ns))


def _updated(snapped: Snapped, tile: Tile, series: Series) -> Tile:
    """Return the tile with the rows that came since."""
    cells, oldest_row = tile.cells, tile.state.oldest_row
    if tile.state.has_gained(series):
        cells = no_points(snapped, tile.canvas)
        _put(cells, tile.cells, 0)
        add_points(cells, snapped, tile.canvas, series, tile.state.next_row)
        if oldest_row is None:
            oldest_row = state_of(series, tile.canvas.start_ns, tile.canvas.end_ns).oldest_row
    return Tile(tile.canvas, cells, replace(tile.state, oldest_row=oldest_row, next_row=series.next_row))


def _merged(canvas: Canvas, halves: list[Tile]) -> Tile:
    n_columns, n_rows, n_layers = halves[0].cells.shape
    cells = PointCells(halves[0].cells.reduction, n_columns, n_rows, n_layers)
    for number, half in enumerate(halves):
        _, pairs = merge_column_pairs(half.canvas, half.cells)
        _put(cells, pairs, number * TILE_COLUMNS // 2)
    oldest_rows = [half.state.oldest_row for half in halves if half.state.oldest_row is not None]
    next_row = min(half.state.next_row for half in halves)
    return Tile(canvas, cells, RangeState(canvas.start_ns, canvas.end_ns, min(oldest_rows, default=None), next_row))


def _put(cells: PointCells, others: PointCells, first_column: int) -> None:
    """Copy cells into empty ones, from a column on."""
    n_columns, n_rows, _ = others.shape
    cells.merge(others, first_column + np.arange(n_columns), np.arange(n_rows))
