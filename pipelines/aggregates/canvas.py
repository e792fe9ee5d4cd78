"""A canvas: which times and values the cells of a picture stand for, in a form that can be merged exactly."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ldexp

__all__ = ["Canvas", "column_log2_of", "columns_of"]


def column_log2_of(span_ns: int, n_columns: int) -> int:
    """Return the binary logarithm of the shortest column, a power of two of nanoseconds, that fits the span.

    At most `n_columns` whole columns are in `span_ns`, and more than half as many where the span has that many
    nanoseconds.
    """
    return max((max(span_ns, 1) - 1) // n_columns, 0).bit_length()


def columns_of(span_ns: int, n_columns: int) -> tuple[int, int]:
    """Return the binary logarithm of the shortest column that fits the span, and how many of these cover it."""
    column_log2 = column_log2_of(span_ns, n_columns)
    return column_log2, -(-span_ns >> column_log2)


@dataclass(frozen=True, slots=True)
class Canvas:
    """The cells of a picture.

    Columns are counted from 1970, rows from the value 0, so canvases of one column length and one row pitch share their
    cells, and those of twice the length or pitch have each cell of theirs made of two.

    Parameters
    ----------
    column_log2 : int
        A column is ``2**column_log2`` nanoseconds long, and column `i` begins with that multiple of it.
    first_column, n_columns : int
        Which columns.
    step : float
        A row of level 0 is this high, in the unit of the value. Its middle is a multiple of `step`, so that values on a
        grid of prices stay clear of its edges, which rounding would have to decide on.
    level : int
        A row is ``2**level`` rows of level 0 high.
    first_row, n_rows : int
        Which rows.
    """

    column_log2: int
    first_column: int
    n_columns: int
    step: float
    level: int
    first_row: int
    n_rows: int

    @property
    def column_ns(self) -> int:
        """Length of a column."""
        return 1 << self.column_log2

    @property
    def end_column(self) -> int:
        """The first column behind the canvas."""
        return self.first_column + self.n_columns

    @property
    def start_ns(self) -> int:
        """First nanosecond of the canvas, UTC; the origin that x counts from."""
        return self.first_column << self.column_log2

    @property
    def end_ns(self) -> int:
        """First nanosecond behind the canvas."""
        return self.end_column << self.column_log2

    @property
    def pitch(self) -> float:
        """Height of a row."""
        return ldexp(self.step, self.level)

    @property
    def x_range(self) -> tuple[float, float]:
        """Left and right edge in nanoseconds since `start_ns`: what Datashader is given."""
        return 0.0, float(self.n_columns << self.column_log2)

    @property
    def y_range(self) -> tuple[float, float]:
        """Lower and upper edge in the unit of the value: what Datashader is given."""
        return self.row_edge(self.first_row), self.row_edge(self.first_row + self.n_rows)

    @property
    def y_transform(self) -> tuple[float, float]:
        """Scale and translation from a value to a row, by the very arithmetic of Datashader.

        A value's row is the integer part of ``value * scale + translation``, counted from `first_row`.
        """
        low, high = self.y_range
        scale = self.n_rows / (high - low)
        return scale, -low * scale

    def row_edge(self, row: int) -> float:
        """Return the lower edge of a row."""
        return (float(row << self.level) - 0.5) * self.step

    def column_of(self, time_ns: int) -> int:
        """Return the column of a time, on the canvas or not."""
        return time_ns >> self.column_log2

    def with_columns(self, first_column: int, n_columns: int) -> Canvas:
        """Return a canvas of the same cells with other columns."""
        return replace(self, first_column=first_column, n_columns=n_columns)

    def with_rows(self, level: int, first_row: int, n_rows: int) -> Canvas:
        """Return a canvas of the same columns with other rows."""
        return replace(self, level=level, first_row=first_row, n_rows=n_rows)
