"""What a line needs of any range of a key's rows, from a few thousand summaries."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.aggregates.column_summary import ColumnSummary
from pipelines.kernels.column_query import merge_bins, merge_rows, merge_segments
from pipelines.kernels.known_columns import (
    FIRST_NS,
    FIRST_VALUE,
    HIGHEST,
    LAST_NS,
    LAST_VALUE,
    LOWEST,
    N_FINITE,
    N_ROWS,
    clear_columns,
)
from pipelines.kernels.pyramid import BIN_ROWS
from pipelines.store.sealed import SealedBlock
from pipelines.store.segment import SEGMENT_ROWS, summarised_columns
from pipelines.store.series import Series

__all__ = ["summarise_columns"]

_BINS_PER_SEGMENT: Final = SEGMENT_ROWS // BIN_ROWS

_Columns = tuple[int, int, NDArray[np.int64], NDArray[np.float64]]  # column_log2, first_column, orders, values


def summarise_columns(
    series: Series, *, value: str, column_log2: int, first_column: int, n_columns: int
) -> ColumnSummary:
    """Return what a line through the rows of a key needs of each column.

    Segments and bins of them that lie inside one column are merged by their summaries; where the rows came in order,
    only about 64 rows are read at each end of a column. It is exact however they came, and wherever segments overlap.

    Parameters
    ----------
    series : Series
        The rows.
    value : str
        A float64 column.
    column_log2 : int
        A column is ``2**column_log2`` nanoseconds long.
    first_column, n_columns : int
        Which columns, counted from 1970.

    Notes
    -----
    *Threads.* Any.
    """
    orders, values = clear_columns(n_columns)
    columns = (column_log2, first_column, orders, values)
    number = summarised_columns(series.schema).index(value)
    start_ns, end_ns = first_column << column_log2, (first_column + n_columns) << column_log2
    for block in series.blocks:
        if block.min_ns < end_ns and block.max_ns >= start_ns:
            _merge_block(block, number, columns)
    open_rows = np.array([[series.open_row, series.next_row - series.open_row]])
    merge_rows(series.open_columns["time"], series.open_columns[value], open_rows, *columns)
    return _summary(*columns)


def _merge_block(block: SealedBlock, number: int, columns: _Columns) -> None:
    """Merge the rows of a block: of its float64 columns that with the given number."""
    first_row, spans, bin_spans = block.first_row, block.spans, block.bin_spans
    n_bins = len(block.segments) * _BINS_PER_SEGMENT
    runs, bins = np.empty((n_bins // 2, 2), np.int64), np.empty((n_bins, 3), np.int32)
    n_runs, n_listed = merge_segments(spans, bin_spans, block.statistics[number], first_row, *columns, runs, bins)
    if n_runs:
        times, values = _read(block, runs[:n_runs], number)
        merge_rows(times, values, runs[:n_runs], *columns)
    merge_bins(bins[:n_listed], bin_spans, block.bin_statistics[number], first_row, *columns[2:])


def _read(block: SealedBlock, runs: NDArray[np.int64], number: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return times and values of the rows of `runs`, one after the other."""
    places, starts = np.divmod(runs[:, 0] - block.first_row, SEGMENT_ROWS)
    where = zip(places.tolist(), starts.tolist(), (starts + runs[:, 1]).tolist(), strict=True)
    wide = np.concatenate([block.segments[place].wide[:, start:end] for place, start, end in where], axis=1)
    return wide[0], wide[1 + number].view(np.float64)


def _summary(
    column_log2: int, first_column: int, orders: NDArray[np.int64], values: NDArray[np.float64]
) -> ColumnSummary:
    has_value = orders[N_FINITE] > 0
    return ColumnSummary(
        column_log2=column_log2,
        first_column=first_column,
        n_rows=orders[N_ROWS],
        first_ns=orders[FIRST_NS],
        last_ns=orders[LAST_NS],
        first=values[FIRST_VALUE],
        last=values[LAST_VALUE],
        low=np.where(has_value, values[LOWEST], np.nan),
        high=np.where(has_value, values[HIGHEST], np.nan),
        broken=orders[N_FINITE] < orders[N_ROWS],
    )
