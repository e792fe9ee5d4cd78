"""Bars made from the rows that are kept, from the newest backwards, a slice at a time."""

from __future__ import annotations

from typing import Final

import numpy as np

from pipelines.aggregates.candles import Candles, bars_of
from pipelines.kernels.one_bar import N_FIGURES, N_MARKS
from pipelines.store.segment import SEGMENT_ROWS
from pipelines.store.series import Series
from pipelines.store.table import Table

__all__ = ["OlderBars", "among", "joined", "no_bars"]

_NEEDED: Final = ("time", "size", "side")
_EVER: Final = np.iinfo(np.int64).min


def no_bars(period_ns: int) -> Candles:
    """Return no bars of a length."""
    return Candles.of(np.empty(0, np.int32), np.empty((0, N_FIGURES)), np.empty((0, N_MARKS), np.int64), period_ns)


def joined(older: Candles, newer: Candles) -> Candles:
    """Return bars of one key and length, one after the other."""
    after = newer.columns()
    columns = {name: np.concatenate([column, after[name]]) for name, column in older.columns().items()}
    return Candles(newer.period_ns, **columns)


def among(bars: Candles, rows: slice) -> Candles:
    """Return some of the bars."""
    return Candles(bars.period_ns, **{name: column[rows] for name, column in bars.columns().items()})


class OlderBars:
    """The bars of a key that ended before some time, in steps of bounded work.

    Parameters
    ----------
    table : Table
        Where the rows are.
    code : int
        The key.
    period_ns : int
        Length of a bar.
    end_ns : int
        Only rows before this count: the start of a bar, nanoseconds UTC.
    slice_rows : int
        About how many rows a step reads. A bar may have many times as many.

    Attributes
    ----------
    done : bool
        Whether there are no more.
    """

    def __init__(self, table: Table, code: int, *, period_ns: int, end_ns: int, slice_rows: int = 262_144) -> None:
        schema = table.schema
        self.done = False
        self._table = table
        self._code = code
        self._period_ns = period_ns
        self._end_ns = end_ns
        self._slice_segments = max(slice_rows // SEGMENT_ROWS, 1)
        self._names = [name for name in schema.names if name in (schema.key, schema.value, *_NEEDED)]
        self._begun = no_bars(period_ns)

    def step(self) -> Candles:
        """Return the next older bars, all of whose rows were read by now; none where a bar needs more steps.

        The oldest bar of all is left out where rows of the key were evicted: it may lack some.
        """
        series = self._table.series(self._code)
        if series is None:
            self.done = True
            return no_bars(self._period_ns)
        start_ns = self._slice_start_ns(series)
        rows = series.range(start_ns, self._end_ns, self._names)
        # Two parts of one bar become one.
        bars = joined(bars_of(rows, series.schema, period_ns=self._period_ns), self._begun).coarser(1)
        self._end_ns = start_ns
        self.done = start_ns == _EVER
        is_cut = series.first_row > 0 if self.done else bool((bars.start_ns[:1] < start_ns).any())
        self._begun = among(bars, slice(int(is_cut)))
        return among(bars, slice(int(is_cut), None))

    def _slice_start_ns(self, series: Series) -> int:
        """Return where the next slice starts: at the oldest row of one of the segments before it."""
        starts = np.concatenate([np.empty(0, np.int64), *(block.spans[:, 0] for block in series.blocks)])
        starts = np.sort(starts[starts < self._end_ns])
        return int(starts[-self._slice_segments]) if len(starts) > self._slice_segments else _EVER
