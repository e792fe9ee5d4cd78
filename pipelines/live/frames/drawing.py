"""What a view is drawn with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from pipelines.aggregates.canvas import Canvas
from pipelines.aggregates.quantise import Quantiser
from pipelines.core.batch import Batch
from pipelines.store.table import Table

__all__ = ["Drawing", "Drawn"]


class Drawn(NamedTuple):
    """A picture in codes.

    Parameters
    ----------
    canvas : Canvas
        The cells.
    codes : uint8[n_columns, n_rows]
        Oldest column and lowest row first. Never written to again.
    changed : bool[n_columns]
        Which columns are not as they were in the picture before, if they were on its canvas.
    histogram : int64[256]
        Cells of each code. Never written to again.
    quantiser : Quantiser
        What the codes mean.
    value_range : tuple of float or None
        Least and greatest value in it; None where there is none.
    """

    canvas: Canvas
    codes: NDArray[np.uint8]
    changed: NDArray[np.bool_]
    histogram: NDArray[np.int64]
    quantiser: Quantiser
    value_range: tuple[float, float] | None


class Drawing(Protocol):
    """An aggregate over the rows of one key, and how its cells become codes.

    Notes
    -----
    *Threads.* The writer's.
    """

    @property
    def wants_rebuild(self) -> bool:
        """Whether a new drawing of the same rows would be a better one: exact again, or finer."""
        ...

    @property
    def n_bytes(self) -> int:
        """Memory that it takes."""
        ...

    @property
    def next_row(self) -> int:
        """After `rebuild`: the arrival number of the first row that it has not taken in."""
        ...

    def rebuild(self, table: Table, edge_ns: int) -> Iterator[float]:
        """Take in the rows that `table` keeps and that are on a canvas which ends with the live edge, some a step.

        Yields the share of the work that is done.
        """
        ...

    def update(self, batch: Batch) -> None:
        """Take in rows of the key, in order of arrival."""
        ...

    def advance(self, edge_ns: int) -> bool:
        """Let the canvas end with the column of the live edge. Returns whether that moved it."""
        ...

    def draw(self) -> Drawn | None:
        """Return the picture as it is now; None before the first value."""
        ...
