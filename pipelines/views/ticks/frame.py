"""From a window of rows to frames: which canvas, which rows, which scales."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pipelines.core.clock import NS_PER_SECOND, Clock
from pipelines.core.spec import CANVAS_COLUMNS, Glyph
from pipelines.live.window_buffer import TickFeed, WindowBuffer
from pipelines.views.ticks.axis import NS_PER_MS, TimeAxis
from pipelines.views.ticks.raster import Canvas, rasterize
from pipelines.views.ticks.scale import CountScale, ValueScale

__all__ = ["Frame", "FrameMaker", "Viewport"]

_QUIET_NS: Final = NS_PER_SECOND
_MAX_COLUMNS: Final = CANVAS_COLUMNS[-1]
_MAX_ROWS: Final = 1_200
_FIRST_SIZE_PX: Final = (CANVAS_COLUMNS[0], 200)
"""Until the browser has told the size: small, for enlarging keeps spikes and shrinking loses them."""

_WIDENINGS: Final = (1, 16, 256)
"""How far to look for the rows that a line comes from and goes to, in widths of the viewport."""


@dataclass(frozen=True, slots=True)
class Viewport:
    """What a viewer who paused the picture looks at: milliseconds of the axis, and values."""

    x_range_ms: tuple[float, float]
    y_range: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Frame:
    """A picture and the rows that it was drawn from.

    Parameters
    ----------
    canvas : Canvas
        Its pixels.
    axis : TimeAxis
        Its time axis.
    time_ns, value : int64[n], float64[n]
        The rows.
    cells : unsigned[n_rows, n_columns]
        Rows a pixel (`points`) or whether the line passes (`line`), lowest value first.
    largest : int
        The count that has the last colour.
    """

    canvas: Canvas
    axis: TimeAxis
    time_ns: NDArray[np.int64]
    value: NDArray[np.float64]
    cells: NDArray[Any]
    largest: int

    def cell_at(self, time_ns: int, value: float) -> int:
        """Return the cell that a row falls into, 0 outside."""
        canvas = self.canvas
        column = _cell(time_ns - canvas.origin_ns, canvas.x_range, canvas.n_columns)
        row = _cell(value, canvas.y_range, canvas.n_rows)
        return 0 if column is None or row is None else int(self.cells[row, column])


class FrameMaker:
    """Decides when a frame is due, and draws it.

    Parameters
    ----------
    feed : TickFeed
        Whose live edge is followed.
    buffer : WindowBuffer
        The rows.
    value : str
        The column that is drawn.
    clock : Clock
        Tells how long the feed has been quiet.

    Attributes
    ----------
    reduction : {"points", "line"}
        How rows become pixels.
    zone : str
        The viewer's time zone.
    size_px : tuple of int
        Width and height of the plot in the browser.
    viewport : Viewport or None
        What is looked at while it is paused; None while it follows.

    Notes
    -----
    *Threads.* One session's loop.
    """

    def __init__(self, feed: TickFeed, buffer: WindowBuffer, *, value: str, clock: Clock) -> None:
        self.reduction: Glyph = "points"
        self.zone = "UTC"
        self.size_px = _FIRST_SIZE_PX
        self.viewport: Viewport | None = None
        self._feed, self._buffer, self._value, self._clock = feed, buffer, value, clock
        self._values, self._counts = ValueScale(), CountScale()
        self._generation = feed.generation
        self._woken_ns = clock.monotonic_ns()
        self._edge_ns = feed.shown_edge_ns()
        self.axis = TimeAxis.around(self._edge_ns, self.zone)
        self._revision = 0
        self._drawn: tuple[Any, ...] = ()

    @property
    def quiet_ns(self) -> int:
        """How long nothing has come into the feed."""
        return self._clock.monotonic_ns() - self._woken_ns

    def forget_scales(self) -> None:
        """Fit the scales afresh: what comes next is another key."""
        self._values, self._counts = ValueScale(), CountScale()
        self._revision += 1

    def advance(self) -> bool:
        """Take what is new. Returns whether it changes the picture."""
        if self._feed.generation != self._generation:
            self._generation, self._woken_ns = self._feed.generation, self._clock.monotonic_ns()
        if self.quiet_ns < _QUIET_NS:
            self._edge_ns = self._feed.shown_edge_ns()
        if self._buffer.pull() and self._is_in_view(self._buffer.oldest_new_ns):
            self._revision += 1
        return self._wanted() != self._drawn

    def draw(self) -> Frame:
        """Draw a frame of what there is."""
        self._drawn = self._wanted()
        self._choose_axis()
        canvas = self._following_canvas() if self.viewport is None else self._viewport_canvas(self.viewport)
        time_ns, value = self._window() if self.viewport is None else self._stored(canvas)
        cells = rasterize(canvas, time_ns, value, self.reduction)
        largest = self._counts.fit(int(cells.max(initial=0)), self._clock.monotonic_ns())
        return Frame(canvas, self.axis, time_ns, value, cells, largest)

    def _wanted(self) -> tuple[Any, ...]:
        column = self._following_end_ns() if self.viewport is None else None
        return self._revision, self.reduction, self.zone, self.size_px, self.viewport, column

    def _is_in_view(self, time_ns: int) -> bool:
        return self.viewport is None or time_ns <= self.axis.to_ns(self.viewport.x_range_ms[1])

    def _choose_axis(self) -> None:
        if self.viewport is not None:  # whose milliseconds count from the axis as it is
            self.axis = replace(self.axis, zone=self.zone)
        elif self.axis.zone != self.zone or not self.axis.reaches(self._edge_ns):
            self.axis = TimeAxis.around(self._edge_ns, self.zone)

    def _window(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        return self._buffer.time_ns, self._buffer.column(self._value)

    def _stored(self, canvas: Canvas) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return the rows of a viewport from the store, for a line with rows to both sides that it comes from."""
        series, start_ns, end_ns = self._buffer.series, canvas.start_ns, canvas.end_ns
        if series is None:
            return self._window()
        for n_widths in _WIDENINGS if self.reduction == "line" else (0,):
            pad_ns = n_widths * (end_ns - start_ns)
            rows = series.range(start_ns - pad_ns, end_ns + pad_ns, ("time", self._value))
            time_ns: NDArray[np.int64] = rows["time"]
            if (time_ns < start_ns).any() and (end_ns > self._edge_ns or (time_ns >= end_ns).any()):
                break
        return time_ns, rows[self._value]

    def _following_end_ns(self) -> int:
        column_ns = self._column_ns()
        return -(-self._edge_ns // column_ns) * column_ns

    def _column_ns(self) -> int:
        return -(-self._buffer.span_ns // min(self.size_px[0], _MAX_COLUMNS))

    def _following_canvas(self) -> Canvas:
        end_ns, column_ns = self._following_end_ns(), self._column_ns()
        n_columns = -(-self._buffer.span_ns // column_ns)
        start_ns = end_ns - n_columns * column_ns
        time_ns, value = self._window()
        seen = value[(time_ns >= start_ns) & (time_ns <= end_ns)]
        low, high = np.fmin.reduce(seen, initial=np.inf), np.fmax.reduce(seen, initial=-np.inf)
        y_range = self._values.fit(float(low), float(high)) if low <= high else self._values.range
        return Canvas(start_ns, (0.0, float(end_ns - start_ns)), y_range, n_columns, self._n_rows())

    def _viewport_canvas(self, viewport: Viewport) -> Canvas:
        """Lay a canvas over exactly what is looked at."""
        origin_ns = self.axis.to_ns(viewport.x_range_ms[0])
        origin_ms = self.axis.to_axis(origin_ns)
        left, right = ((edge_ms - origin_ms) * NS_PER_MS for edge_ms in viewport.x_range_ms)
        n_columns = min(self.size_px[0], _MAX_COLUMNS)
        return Canvas(origin_ns, (left, right), viewport.y_range, n_columns, self._n_rows())

    def _n_rows(self) -> int:
        return min(self.size_px[1], _MAX_ROWS)


def _cell(place: float, edges: tuple[float, float], n_cells: int) -> int | None:
    low, high = edges
    return min(int((place - low) * (n_cells / (high - low))), n_cells - 1) if low <= place <= high else None
