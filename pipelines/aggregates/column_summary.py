"""What a line needs of the rows in each column of a canvas: the values of the M4 aggregation, and when they were."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["ColumnRuns", "ColumnSummary"]


@dataclass(frozen=True, slots=True)
class ColumnRuns:
    """What the line covers inside the columns in which it has gaps, at any range of values.

    Between two gaps the line covers everything from the lowest to the highest value, if there are two rows or more.

    Parameters
    ----------
    places : int64[n]
        Which columns of the summary these are, ascending.
    n_spans : int64[n]
        How many ranges of values the line covers in each.
    spans : float64[n, n_slots, 2]
        The lowest and the highest value of these. Undefined behind the first `n_spans`.
    """

    places: NDArray[np.int64]
    n_spans: NDArray[np.int64]
    spans: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ColumnSummary:
    """The rows of one key, column by column: first, last, lowest and highest value.

    A line through all rows passes the same cells as one through these (Jugel et al., "M4: A Visualization-Oriented Time
    Series Data Aggregation", VLDB 2014): inside a column it covers everything from lowest to highest, and from one
    column to the next it leads from the last row to the first.

    Parameters
    ----------
    column_log2 : int
        A column is ``2**column_log2`` nanoseconds long, and column `i` begins with that multiple of it.
    first_column : int
        The column that the arrays begin with.
    n_rows : int64[n]
        Rows in each column, those without a finite value included.
    first_ns, last_ns : int64[n]
        Event times of the first and the last row, in the stable order of time. Undefined where there is no row.
    first, last : float64[n]
        Their values, finite or not. NaN where there is no row.
    low, high : float64[n]
        Least and greatest of the finite values. NaN where there is none.
    broken : bool[n]
        Whether a row has no finite value. There the line has gaps, and what is inside is told by `runs` or by the rows.
    runs : ColumnRuns, optional
        What the line covers inside each broken column.
    """

    column_log2: int
    first_column: int
    n_rows: NDArray[np.int64]
    first_ns: NDArray[np.int64]
    last_ns: NDArray[np.int64]
    first: NDArray[np.float64]
    last: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    broken: NDArray[np.bool_]
    runs: ColumnRuns | None = None
