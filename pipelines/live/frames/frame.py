"""A frame: one picture of a view as it was at one time. It never changes and may be looked at by anybody."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.aggregates.canvas import Canvas
from pipelines.aggregates.quantise import Quantiser
from pipelines.core.spec import ViewSpec

__all__ = ["Frame"]


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """A picture in value codes.

    Parameters
    ----------
    view : ViewSpec
        What is shown.
    generation : int
        Counts the frames of the view, from 1. It goes on counting where the view is drawn afresh.
    canvas : Canvas
        Which times and values the cells stand for.
    codes : uint8[n_columns, n_rows]
        Value codes, oldest column and lowest row first; 0 where there is nothing. Read-only.
    generations : int64[n_columns]
        The generation in which each column last changed. Read-only.
    histogram : int64[256]
        Cells of each code. Read-only.
    quantiser : Quantiser
        What the codes mean.
    colours : uint8[256, 4]
        Red, green, blue and alpha of each code. Read-only.
    value_range : tuple of float
        The values to show: a part of the canvas that changes rarely, so that the picture does not jump.
    edge_ns : int
        The live edge, nanoseconds UTC.
    newest_ns : int or None
        Event time of the newest row of the key when it was drawn; None where all have left the table.
    rendered_ns : int
        Our clock when it was drawn, nanoseconds UTC.
    progress : float
        Which share of the rows in the window has been drawn: 1.0 unless the view is being built.
    """

    view: ViewSpec
    generation: int
    canvas: Canvas
    codes: NDArray[np.uint8]
    generations: NDArray[np.int64]
    histogram: NDArray[np.int64]
    quantiser: Quantiser
    colours: NDArray[np.uint8]
    value_range: tuple[float, float]
    edge_ns: int
    newest_ns: int | None
    rendered_ns: int
    progress: float
