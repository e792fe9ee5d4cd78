"""Bars of one key, as messages: what changed of a bar that is forming is a few numbers."""

from __future__ import annotations

from struct import Struct
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.aggregates.candles import Candles
from pipelines.live.wire.changes import ChangesEncoder
from pipelines.live.wire.parts import Part, part

__all__ = ["BarsEncoder"]

_BARS: Final = Struct("<iII")
_COLUMNS: Final = (
    "start_ns",
    "open",
    "high",
    "low",
    "close",
    "volume",
    "turnover",
    "buy_volume",
    "sell_volume",
    "n_rows",
)
_BITS: Final = 1 << np.arange(len(_COLUMNS))
_TOLD: Final = np.dtype("<u2")
_CELL: Final = np.dtype("<i8")


class BarsEncoder(ChangesEncoder):
    """The newest bars of one key as messages.

    Each number of each bar has a generation. Bars are told apart by their ordinals, and numbers by their bits.

    Notes
    -----
    *Threads.* One: the loop that sends.
    """

    def __init__(self) -> None:
        super().__init__()
        self._first = 0
        self._cells = np.empty((0, len(_COLUMNS)), np.int64)
        self._since = np.empty((0, len(_COLUMNS)), np.int64)

    def take(self, first_ordinal: int, bars: Candles) -> None:
        """Let `bars` be the newest, those with ordinals from `first_ordinal` on; does nothing where none changed."""
        cells = np.stack([getattr(bars, name).view(np.int64) for name in _COLUMNS], axis=1)
        is_new, since = np.ones(cells.shape, np.bool_), np.zeros_like(cells)
        start = max(first_ordinal, self._first)
        end = min(first_ordinal + len(cells), self._first + len(self._cells))
        if start < end:
            here = slice(start - first_ordinal, end - first_ordinal)
            there = slice(start - self._first, end - self._first)
            is_new[here] = cells[here] != self._cells[there]
            since[here] = self._since[there]
        is_moved = (first_ordinal, len(cells)) != (self._first, len(self._cells))
        if self.generation and not is_moved and not is_new.any():
            return
        self._begin()
        since[is_new] = self.generation
        self._first, self._cells, self._since = first_ordinal, cells, since

    def _parts(self, base: int) -> bytes:
        is_told = self._since > base
        (bars,) = np.nonzero(is_told.any(axis=1))
        cells, is_told = self._cells[bars], is_told[bars]
        masks = (is_told @ _BITS).astype(_TOLD)
        content = [
            _BARS.pack(self._first, len(self._cells), len(bars)),
            _gaps(bars),
            masks.tobytes(),
            cells.T[is_told.T].astype(_CELL).tobytes(),
        ]
        return part(Part.BARS, b"".join(content))


def _gaps(bars: NDArray[np.int64]) -> bytes:
    """Return how many bars are left out before each, in LEB128."""
    out = bytearray()
    for gap in (np.diff(bars, prepend=-1) - 1).tolist():
        rest = gap
        while rest > 127:
            out.append(rest & 127 | 128)
            rest >>= 7
        out.append(rest)
    return bytes(out)
