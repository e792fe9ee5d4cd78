"""How points are drawn: a cell that is alone reaches one cell to all sides."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["widened"]


def widened(codes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return codes as the browser draws them, uint8[n_columns, n_rows]."""
    alone = np.where(_around((codes > 0).view(np.uint8), np.add) == 1, codes, np.uint8(0))
    return np.maximum(codes, _around(alone, np.maximum))


def _around(cells: NDArray[np.uint8], combine: np.ufunc) -> NDArray[np.uint8]:
    padded = np.pad(cells, 1)
    across = combine(combine(padded[:-2], padded[1:-1]), padded[2:])
    around: NDArray[np.uint8] = combine(combine(across[:, :-2], across[:, 1:-1]), across[:, 2:])
    return around
