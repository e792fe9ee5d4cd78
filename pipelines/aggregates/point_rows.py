"""The rows of one key that a live canvas is rebuilt from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pipelines.store.segment import SealedSegment
from pipelines.store.series import Series

__all__ = ["ValueSurvey", "arrived_since", "newest_ns"]

_SAMPLE_ROWS: Final = 4_096


class ValueSurvey:
    """What a canvas is fitted to.

    Attributes
    ----------
    low, high : float
        Range of the values; the upper end is the lower one where there was none.
    sample : float64[n]
        The newest of them, by which their tick is told.
    """

    def __init__(self) -> None:
        self.low, self.high = np.inf, -np.inf
        self.sample = np.empty(0)

    def take(self, values: NDArray[np.float64]) -> None:
        """Take in finite values."""
        if len(values):
            self.low = min(self.low, float(values.min()))
            self.high = max(self.high, float(values.max()))
            self.sample = np.concatenate([self.sample, values])[-_SAMPLE_ROWS:]


def newest_ns(series: Series) -> int:
    """Return the newest event time of a key's rows, nanoseconds UTC."""
    times = [*(segment.time[-1:] for segment in series.segments), series.open_columns["time"]]
    return int(np.concatenate(times).max())


def arrived_since(series: Series, start_ns: int, names: Sequence[str]) -> Iterator[dict[str, NDArray[Any]]]:
    """Yield some columns in order of arrival, a segment a time, read-only; no segment that ends before `start_ns`."""
    for segment in series.segments:
        if segment.time[-1] >= start_ns:
            yield {name: _arrived(segment, name) for name in names}
    yield {name: series.open_columns[name] for name in names}


def _arrived(segment: SealedSegment, name: str) -> NDArray[Any]:
    """Return a column in order of arrival, read-only as all arrays that kernels are compiled for."""
    column = segment.columns[name] if segment.arrival is None else segment.columns[name][segment.arrival]
    column.flags.writeable = False
    return column
