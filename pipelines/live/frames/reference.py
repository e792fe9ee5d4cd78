"""What Datashader draws on a canvas: the oracle of every faster picture, and the way for what no aggregate holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from pipelines.aggregates.canvas import Canvas
from pipelines.core.spec import Glyph, Reduction

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SIDES", "draw_with_datashader"]

_REACH_ROWS: Final = 2.0**49


def _as_it_is(rows: pd.DataFrame) -> pd.DataFrame:
    return rows


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
    to_frame: Callable[[pd.DataFrame], Any] = _as_it_is,
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
    to_frame : callable, optional
        Makes what Datashader is given of the rows: a frame on a GPU.

    Returns
    -------
    any[n_columns, n_rows] or any[n_columns, n_rows, 3]
        Cells by column, lowest row first: uint32 counts, bool for ``any``, float64 with NaN where a cell has no value.
        With `by`, a layer for each of `SIDES`.

    Notes
    -----
    Datashader's line writes outside of its memory where a value is infinite, or so far from the canvas that its row
    overflows. Values more than ``2**49`` rows away therefore leave gaps, as NaN does. (Those that `draw_line` draws end
    at the edge of the canvas.)
    """
    import datashader  # they take seconds to import
    import pandas as pd

    time_ns = columns["time"]
    rows = np.flatnonzero((time_ns >= canvas.start_ns) & (time_ns < canvas.end_ns))
    if glyph == "line":
        rows = rows[np.argsort(time_ns[rows], kind="stable")]
    # Epoch nanoseconds in float64 are 256 ns apart; those since the canvas begins are exact.
    frame = pd.DataFrame({"time": (time_ns[rows] - canvas.start_ns).astype(np.float64), value: columns[value][rows]})
    if glyph == "line":
        reach = _REACH_ROWS * canvas.pitch
        frame[value] = frame[value].where(frame[value].between(canvas.y_range[0] - reach, canvas.y_range[1] + reach))
    for name in {of, by} - {None, value}:
        frame[name] = columns[str(name)][rows]
    surface = datashader.Canvas(canvas.n_columns, canvas.n_rows, canvas.x_range, canvas.y_range)
    wanted = getattr(datashader, reduction)(*(() if of is None else (of,)))
    if by is not None:
        frame[by] = pd.Categorical(frame[by], categories=SIDES)
        wanted = datashader.by(by, wanted)
    drawn = getattr(surface, glyph)(to_frame(frame), "time", value, agg=wanted).to_numpy()
    return np.ascontiguousarray(drawn.swapaxes(0, 1))
