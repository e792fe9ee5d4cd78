"""What the kernels do, said once more in NumPy."""

from __future__ import annotations

import numpy as np

from pipelines.kernels.pyramid import BIN_ROWS, FAN_OUT

__all__ = ["pyramid"]


def pyramid(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Statistics and counts of all levels, as `summarise` fills them."""
    bins = [_bin(part) for part in _split(values, BIN_ROWS)]
    levels = [bins]
    while len(levels[-1]) > 1:
        levels.append([_merge(part) for part in _split(np.array(levels[-1]), FAN_OUT)])
    table = np.array([row for level in levels for row in level])
    return table[:, :5].T, table[:, 5].astype(np.int32)


def _split(rows: np.ndarray, size: int) -> list[np.ndarray]:
    return [rows[start : start + size] for start in range(0, len(rows), size)]


def _bin(values: np.ndarray) -> tuple[float, ...]:
    values = values[~np.isnan(values)]
    if len(values) == 0:
        return (np.nan,) * 5 + (0,)
    return values.min(), values.max(), values[0], values[-1], _sum(values), len(values)


def _merge(bins: np.ndarray) -> tuple[float, ...]:
    bins = bins[bins[:, 5] > 0]
    if len(bins) == 0:
        return (np.nan,) * 5 + (0,)
    low, high, first, last, total, count = bins.T
    return low.min(), high.max(), first[0], last[-1], _sum(total), count.sum()


def _sum(values: np.ndarray) -> float:
    with np.errstate(invalid="ignore", over="ignore"):
        return float(np.cumsum(values)[-1])  # one after the other, where np.sum would add pairs
