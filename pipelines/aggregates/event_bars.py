"""Tick, volume and dollar bars: they close by what was traded, so that busy times get more of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isfinite
from types import MappingProxyType
from typing import Final, Literal, Self

import numpy as np
from numpy.typing import NDArray

from pipelines.aggregates.by_key import grown, take_in
from pipelines.aggregates.candles import Candles, row_columns
from pipelines.core.batch import Batch
from pipelines.core.errors import SpecError
from pipelines.core.schema import Schema
from pipelines.kernels.event_bars import ROWS, SIZES, TURNOVERS, event_bars
from pipelines.kernels.one_bar import GENERATION, N_FIGURES, N_MARKS, N_ROWS, NUMBER
from pipelines.store.table import Table

__all__ = ["EventBars", "EventBarsSnapshot", "Piece"]

_PIECE_BARS: Final = 8
_AMOUNTS: Final = {"rows": ROWS, "volume": SIZES, "turnover": TURNOVERS}

Piece = tuple[NDArray[np.float64], NDArray[np.int64]]
"""Figures and marks of eight bars of a key that closed one after the other. They never change."""


@dataclass(frozen=True, slots=True)
class EventBarsSnapshot:
    """The bars of every key, as they were.

    Parameters
    ----------
    n_bars : int
        How many bars of a key are kept, the forming one included.
    generation : int
        Goes up with each snapshot that has new rows: ask a later one for what `changed` since.
    forming : (float64[n_keys, 8], int64[n_keys, 5])
        Figures and marks of the forming bars; no rows where the next bar has not begun.
    closed : (float64[n_keys, 8, 8], int64[n_keys, 8, 5])
        Bars that closed behind the last piece.
    n_closed : int64[n_keys]
        How many of these there are.
    pieces : mapping of int to tuple of Piece
        By code, the bars that closed before.
    """

    n_bars: int
    generation: int
    forming: Piece
    closed: Piece
    n_closed: NDArray[np.int64]
    pieces: Mapping[int, tuple[Piece, ...]]

    def candles(self, code: int) -> Candles:
        """Return the bars of a key in the order of their numbers."""
        return self.changed(0, code)

    def changed(self, since_generation: int, code: int | None = None) -> Candles:
        """Return the bars that changed after a generation, of one key or of all.

        Parameters
        ----------
        since_generation : int
            That of the snapshot which the caller knows; 0 for all bars.
        code : int, optional
            The key.
        """
        codes = range(len(self.n_closed)) if code is None else (code,) if 0 <= code < len(self.n_closed) else ()
        found = [(each, *self._changed(each, since_generation)) for each in codes]
        keys = [np.full(len(marks), each, np.int32) for each, _, marks in found]
        bars = np.concatenate([np.empty((0, N_FIGURES)), *(bars for _, bars, _ in found)])
        marks = np.concatenate([np.empty((0, N_MARKS), np.int64), *(marks for _, _, marks in found)])
        return Candles.of(np.concatenate([np.empty(0, np.int32), *keys]), bars, marks, None)

    def _changed(self, code: int, since_generation: int) -> Piece:
        forming, closed = slice(code, code + 1), slice(self.n_closed[code])
        pieces = [piece for piece in self.pieces.get(code, ()) if piece[1][-1, GENERATION] > since_generation]
        bars = np.concatenate([*(piece[0] for piece in pieces), self.closed[0][code, closed], self.forming[0][forming]])
        marks = np.concatenate(
            [*(piece[1] for piece in pieces), self.closed[1][code, closed], self.forming[1][forming]]
        )
        newest = marks[-1, NUMBER] - (marks[-1, N_ROWS] == 0)
        wanted = (marks[:, N_ROWS] > 0) & (marks[:, GENERATION] > since_generation)
        wanted &= marks[:, NUMBER] > newest - self.n_bars
        return bars[wanted], marks[wanted]


class EventBars:
    """Bars of equal amounts, of every key at once, in order of arrival: the last `n_bars` of each key.

    A bar closes with the row that brings its amount to the threshold or above, and the next one begins at nothing: what
    was too much is not carried over. The first row to come opens it and the last closes it, whatever their times. A row
    without a finite value is left out; one whose amount is no positive number is in its bar, but brings it no nearer to
    its end. Sums are exact in row order. From M. López de Prado, "Advances in Financial Machine Learning", 2018, ch. 2.

    Where a bar ends depends on all rows before it, so bars of one key can't be merged: `merge` takes keys that only one
    side has seen (then it is exact, associative and commutes), and refuses others. Give the rows of the later part to
    `update` instead, in order.

    Parameters
    ----------
    schema : Schema
        What the rows are. Bars are of its `value` column.
    of : {"rows", "volume", "turnover"}
        What is counted: rows (tick bars), their sizes (volume bars), or value times size (dollar bars).
    threshold : float
        The amount that closes a bar.
    n_bars : int
        How many bars of a key are kept, the forming one included.

    Raises
    ------
    SpecError
        Where the threshold is no positive number, or the kind has no sizes to count.
    """

    def __init__(
        self, schema: Schema, *, of: Literal["rows", "volume", "turnover"], threshold: float, n_bars: int = 256
    ) -> None:
        if not (isfinite(threshold) and threshold > 0):
            raise SpecError(f"the amount that closes a bar must be a positive number, not {threshold}")
        if of != "rows" and "size" not in schema.names:
            raise SpecError(f"{schema.kind} have no sizes: only bars of so many rows can be made of them")
        self.schema = schema
        self.of = of
        self.threshold = float(threshold)
        self.n_bars = n_bars
        self._generation = 1
        self._snapshot: EventBarsSnapshot | None = None
        self._forget()

    def update(self, batch: Batch) -> None:
        """Take in new rows."""
        if len(batch) == 0:
            return
        self._make_room(int(batch.keys.max()) + 1)
        rows, row = row_columns(batch.columns, self.schema), 0
        while True:
            row = event_bars(
                row, batch.keys, *rows, _AMOUNTS[self.of], self.threshold, self._generation,
                *self._forming, self._amounts, *self._closed, self._n_closed,
            )  # fmt: skip
            if row == len(batch):
                break
            self._put_away(int(batch.keys[row]))
        self._snapshot = None

    def merge(self, other: Self) -> None:
        """Take in the keys of `other`, which closes bars by the same amount.

        Raises
        ------
        ValueError
            Where both have seen rows of a key. Nothing is merged then.
        """
        codes = other._seen()
        both = np.intersect1d(codes, self._seen())
        if len(both):
            raise ValueError(f"bars by amount of one key can't be merged: both sides have keys {both[:5].tolist()}")
        if len(codes) == 0:
            return
        self._make_room(int(codes.max()) + 1)
        for ours, theirs in zip((*self._forming, *self._closed), (*other._forming, *other._closed), strict=True):
            ours[codes] = theirs[codes]
        self._amounts[codes], self._n_closed[codes] = other._amounts[codes], other._n_closed[codes]
        for marks in (self._forming[1], self._closed[1]):
            marks[codes, ..., GENERATION] = self._generation
        for code, pieces in other._pieces.items():
            self._pieces[code] = tuple((bars, self._marked(marks)) for bars, marks in pieces)
        self._snapshot = None

    def snapshot(self) -> EventBarsSnapshot:
        """Return the bars now. Copies the forming bars and up to eight that closed of each key, shares the others."""
        if self._snapshot is None:
            self._snapshot = EventBarsSnapshot(
                self.n_bars,
                self._generation,
                (self._forming[0].copy(), self._forming[1].copy()),
                (self._closed[0].copy(), self._closed[1].copy()),
                self._n_closed.copy(),
                MappingProxyType(self._pieces.copy()),
            )
            self._generation += 1
        return self._snapshot

    def rebuild(self, table: Table) -> Iterator[None]:
        """Forget everything, and take in the rows that `table` keeps. The first of them opens bar 0."""
        self._forget()
        yield from take_in(table, self.update)

    def _forget(self) -> None:
        self._forming: Piece = np.empty((0, N_FIGURES)), np.empty((0, N_MARKS), np.int64)
        self._closed: Piece = np.empty((0, _PIECE_BARS, N_FIGURES)), np.empty((0, _PIECE_BARS, N_MARKS), np.int64)
        self._amounts, self._n_closed = np.empty(0), np.empty(0, np.int64)
        self._pieces: dict[int, tuple[Piece, ...]] = {}
        self._snapshot = None

    def _make_room(self, n_keys: int) -> None:
        self._forming = grown(self._forming[0], n_keys, 0), grown(self._forming[1], n_keys, 0)
        self._closed = grown(self._closed[0], n_keys, 0), grown(self._closed[1], n_keys, 0)
        self._amounts, self._n_closed = grown(self._amounts, n_keys, 0), grown(self._n_closed, n_keys, 0)

    def _put_away(self, code: int) -> None:
        """Make a piece of the bars that a key has closed."""
        piece = self._closed[0][code].copy(), self._closed[1][code].copy()
        n_pieces = -(-self.n_bars // _PIECE_BARS)
        self._pieces[code] = (*self._pieces.get(code, ()), piece)[-n_pieces:]
        self._n_closed[code] = 0

    def _seen(self) -> NDArray[np.intp]:
        """Return the keys that have bars."""
        marks = self._forming[1]
        return np.flatnonzero((marks[:, N_ROWS] > 0) | (marks[:, NUMBER] > 0))

    def _marked(self, marks: NDArray[np.int64]) -> NDArray[np.int64]:
        marks = marks.copy()
        marks[:, GENERATION] = self._generation
        return marks
