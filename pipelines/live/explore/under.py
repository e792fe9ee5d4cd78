"""What a viewer is told about a place that they point at: the raw row there, and how its cell was made."""

from __future__ import annotations

from itertools import product
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.aggregates.canvas import Canvas
from pipelines.core.spec import ViewSpec
from pipelines.live.explore.pick import pick
from pipelines.store.series import Series

__all__ = ["row_under"]

_AROUND: Final = sorted(product((0, -1, 1), repeat=2), key=lambda step: abs(step[0]) + abs(step[1]))
"""The cells that a widened point covers, from the middle outwards."""


def row_under(
    series: Series, view: ViewSpec, canvas: Canvas, codes: NDArray[np.uint8], time_ns: int, value: float
) -> dict[str, str]:
    """Return what is told of the cell at a time and value, or of the nearest cell that is widened to there.

    That is the raw row, its time as decimal nanoseconds and its value to the last digit, and what its cell says of how
    many rows. Empty where there is none.

    Parameters
    ----------
    series : Series
        The rows of the key.
    view : ViewSpec
        What is shown.
    canvas : Canvas
        Which times and values the cells stand for.
    codes : uint8[n_columns, n_rows]
        What is in them.
    time_ns : int
        What is pointed at, nanoseconds UTC.
    value : float
        And at which value.
    """
    for columns, rows in [(0, 0)] if view.glyph == "line" else _AROUND:
        at_ns, at_value = time_ns + columns * canvas.column_ns, value + rows * canvas.pitch
        if view.glyph == "points" and not _is_filled(canvas, codes, at_ns, at_value):
            continue  # without a look at the rows, of which there may be millions
        picked = pick(
            series,
            canvas,
            at_ns,
            at_value,
            value=view.value,
            glyph=view.glyph,
            reduction=view.reduction,
            of=view.of,
            limit=1,
        )
        if picked.n_rows:
            what = "rows in this column" if view.glyph == "line" else picked.aggregation
            row_ns, row_value = picked.rows["time"][0], picked.rows[view.value][0]
            return {"time": str(row_ns), "value": f"{row_value:,}", "cell": f"{what}: {picked.n_rows:,}"}
    return {}


def _is_filled(canvas: Canvas, codes: NDArray[np.uint8], time_ns: int, value: float) -> bool:
    scale, translation = canvas.y_transform
    column, row = canvas.column_of(time_ns) - canvas.first_column, int(value * scale + translation)
    inside = 0 <= column < canvas.n_columns and 0 <= row < canvas.n_rows
    return inside and bool(codes[column, row])
