"""What aggregates over all keys share: arrays that grow as keys appear, and the way to be built from a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.core.batch import Batch
from pipelines.store.table import Table

__all__ = ["grown", "n_keys_of", "take_in"]


def n_keys_of(keys: NDArray[np.int32]) -> int:
    """Return for how many keys there must be room; raises `ValueError` where a row has none."""
    if keys.min() < 0:
        raise ValueError("a row without a key can't be aggregated")
    return int(keys.max()) + 1


def grown(array: NDArray[Any], n_keys: int, fill: Any) -> NDArray[Any]:
    """Return `array` with at least `n_keys` rows, new rows filled with `fill`; at least doubled where it must grow."""
    if len(array) >= n_keys:
        return array
    larger = np.full((max(n_keys, 2 * len(array), 64), *array.shape[1:]), fill, dtype=array.dtype)
    larger[: len(array)] = array
    return larger


def take_in(table: Table, update: Callable[[Batch], None]) -> Iterator[None]:
    """Give `update` all rows of `table`, key after key in order of arrival, a segment a step of the iterator."""
    for code in table.keys().tolist():
        series = table.series(code)
        if series is None:
            continue
        for batch in series.batches():
            update(batch)
            yield
