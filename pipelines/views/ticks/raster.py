"""What Datashader makes of rows on a canvas: the picture that every faster one must equal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.core.spec import Glyph
from pipelines.views.ticks.axis import TimeAxis

__all__ = ["AGGREGATIONS", "Canvas", "rasterize", "widen_points"]

AGGREGATIONS: Final[dict[Glyph, str]] = {"points": "count", "line": "any"}
"""How each reduction combines the rows of a cell, as a viewer is told."""


@dataclass(frozen=True, slots=True)
class Canvas:
    """The pixels of a picture, and the times and values that they stand for.

    Parameters
    ----------
    origin_ns : int
        The time that `x_range` counts from, nanoseconds UTC.
    x_range : tuple of float
        Left and right edge, nanoseconds since `origin_ns`: small numbers, which float64 holds exactly.
    y_range : tuple of float
        Lower and upper edge, in the unit of the value.
    n_columns, n_rows : int
        Pixels.
    """

    origin_ns: int
    x_range: tuple[float, float]
    y_range: tuple[float, float]
    n_columns: int
    n_rows: int

    @property
    def start_ns(self) -> int:
        """First nanosecond that may be seen."""
        return self.origin_ns + int(np.floor(self.x_range[0]))

    @property
    def end_ns(self) -> int:
        """First nanosecond behind what may be seen."""
        return self.origin_ns + int(np.ceil(self.x_range[1])) + 1

    def bounds(self, axis: TimeAxis) -> tuple[float, float, float, float]:
        """Return left, bottom, right, top: milliseconds of `axis` and values."""
        left_ms = axis.to_axis(self.origin_ns)
        left, right = (left_ms + edge / 1e6 for edge in self.x_range)
        return left, self.y_range[0], right, self.y_range[1]


def rasterize(
    canvas: Canvas, time_ns: NDArray[np.int64], value: NDArray[np.float64], reduction: Glyph
) -> NDArray[np.unsignedinteger[Any]]:
    """Draw rows with Datashader.

    Parameters
    ----------
    canvas : Canvas
        The pixels.
    time_ns : int64[n]
        Event times, nanoseconds UTC, in any order.
    value : float64[n]
        What is drawn upwards.
    reduction : {"points", "line"}
        ``"points"`` counts the rows in each cell; ``"line"`` joins them, stably sorted by time, and marks with 1 the
        cells that the line passes.

    Returns
    -------
    uint8, uint16 or uint32[n_rows, n_columns]
        Lowest value first, in the smallest type that holds all counts.
    """
    import datashader  # it takes seconds to import

    if reduction == "line" and (time_ns[1:] < time_ns[:-1]).any():
        order = np.argsort(time_ns, kind="stable")
        time_ns, value = time_ns[order], value[order]
    rows = pd.DataFrame({"time": (time_ns - canvas.origin_ns).astype(np.float64), "value": value}, copy=False)
    surface = datashader.Canvas(canvas.n_columns, canvas.n_rows, canvas.x_range, canvas.y_range)
    if reduction == "line":
        return surface.line(rows, "time", "value", agg=datashader.any()).to_numpy().astype(np.uint8)
    counts = surface.points(rows, "time", "value", agg=datashader.count()).to_numpy()
    return counts.astype(np.min_scalar_type(int(counts.max(initial=0))))


def widen_points(cells: NDArray[Any]) -> NDArray[Any]:
    """Let each cell reach one pixel to all sides, so that a lone point is seen; where two meet, the larger shows."""
    wide = cells.copy()
    np.maximum(wide[1:], cells[:-1], out=wide[1:])
    np.maximum(wide[:-1], cells[1:], out=wide[:-1])
    tall = wide.copy()
    np.maximum(wide[:, 1:], tall[:, :-1], out=wide[:, 1:])
    np.maximum(wide[:, :-1], tall[:, 1:], out=wide[:, :-1])
    return wide
