"""Arrays with a row a key, which grow as keys appear."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["grown"]


def grown(array: NDArray[Any], n_keys: int, fill: Any) -> NDArray[Any]:
    """Return `array` with at least `n_keys` rows, new rows filled with `fill`; at least doubled where it must grow."""
    if len(array) >= n_keys:
        return array
    larger = np.full((max(n_keys, 2 * len(array), 64), *array.shape[1:]), fill, dtype=array.dtype)
    larger[: len(array)] = array
    return larger
