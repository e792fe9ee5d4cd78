"""Time bars of every key: open, high, low, close and sums a period, the forming one included."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from pipelines.aggregates.bar_pages import BarPages, SharedPages
from pipelines.aggregates.by_key import grown, n_keys_of, take_in
from pipelines.aggregates.candles import Candles, row_columns
from pipelines.core.batch import Batch
from pipelines.core.schema import Schema
from pipelines.kernels.bars import merge_bars, ring_bars
from pipelines.kernels.one_bar import GENERATION, N_ROWS, NUMBER
from pipelines.store.table import Table

__all__ = ["Bars", "BarsSnapshot"]

_NEVER: Final = np.iinfo(np.int64).min // 2


@dataclass(frozen=True, slots=True)
class BarsSnapshot:
    """The bars of every key, as they were.

    Parameters
    ----------
    period_ns : int
        Length of a bar.
    n_bars : int
        How many periods up to a key's newest are kept.
    generation : int
        Goes up with each snapshot that has new rows: ask a later one for what `changed` since.
    pages : SharedPages
        The bars; a key's are at its code in each page.
    newest : int64[n_keys]
        Number of each key's newest bar.
    n_retired : int64[n_keys]
        Rows of each key whose bar has given its place to a newer one.
    """

    period_ns: int
    n_bars: int
    generation: int
    pages: SharedPages
    newest: NDArray[np.int64]
    n_retired: NDArray[np.int64]

    def candles(self, code: int) -> Candles:
        """Return the bars of a key in the order of time, those that have rows."""
        return self.changed(0, code)

    def coarser(self, code: int, n: int) -> Candles:
        """Return the bars of a key, `n` periods in one, as `Candles.coarser` does; none that began before the ring."""
        candles = self.candles(code)
        if len(candles) == 0:
            return candles.coarser(n)
        first_kept = int(candles.numbers[-1]) - self.n_bars + 1
        return candles.since(-(-first_kept // n) * n).coarser(n)

    def changed(self, since_generation: int, code: int | None = None) -> Candles:
        """Return the bars that changed after a generation, of one key or of all.

        Parameters
        ----------
        since_generation : int
            That of the snapshot which the caller knows; 0 for all bars.
        code : int, optional
            The key.
        """
        n_keys = len(self.newest)
        codes = np.arange(n_keys) if code is None else np.arange(code, code + (0 <= code < n_keys))
        pages = self.pages.places(since_generation)
        keys, places = np.tile(codes, len(pages)), np.add.outer(pages, codes).ravel()
        marks = self.pages.marks[places]
        wanted = (marks[:, N_ROWS] > 0) & (marks[:, GENERATION] > since_generation)
        wanted &= marks[:, NUMBER] > self.newest[keys] - self.n_bars  # what a quiet key's slots hold may be long past
        return Candles.of(keys[wanted].astype(np.int32), self.pages.bars[places[wanted]], marks[wanted], self.period_ns)

    def n_older(self, code: int) -> int:
        """Return how many rows of a key are in none of its bars, for they are older."""
        if not 0 <= code < len(self.newest):
            return 0
        marks = self.pages.marks[self.pages.places() + code]
        is_old = marks[:, NUMBER] <= self.newest[code] - self.n_bars
        return int(self.n_retired[code] + marks[is_old, N_ROWS].sum())


class Bars:
    """Bars of a fixed period by event time, of every key at once, for the last `n_bars` periods up to its newest.

    A late row changes its own bar while the ring has it. The earliest row opens a bar and the latest closes it; of
    equal times, the one that came first opens and the one that came last closes. A row without a finite value is left
    out. Kinds without sizes have no volume. Sums are exact in row order.

    Merging is associative in all but the sums, which then differ from row order in their last bits. Rows, high and low
    commute; open and close do where no two rows at a bar's ends have the same time.

    Parameters
    ----------
    schema : Schema
        What the rows are. Bars are of its `value` column.
    period_ns : int
        Length of a bar. Bar 0 begins in 1970.
    n_bars : int
        How many periods are kept.
    """

    def __init__(self, schema: Schema, *, period_ns: int, n_bars: int = 256) -> None:
        self.schema = schema
        self.period_ns = period_ns
        self.n_bars = n_bars
        self._generation = 1
        self._snapshot: BarsSnapshot | None = None
        self._forget()

    @property
    def n_bytes(self) -> int:
        """Memory of the bars, those that only snapshots have included."""
        return self._pages.n_bytes + self._newest.nbytes + self._n_retired.nbytes

    def update(self, batch: Batch) -> None:
        """Take in new rows."""
        if len(batch) == 0:
            return
        rows, row = row_columns(batch.columns, self.schema), 0
        while True:
            row = ring_bars(
                row, batch.keys, *rows, self.period_ns, self._generation, self._n_keys,
                self._pages.writable, self._pages.bars, self._pages.marks, self._newest, self._n_retired,
            )  # fmt: skip
            if row == len(batch):
                break
            self._make_room(n_keys_of(batch.keys))
            self._pages.make_writable(int(batch.time[row]) // self.period_ns % self.n_bars, self._generation)
        self._snapshot = None

    def merge(self, other: Self) -> None:
        """Take in the rows that `other`, with bars of the same length and number, has seen after us."""
        theirs = other.snapshot()
        n_keys = len(theirs.newest)
        self._make_room(n_keys)
        for slot, page in enumerate(theirs.pages.pages):
            if page is not None:
                self._pages.make_writable(slot, self._generation)
                merge_bars(
                    int(self._pages.writable[slot]), self._pages.bars, self._pages.marks, page.place,
                    theirs.pages.bars, theirs.pages.marks, n_keys, self._generation, self._newest, self._n_retired,
                )  # fmt: skip
        self._n_retired[:n_keys] += theirs.n_retired
        self._snapshot = None

    def snapshot(self) -> BarsSnapshot:
        """Return the bars now. Costs little; the next change of a bar copies the page that it stands in."""
        if self._snapshot is None:
            self._snapshot = BarsSnapshot(
                self.period_ns,
                self.n_bars,
                self._generation,
                self._pages.share(),
                self._newest[: self._n_keys].copy(),
                self._n_retired[: self._n_keys].copy(),
            )
            self._generation += 1
        return self._snapshot

    def rebuild(self, table: Table) -> Iterator[None]:
        """Forget everything, and take in the rows that `table` keeps. Generations go on."""
        self._forget()
        yield from take_in(table, self.update)

    def _forget(self) -> None:
        self._pages = BarPages(self.n_bars)
        self._n_keys = 0
        self._newest = np.empty(0, np.int64)
        self._n_retired = np.empty(0, np.int64)
        self._snapshot = None

    def _make_room(self, n_keys: int) -> None:
        self._n_keys = max(self._n_keys, n_keys)
        self._pages.make_room(n_keys)
        self._newest = grown(self._newest, n_keys, _NEVER)
        self._n_retired = grown(self._n_retired, n_keys, 0)
