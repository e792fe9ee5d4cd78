"""What the kernels do, said once more in NumPy."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

import numpy as np

from pipelines.kernels.pyramid import BIN_ROWS, FAN_OUT

__all__ = ["columns", "pyramid"]


def pyramid(values: np.ndarray) -> np.ndarray:
    """Statistics of all levels, as `summarise` fills them."""
    levels = [[_bin(part) for part in _split(values, BIN_ROWS)]]
    while len(levels[-1]) > 1:
        levels.append([_merge(part) for part in _split(np.array(levels[-1]), FAN_OUT)])
    table = np.array([row for level in levels for row in level])
    return np.array([table[:, :2], table[:, 2:4], table[:, 4:]])


def _split(rows: np.ndarray, size: int) -> list[np.ndarray]:
    return [rows[start : start + size] for start in range(0, len(rows), size)]


def _bin(values: np.ndarray) -> tuple[float, ...]:
    finite = values[np.isfinite(values)]
    if len(finite) == 0:
        return np.nan, np.nan, values[0], values[-1], np.nan, 0
    return finite.min(), finite.max(), values[0], values[-1], _sum(finite), len(finite)


def _merge(bins: np.ndarray) -> tuple[float, ...]:
    first, last = bins[0, 2], bins[-1, 3]
    bins = bins[bins[:, 5] > 0]
    if len(bins) == 0:
        return np.nan, np.nan, first, last, np.nan, 0
    low, high, _, _, total, count = bins.T
    return low.min(), high.max(), first, last, _sum(total), count.sum()


def _sum(values: np.ndarray) -> float:
    with np.errstate(invalid="ignore", over="ignore"):
        return float(np.cumsum(values)[-1])  # one after the other, where np.sum would add pairs


def columns(
    time: np.ndarray, values: np.ndarray, column_log2: int, first_column: int, n_columns: int
) -> dict[str, np.ndarray]:
    """The fields of a `ColumnSummary` of rows in order of arrival; times are 0 where a column has no row."""
    names = ("n_rows", "first_ns", "last_ns", "first", "last", "low", "high", "broken")
    dtypes = (np.int64, np.int64, np.int64, *[np.float64] * 4, np.bool_)
    found: dict[str, np.ndarray] = {name: np.zeros(n_columns, dtype) for name, dtype in zip(names, dtypes, strict=True)}
    for name in ("first", "last", "low", "high"):
        found[name][:] = np.nan
    column_of = (time >> column_log2) - first_column
    for column in np.unique(column_of[(column_of >= 0) & (column_of < n_columns)]).tolist():
        mine = column_of == column
        order = np.argsort(time[mine], kind="stable")
        ordered, at = values[mine][order], time[mine][order]
        finite = ordered[np.isfinite(ordered)]
        extremes = (finite.min(), finite.max()) if len(finite) else (np.nan, np.nan)
        row = (len(at), at[0], at[-1], ordered[0], ordered[-1], *extremes, len(finite) < len(at))
        for name, value in zip(names, row, strict=True):
            found[name][column] = value
    return found


def rows_by_column(rows: Sequence[tuple[int, float]], column_log2: int) -> dict[int, list[tuple[int, float]]]:
    """Rows of each column, in the order in which they are given."""
    found: dict[int, list[tuple[int, float]]] = {}
    for time, value in rows:
        found.setdefault(time >> column_log2, []).append((time, value))
    return found


def covered_inside(values: Sequence[float]) -> list[tuple[float, float]]:
    """What the line through rows of one column, in the order of time, covers inside it."""
    runs = [list(run) for is_finite, run in groupby(values, np.isfinite) if is_finite]
    return union((min(run), max(run)) for run in runs if len(run) > 1)


def union(spans: Iterable[Sequence[float]]) -> list[tuple[float, float]]:
    """Ranges in ascending order, those that overlap as one."""
    found: list[tuple[float, float]] = []
    for low, high in sorted((low + 0.0, high + 0.0) for low, high in spans):  # -0.0 is 0.0
        if found and found[-1][1] >= low:
            found[-1] = found[-1][0], max(found[-1][1], high)
        else:
            found.append((low, high))
    return found
