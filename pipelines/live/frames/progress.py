"""How far the building of a drawing is."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pipelines.aggregates.point_rows import newest_ns
from pipelines.store.series import Series

__all__ = ["shares"]


def shares(steps: Iterator[None], series: Series | None, span_ns: int, *, n_passes: int) -> Iterator[float]:
    """Go through the steps of a rebuild, a segment each, and yield which share of them is done.

    Parameters
    ----------
    steps : iterator
        The rebuild.
    series : Series or None
        The rows that there are.
    span_ns : int
        Rows older than this, counted back from the newest, are left out.
    n_passes : int
        How often the rebuild goes through the rows.
    """
    n_pieces = 1
    if series is not None:
        start_ns = newest_ns(series) - span_ns
        n_pieces += sum(int(np.count_nonzero(block.spans[:, 1] >= start_ns)) for block in series.blocks)
    for number, _ in enumerate(steps, start=1):
        yield min(number / (n_passes * n_pieces), 1.0)
