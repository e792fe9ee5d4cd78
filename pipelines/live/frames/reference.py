"""What Datashader draws on a canvas: the oracle of every faster picture, and the way for what no aggregate holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.aggregates.canvas import Canvas
from pipelines.core.spec import Glyph, Reduction

__all__ = ["SIDES", "draw_with_datashader"]

SIDES = (-1, 0, 1)
"""The categories of ``by="side"``, in the order of the last axis."""


def draw_with_datashader(
    canvas: Canvas,
    columns: Mapping[str, NDArray[Any]],
    *,
    value: str,
    glyph: Glyph = "points",
    reduction: Reduction = "count",
    of: str | None = None,
    by: str | None = None,
) -> NDArray[Any]:
    """Draw rows.

    Parameters
    ----------
    canvas : Canvas
        The cells. Its range is half-open in time, and closed in value.
    columns : mapping of str to any[n]
        Rows in stored order, with ``time`` in int64 nanoseconds UTC. A line takes them in the stable order of time.
    value : str
        The column that is drawn upwards.
    glyph, reduction, of, by
        As in `ViewSpec`.

    Returns
    -------
    any[n_columns, n_rows] or any[n_columns, n_rows, 3]
        Cells by column, lowest row first: uint32 counts, bool for ``any``, float64 with NaN where a cell has no value.
        With `by`, a layer for each of `SIDES`.
    """
    import datashader  # it takes seconds to import

    time_ns = columns["time"]
    rows = np.flatnonzero((time_ns >= canvas.start_ns) & (time_ns < canvas.end_ns))
    if glyph == "line":
        rows = rows[np.argsort(time_ns[rows], kind="stable")]
    # Epoch nanoseconds in float64 are 256 ns apart; those since the canvas begins are exact.
    frame = pd.DataFrame({"time": (time_ns[rows] - canvas.start_ns).astype(np.float64), value: columns[value][rows]})
    for name in {of, by} - {None, value}:
        frame[name] = columns[str(name)][rows]
    surface = datashader.Canvas(canvas.n_columns, canvas.n_rows, canvas.x_range, canvas.y_range)
    wanted = getattr(datashader, reduction)(*(() if of is None else (of,)))
    if by is not None:
        frame[by] = pd.Categorical(frame[by], categories=SIDES)
        wanted = datashader.by(by, wanted)
    drawn = getattr(surface, glyph)(frame, "time", value, agg=wanted).to_numpy()
    return np.ascontiguousarray(drawn.swapaxes(0, 1))
