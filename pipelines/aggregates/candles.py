"""Bars as columns, as a chart takes them: live, from history, or merged into longer ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pipelines.core.schema import Schema
from pipelines.kernels import one_bar
from pipelines.kernels.bars import ring_bars

__all__ = ["Candles", "RowColumns", "bars_of", "row_columns"]

RowColumns = tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64], NDArray[np.int8]]
"""Times, values, sizes and sides of rows, read-only; the last two are empty where the kind has none."""

_NO_SIZES: Final = np.empty(0)
_NO_SIDES: Final = np.empty(0, np.int8)
_NO_SIZES.flags.writeable = _NO_SIDES.flags.writeable = False


@dataclass(frozen=True, slots=True)
class Candles:
    """Bars, those of a key in the order of their numbers. The arrays are nobody else's.

    Parameters
    ----------
    period_ns : int or None
        How long each bar is; None for bars that do not close by the clock.
    codes : int32[n]
        The keys.
    numbers : int64[n]
        Numbers of the bars: ``start_ns // period_ns``, or how many bars of the key closed before.
    start_ns, end_ns : int64[n]
        First nanosecond of the bar and first one behind it; without a period, event times of the row that opened it and
        of the newest to arrive.
    open, high, low, close : float64[n]
        Values.
    volume, turnover : float64[n]
        Sums of the sizes, and of value times size; 0 where the kind has no sizes.
    buy_volume, sell_volume : float64[n]
        Sums of the sizes of buys and of sells. A side that is unknown is in neither.
    n_rows : int64[n]
        Rows with a value.
    """

    period_ns: int | None
    codes: NDArray[np.int32]
    numbers: NDArray[np.int64]
    start_ns: NDArray[np.int64]
    end_ns: NDArray[np.int64]
    open: NDArray[np.float64]
    high: NDArray[np.float64]
    low: NDArray[np.float64]
    close: NDArray[np.float64]
    volume: NDArray[np.float64]
    turnover: NDArray[np.float64]
    buy_volume: NDArray[np.float64]
    sell_volume: NDArray[np.float64]
    n_rows: NDArray[np.int64]

    @classmethod
    def of(
        cls, codes: NDArray[np.int32], bars: NDArray[np.float64], marks: NDArray[np.int64], period_ns: int | None
    ) -> Candles:
        """Sort bars by key and number, and make columns of them.

        Parameters
        ----------
        codes : int32[n]
            The keys.
        bars : float64[n, 8]
            Figures, as `pipelines.kernels.one_bar` names them.
        marks : int64[n, 5]
            Marks, likewise.
        period_ns : int or None
            Length of a bar.
        """
        order = np.lexsort((marks[:, one_bar.NUMBER], codes))
        numbers = marks[order, one_bar.NUMBER]
        if period_ns is None:
            start_ns, end_ns = marks[order, one_bar.FIRST_NS], marks[order, one_bar.LAST_NS]
        else:
            start_ns = numbers * period_ns
            end_ns = start_ns + period_ns
        return cls(
            period_ns,
            codes[order],
            numbers,
            start_ns,
            end_ns,
            open=bars[order, one_bar.OPEN],
            high=bars[order, one_bar.HIGH],
            low=bars[order, one_bar.LOW],
            close=bars[order, one_bar.CLOSE],
            volume=bars[order, one_bar.VOLUME],
            turnover=bars[order, one_bar.TURNOVER],
            buy_volume=bars[order, one_bar.BUY],
            sell_volume=bars[order, one_bar.SELL],
            n_rows=marks[order, one_bar.N_ROWS],
        )

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def vwap(self) -> NDArray[np.float64]:
        """Mean of the values weighted by size, float64[n]; NaN where there is no volume."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(self.volume == 0, np.nan, self.turnover / self.volume)

    @property
    def n_bytes(self) -> int:
        """Memory of the columns."""
        return sum(column.nbytes for column in self.columns().values())

    def columns(self) -> dict[str, NDArray[Any]]:
        """Return the arrays by name."""
        return {field.name: getattr(self, field.name) for field in fields(self) if field.name != "period_ns"}

    def since(self, number: int) -> Candles:
        """Return the bars with a number of at least `number`."""
        rows = self.numbers >= number
        return Candles(self.period_ns, **{name: column[rows] for name, column in self.columns().items()})

    def coarser(self, n: int) -> Candles:
        """Merge each `n` periods, counted from 1970, into one; the one that is forming included.

        Open, high, low, close and rows are exactly those of bars of that length; sums are those of the bars' sums, so
        their last bits may differ.

        Raises
        ------
        ValueError
            Where the bars have no period, or `n` is not positive.
        """
        if self.period_ns is None or n < 1:
            raise ValueError("only bars of one period can be merged, and at least 1 into one")
        numbers = self.numbers // n
        is_first = np.ones(len(self), np.bool_)
        is_first[1:] = (numbers[1:] != numbers[:-1]) | (self.codes[1:] != self.codes[:-1])
        (firsts,) = np.nonzero(is_first)
        lasts = np.append(firsts[1:], len(self))[: len(firsts)] - 1

        def merged(of: np.ufunc, column: NDArray[Any]) -> NDArray[Any]:
            result: NDArray[Any] = of.reduceat(column, firsts) if len(firsts) else column
            return result

        period_ns = self.period_ns * n
        return Candles(
            period_ns,
            codes=self.codes[firsts],
            numbers=numbers[firsts],
            start_ns=numbers[firsts] * period_ns,
            end_ns=(numbers[firsts] + 1) * period_ns,
            open=self.open[firsts],
            high=merged(np.maximum, self.high),
            low=merged(np.minimum, self.low),
            close=self.close[lasts],
            volume=merged(np.add, self.volume),
            turnover=merged(np.add, self.turnover),
            buy_volume=merged(np.add, self.buy_volume),
            sell_volume=merged(np.add, self.sell_volume),
            n_rows=merged(np.add, self.n_rows),
        )


