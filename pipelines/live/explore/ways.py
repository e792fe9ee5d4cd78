"""How a range is drawn: from summaries, rows, tiles or by Datashader, whichever is exact and costs least."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, TypeGuard

import numpy as np
from numpy.typing import NDArray

from pipelines.aggregates.canvas import Canvas
from pipelines.aggregates.column_summary import ColumnSummary
from pipelines.aggregates.draw_line import draw_line
from pipelines.aggregates.history import summarise_columns
from pipelines.aggregates.value_grid import choose_step, tick_of
from pipelines.live.explore.answer import ExploreAnswer, Way
from pipelines.live.explore.encode import encoded, quantiser_for
from pipelines.live.explore.envelope import draw_envelope
from pipelines.live.explore.gpu import draw_line_with_datashader
from pipelines.live.explore.leads import leads_of
from pipelines.live.explore.points import add_points, no_points
from pipelines.live.explore.request import LARGEST_VALUE, Snapped, canvas_over, snap_values
from pipelines.live.explore.tiles import Tiles
from pipelines.store.series import Series

__all__ = ["Ways"]

_RASTER_ROWS: Final = 1 << 20
_TILE_BYTES: Final = 256 << 20
_COARSE_ROWS: Final = 1 << 21
"""From how many rows on a coarse picture comes first: below, the exact one is there as soon."""


class Ways:
    """Draws pictures of ranges.

    Lines with the reduction ``any`` come from summaries; points from their rows, or, where these are many, from tiles
    that are kept; other lines from Datashader. All of them are the cells that Datashader draws: of points in order of
    arrival, of a line in the order of time. The first of these lines come from the row before the picture and lead to
    the one behind it.

    Parameters
    ----------
    raster_rows : int
        From how many rows on points come from tiles.
    coarse_rows : int
        From how many rows on a coarse picture comes first, where not all is known.
    tile_bytes : int
        Most memory of the tiles.

    Notes
    -----
    *Threads.* Any: all that they share are tiles, which never change.
    """

    def __init__(
        self, *, raster_rows: int = _RASTER_ROWS, coarse_rows: int = _COARSE_ROWS, tile_bytes: int = _TILE_BYTES
    ) -> None:
        self._raster_rows, self._coarse_rows = raster_rows, coarse_rows
        self._tiles = Tiles(tile_bytes)

    def draw(self, snapped: Snapped, series: Series | None) -> Iterator[ExploreAnswer]:
        """Yield an exact picture, and before it, where that takes long, a coarse one.

        Parameters
        ----------
        snapped : Snapped
            What to draw.
        series : Series or None
            The rows of the key; None where it has none.
        """
        if series is None:
            yield _Picture(snapped, _canvas(snapped, None), 0).empty()
            return
        summary = _summarise(snapped, series, snapped.value)
        picture = _Picture(snapped, _canvas(snapped, summary), int(summary.n_rows.sum()))
        if snapped.glyph == "points":
            yield from self._points(picture, series, summary)
        elif snapped.reduction == "any" and snapped.by is None:
            leads = leads_of(series, snapped.start_ns, snapped.end_ns, snapped.value)
            cells = _line(picture.canvas, snapped, series, summary)
            leads.draw(picture.canvas, summary, cells)
            picture.depends_ns = leads.extend(*picture.depends_ns)
            yield picture.exact(cells, "pyramid")
        else:
            if picture.n_rows >= self._coarse_rows:
                yield from picture.coarse(series, summary)
            yield picture.exact(_other_line(picture.canvas, snapped, series), "datashader")

    def _points(self, picture: _Picture, series: Series, summary: ColumnSummary) -> Iterator[ExploreAnswer]:
        snapped, canvas = picture.snapped, picture.canvas
        if picture.n_rows <= self._raster_rows:
            cells = no_points(snapped, canvas)
            add_points(cells, snapped, canvas, series)
            yield picture.exact(cells.drawn(), "raster")
            return
        known = self._tiles.known(snapped, canvas, series)
        if picture.n_rows >= self._coarse_rows and None in known:
            yield from picture.coarse(series, summary)
        yield picture.exact(self._tiles.draw(snapped, canvas, series, known), "tiles")


class _Picture:
    """What all answers to a request have in common."""

    def __init__(self, snapped: Snapped, canvas: Canvas, n_rows: int) -> None:
        self.snapped, self.canvas, self.n_rows = snapped, canvas, n_rows
        self.depends_ns = (snapped.start_ns, snapped.end_ns)

    def exact(self, cells: NDArray[Any], way: Way) -> ExploreAnswer:
        return self._answer(cells, way, is_final=True)

    def empty(self) -> ExploreAnswer:
        return self.exact(no_points(self.snapped, self.canvas).drawn(), "raster")

    def coarse(self, series: Series, summary: ColumnSummary) -> Iterator[ExploreAnswer]:
        """Yield a picture from summaries, where these tell enough."""
        snapped = self.snapped
        compared = _summarise(snapped, series, snapped.of) if _is_summarised(snapped.of, series) else None
        cells = draw_envelope(self.canvas, summary, reduction=snapped.reduction, of=compared, by=snapped.by)
        if cells is not None:
            yield self._answer(cells, "pyramid", is_final=False)

    def _answer(self, cells: NDArray[Any], way: Way, *, is_final: bool) -> ExploreAnswer:
        quantiser = quantiser_for(self.snapped.reduction, self.snapped.by, cells)
        codes, histogram = encoded(cells, quantiser)
        return ExploreAnswer(
            snapped=self.snapped,
            canvas=self.canvas,
            codes=codes,
            histogram=histogram,
            quantiser=quantiser,
            way=way,
            n_rows=self.n_rows,
            depends_ns=self.depends_ns,
            is_final=is_final,
        )


def _is_summarised(name: str | None, series: Series) -> TypeGuard[str]:
    """Return whether there are summaries of a column."""
    return name is not None and series.schema.column(name).dtype == np.float64


def _summarise(snapped: Snapped, series: Series, value: str) -> ColumnSummary:
    return summarise_columns(
        series,
        value=value,
        column_log2=snapped.column_log2,
        first_column=snapped.first_column,
        n_columns=snapped.n_columns,
    )


def _canvas(snapped: Snapped, summary: ColumnSummary | None) -> Canvas:
    """Return the canvas for a picture: its rows are fitted to the values, unless it was asked for a range of them."""
    values = np.empty(0) if summary is None else np.concatenate([summary.low, summary.high])
    values = values[np.abs(values) <= LARGEST_VALUE]
    y_range = snapped.y_range
    if y_range is None:
        y_range = snap_values(float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)
    step = choose_step(*y_range, tick_of(values), 2 * snapped.n_rows)
    return canvas_over(snapped, y_range, step)


def _line(canvas: Canvas, snapped: Snapped, series: Series, summary: ColumnSummary) -> NDArray[np.bool_]:
    def rows_of(start_ns: int, end_ns: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        rows = series.range(start_ns, end_ns, ("time", snapped.value))
        return rows["time"], rows[snapped.value]

    return draw_line(summary, canvas, rows_of)


def _other_line(canvas: Canvas, snapped: Snapped, series: Series) -> NDArray[Any]:
    names = tuple(dict.fromkeys(("time", snapped.value, *filter(None, (snapped.of, snapped.by)))))
    rows = series.range(canvas.start_ns, canvas.end_ns, names)
    reduction, of, by = snapped.reduction, snapped.of, snapped.by
    return draw_line_with_datashader(canvas, rows, value=snapped.value, reduction=reduction, of=of, by=by)
