"""What somebody who zooms asks for, and the picture that answers it and all requests a small pan away."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor, frexp, isfinite, ldexp
from typing import Final

from pipelines.aggregates.canvas import Canvas, column_log2_of
from pipelines.core.errors import SpecError
from pipelines.core.spec import Glyph, Reduction, ViewSpec

__all__ = ["LARGEST_VALUE", "ExploreRequest", "Snapped", "canvas_over", "snap_values"]

_PARTS: Final = 16
"""A picture begins and ends at a multiple of about this part of the range that was asked for."""

LARGEST_VALUE: Final = 1e290
"""Values further from 0 are outside of every picture."""

_ROWS: Final = (32, 2_048)
_TIMES_NS: Final = (-(1 << 62), 1 << 62)

_MAX_ROW: Final = 1 << 46
"""Rows are counted from the value 0, by numbers that floats tell apart."""

_FLAT: Final = 1e-6
"""Height of a picture of equal values, in parts of the value."""


@dataclass(frozen=True, slots=True)
class ExploreRequest:
    """A range of one key that somebody wants to see.

    Parameters
    ----------
    kind, key, value, glyph, reduction, of, by
        As in `ViewSpec`.
    start_ns, end_ns : int
        From when until before when, nanoseconds UTC.
    n_columns : int
        Canvas class, one of `CANVAS_COLUMNS`: most columns that the range may have.
    n_rows : int
        Most rows that the picture may have, 32 to 2,048.
    y_range : tuple of float, optional
        Which values; where not given, those that there are in the range.

    Raises
    ------
    SpecError
        Where there is no such column, class, range or reduction.
    """

    kind: str
    key: str
    value: str
    start_ns: int
    end_ns: int
    n_columns: int = 1_200
    n_rows: int = 400
    glyph: Glyph = "points"
    reduction: Reduction = "count"
    of: str | None = None
    by: str | None = None
    y_range: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        if not _TIMES_NS[0] <= self.start_ns < self.end_ns <= _TIMES_NS[1]:
            raise SpecError("a range of time ends after it starts, in at most 2**62 ns before or after 1970")
        if not _ROWS[0] <= self.n_rows <= _ROWS[1]:
            raise SpecError(f"a picture has {_ROWS[0]} to {_ROWS[1]} rows, not {self.n_rows}")
        if self.y_range is not None and not _is_range(*self.y_range):
            raise SpecError(f"{self.y_range} is no range of values")
        ViewSpec(  # what it refuses is refused here too
            feed="",
            kind=self.kind,
            key=self.key,
            value=self.value,
            n_columns=self.n_columns,
            n_rows=self.n_rows,
            glyph=self.glyph,
            reduction=self.reduction,
            of=self.of,
            by=self.by,
        )

    def snapped(self) -> Snapped:
        """Return what is drawn: a bit more than is asked for, and never less."""
        column_log2 = column_log2_of(self.end_ns - self.start_ns, self.n_columns)
        block_log2 = (self.n_columns // _PARTS).bit_length() - 1 + column_log2
        first, end = self.start_ns >> block_log2, -(-self.end_ns >> block_log2)
        n_per_block = 1 << (block_log2 - column_log2)
        return Snapped(
            kind=self.kind,
            key=self.key,
            value=self.value,
            column_log2=column_log2,
            first_column=first * n_per_block,
            n_columns=(end - first) * n_per_block,
            n_rows=self.n_rows,
            glyph=self.glyph,
            reduction=self.reduction,
            of=self.of,
            by=self.by,
            y_range=None if self.y_range is None else snap_values(*self.y_range),
        )


@dataclass(frozen=True, slots=True)
class Snapped:
    """A picture to be drawn: equal for all requests that it answers.

    Parameters
    ----------
    kind, key, value, glyph, reduction, of, by
        As in `ViewSpec`.
    column_log2, first_column, n_columns : int
        The columns, as in `Canvas`.
    n_rows : int
        Most rows.
    y_range : tuple of float or None
        Values that the rows must cover; None for those that there are.
    """

    kind: str
    key: str
    value: str
    column_log2: int
    first_column: int
    n_columns: int
    n_rows: int
    glyph: Glyph
    reduction: Reduction
    of: str | None
    by: str | None
    y_range: tuple[float, float] | None

    @property
    def start_ns(self) -> int:
        """First nanosecond of the picture, UTC."""
        return self.first_column << self.column_log2

    @property
    def end_ns(self) -> int:
        """First nanosecond behind it."""
        return (self.first_column + self.n_columns) << self.column_log2


def snap_values(low: float, high: float) -> tuple[float, float]:
    """Return a range that contains that from `low` to `high`, and is the same for one that is a bit different.

    Its edges are multiples of a power of two that is a sixteenth to an eighth of the range. Equal values get a range
    around them.
    """
    height = high - low
    if height <= 0.0:
        height = abs(low) * _FLAT or 1.0
        low, high = low - height / 2, high + height / 2
    fraction, exponent = frexp(height / _PARTS)
    unit = ldexp(1.0, exponent - (fraction == 0.5))
    first, last = floor(low / unit), -floor(-high / unit)
    first -= first * unit > low  # a quotient too small for a float was rounded to 0
    last += last * unit < high
    return first * unit, last * unit


def canvas_over(snapped: Snapped, y_range: tuple[float, float], step: float) -> Canvas:
    """Return the canvas with the lowest rows of which no more than allowed cover the values of `y_range`.

    Parameters
    ----------
    snapped : Snapped
        The columns, and how many rows there may be.
    y_range : tuple of float
        Least and greatest value.
    step : float
        Height of a row of level 0.
    """
    bottom, top = (floor(edge / step + 0.5) for edge in y_range)
    level = max(max(top - bottom, 0) // snapped.n_rows, max(abs(bottom), abs(top)) // _MAX_ROW).bit_length()
    while True:
        first_row, n_rows = bottom >> level, (top >> level) - (bottom >> level) + 1
        columns = snapped.column_log2, snapped.first_column, snapped.n_columns
        canvas = Canvas(*columns, step, level, first_row, n_rows)
        low, high = canvas.y_range
        if low > y_range[0]:  # by rounding
            bottom -= 1 << level
        elif high < y_range[1]:
            top += 1 << level
        elif n_rows > snapped.n_rows:
            level += 1
        else:
            return canvas


def _is_range(low: float, high: float) -> bool:
    largest = max(abs(low), abs(high))
    return isfinite(low) and isfinite(high) and largest <= LARGEST_VALUE and high - low > largest * 2.0**-40
