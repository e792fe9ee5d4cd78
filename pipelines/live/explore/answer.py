"""What a request is answered with: a frame's worth of codes, and how it came about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pipelines.aggregates.canvas import Canvas
from pipelines.aggregates.quantise import Quantiser
from pipelines.live.explore.request import Snapped

__all__ = ["ExploreAnswer", "Failure", "Way"]

Way = Literal["pyramid", "raster", "tiles", "datashader"]
"""From what a picture was drawn: summaries (and rows where these don't suffice), rows, tiles made of rows, or the same
by Datashader."""


@dataclass(frozen=True, slots=True, eq=False)
class ExploreAnswer:
    """A picture of a range. It never changes and may be looked at by anybody.

    Parameters
    ----------
    snapped : Snapped
        What it is a picture of.
    canvas : Canvas
        Which times and values the cells stand for: at least those asked for.
    codes : uint8[n_columns, n_rows]
        Value codes, oldest column and lowest row first; 0 where there is nothing. Read-only.
    histogram : int64[256]
        Cells of each code. Read-only.
    quantiser : Quantiser
        What the codes mean.
    way : {"pyramid", "raster", "tiles", "datashader"}
        From what it was drawn.
    n_rows : int
        Rows in the range of time.
    depends_ns : tuple of int
        Times of the rows that it depends on, half-open, those that may yet come included.
    is_final : bool
        Whether it is exact. Of one that is not, a cell may show more or less than there is, and an exact one follows.
    """

    snapped: Snapped
    canvas: Canvas
    codes: NDArray[np.uint8]
    histogram: NDArray[np.int64]
    quantiser: Quantiser
    way: Way
    n_rows: int
    depends_ns: tuple[int, int]
    is_final: bool

    @property
    def n_bytes(self) -> int:
        """Memory of the arrays."""
        return self.codes.nbytes + self.histogram.nbytes


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a request has no picture."""

    snapped: Snapped
    reason: str
