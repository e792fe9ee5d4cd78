"""A sealed segment: 4,096 rows of one key in the order of time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pipelines.core.schema import Schema
from pipelines.kernels.pyramid import is_ascending
from pipelines.store.layout import Layout

__all__ = ["SEGMENT_PAGES", "SEGMENT_ROWS", "SealedSegment", "seal", "summarised_columns"]

SEGMENT_ROWS: Final = 4_096
SEGMENT_PAGES: Final = 64


def summarised_columns(schema: Schema) -> tuple[str, ...]:
    """Return the columns that summaries are kept of, in their order there: those of float64."""
    return tuple(column.name for column in schema.columns if column.dtype == np.float64)


@dataclass(frozen=True, slots=True)
class SealedSegment:
    """Rows that never change. It lives as long as anybody holds it, or a view of its arrays.

    Parameters
    ----------
    columns : mapping of str to any[4096]
        The stored columns, stably sorted by time. Read-only.
    wide : int64[n_wide, 4096]
        The memory of the columns of 8 bytes: ``time``, and behind it the `summarised_columns`. So a few rows of two of
        them are found with one look. Read-only.
    first_row : int
        Arrival number of the row that came first.
    arrival : uint16[4096] or None
        Where the row that came i-th stands; None where the rows came in the order of time.
    """

    columns: Mapping[str, NDArray[Any]]
    wide: NDArray[np.int64]
    first_row: int
    arrival: NDArray[np.uint16] | None

    @property
    def time(self) -> NDArray[np.int64]:
        """Event time, int64[4096] nanoseconds UTC, ascending."""
        return self.columns["time"]

    @property
    def end_row(self) -> int:
        """One above the arrival number of the row that came last."""
        return self.first_row + SEGMENT_ROWS

    @property
    def n_bytes(self) -> int:
        """Memory of all arrays."""
        n_bytes = sum(array.nbytes for array in self.columns.values())
        return n_bytes + (0 if self.arrival is None else self.arrival.nbytes)


def seal(layout: Layout, memory: NDArray[np.int64], first_row: int) -> SealedSegment:
    """Make a segment of 4,096 rows that lie in `memory` in order of arrival. Takes the memory over."""
    arrival = None
    time = memory[:SEGMENT_ROWS]
    if not is_ascending(time):
        order = time.argsort(kind="stable")
        arrival = np.empty(SEGMENT_ROWS, np.uint16)
        arrival[order] = np.arange(SEGMENT_ROWS, dtype=np.uint16)
        arrival.flags.writeable = False
        came = layout.columns(memory, SEGMENT_ROWS)
        memory = np.empty_like(memory)
        for name, array in layout.columns(memory, SEGMENT_ROWS).items():
            came[name].take(order, out=array, mode="clip")  # without a mode NumPy buffers the result
    memory.flags.writeable = False
    return SealedSegment(layout.columns(memory, SEGMENT_ROWS), layout.wide(memory), first_row, arrival)