def bars_of(columns: Mapping[str, NDArray[Any]], schema: Schema, *, period_ns: int) -> Candles:
    """Make the bars of one key's history: what `Bars` has of the same rows, as far back as they go.

    Parameters
    ----------
    columns : mapping of str to any[n]
        Rows of one key in the order of time, as ``Series.range`` gives them.
    schema : Schema
        What the columns are.
    period_ns : int
        Length of a bar.

    Notes
    -----
    Sums are taken in the order of time; where rows came out of order, the last bits differ from those of `Bars`.
    """
    times, values, sizes, sides = row_columns(columns, schema)
    numbers = times // period_ns
    bar_of_row = np.zeros(len(times), np.int32)
    np.cumsum(numbers[1:] != numbers[:-1], out=bar_of_row[1:])
    bar_of_row.flags.writeable = False
    n_bars = int(bar_of_row[-1]) + 1 if len(times) else 0
    bars, marks = np.empty((n_bars, one_bar.N_FIGURES)), np.zeros((n_bars, one_bar.N_MARKS), np.int64)
    # As if each bar were another key's, in a ring of one slot.
    place, newest, n_older = np.zeros(1, np.int64), np.zeros(n_bars, np.int64), np.zeros(n_bars, np.int64)
    ring_bars(0, bar_of_row, times, values, sizes, sides, period_ns, 0, n_bars, place, bars, marks, newest, n_older)
    (filled,) = np.nonzero(marks[:, one_bar.N_ROWS])
    codes = columns[schema.key][:1].repeat(len(filled))
    return Candles.of(codes, bars[filled], marks[filled], period_ns)


def row_columns(columns: Mapping[str, NDArray[Any]], schema: Schema) -> RowColumns:
    """Return what bars need of rows, for any kind."""
    times, values = _read_only(columns["time"]), _read_only(columns[schema.value])
    sizes = _read_only(columns["size"]) if "size" in schema.names else _NO_SIZES
    sides = _read_only(columns["side"]) if "side" in schema.names else _NO_SIDES
    return times, values, sizes, sides


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    """Return the array as kernels are compiled for it."""
    if array.flags.writeable or not array.flags.c_contiguous:
        array = np.ascontiguousarray(array)[:]
        array.flags.writeable = False
    return array
