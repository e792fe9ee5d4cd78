"""Rows of the exchange Binance, collected from its messages."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pipelines.core.batch import Batch
from pipelines.core.dictionary import UNKNOWN, Dictionary
from pipelines.core.schema import DEPTH, QUOTES, TRADES, Schema
from pipelines.decoders.binance_events import MAX_LEVELS, AggTrade, BookTicker, Depth, Snapshot, Trade
from pipelines.decoders.rows import Rejects, name_fault, sift
from pipelines.decoders.values import INT64_MAX

__all__ = ["BINANCE_KINDS", "BinanceRows"]

BINANCE_KINDS: Final = ("trades", "quotes", "depth")
"""The kinds of rows that the exchange's messages hold."""


class BinanceRows:
    """The rows of one call to the decoder.

    Parameters
    ----------
    dictionary : Dictionary
        Takes the symbols.
    rejects : Rejects
        Takes what can't be a row.
    time_unit_ns : int
        Nanoseconds in one unit of the messages' times.
    """

    def __init__(self, dictionary: Dictionary, rejects: Rejects, *, time_unit_ns: int) -> None:
        self._dictionary = dictionary
        self._rejects = rejects
        self._time_unit_ns = time_unit_ns
        self._trades = _Ticks(TRADES)
        self._quotes = _Ticks(QUOTES)
        self._levels = _Levels()

    def add_trade(self, index: int, received_ns: int, event: Trade | AggTrade) -> None:
        """Add a trade, or trades that the exchange has aggregated."""
        time_ns, code = self._time_and_code(index, "trades", event, event.s, 0)
        if code != UNKNOWN:
            row = (time_ns, code, event.p, event.q, -1 if event.m else 1)
            self._trades.add(index, row, event.t if isinstance(event, Trade) else ~event.a)

    def add_quote(self, index: int, received_ns: int, event: BookTicker) -> None:
        """Add a best bid and ask, at the time of receipt where it has no time."""
        time_ns, code = self._time_and_code(index, "quotes", event, event.s, received_ns)
        if code != UNKNOWN:
            self._quotes.add(index, (time_ns, code, event.b, event.B, event.a, event.A), event.u)

    def add_depth(self, index: int, received_ns: int, event: Depth) -> None:
        """Add levels that changed."""
        n_levels = len(event.b) + len(event.a)
        time_ns, code = self._time_and_code(index, "depth", event, event.s, 0, n_levels)
        if code != UNKNOWN:
            self._add_levels(index, time_ns, code, event.u * MAX_LEVELS, event.b, event.a)

    def add_snapshot(self, index: int, received_ns: int, event: Snapshot) -> None:
        """Add the levels of a book, at the time of receipt where it has no time."""
        n_levels = len(event.bids) + len(event.asks)
        if not event.symbol:
            reason = "the snapshot names no symbol: add symbol= to the source"
            self._rejects.add(index, "depth", reason, max(n_levels, 1))
            return
        time_ns, code = self._time_and_code(index, "depth", event, event.symbol, received_ns, n_levels)
        if code != UNKNOWN:
            self._add_levels(index, time_ns, code, ~(event.lastUpdateId * MAX_LEVELS), event.bids, event.asks)

    def batches(self, kinds: Sequence[str]) -> tuple[Batch, ...]:
        """Return what was collected, a batch for each of `kinds` that has rows."""
        tables: dict[str, _Ticks | _Levels] = {"trades": self._trades, "quotes": self._quotes, "depth": self._levels}
        batches = [tables[kind].batch(self._rejects) for kind in kinds]
        return tuple(batch for batch in batches if batch is not None)

    def _time_and_code(
        self,
        index: int,
        kind: str,
        event: Trade | AggTrade | BookTicker | Depth | Snapshot,
        symbol: str,
        otherwise_ns: int,
        n_records: int = 1,
    ) -> tuple[int, int]:
        """Return event time and code of the symbol, `UNKNOWN` where its records had to be rejected."""
        stamp = event.T or event.E
        time_ns = stamp * self._time_unit_ns if stamp else otherwise_ns
        if time_ns <= 0 or time_ns > INT64_MAX:
            reason = f"expected a time in T or E that fits 64 bits of nanoseconds, got {stamp}"
        else:
            code = self._dictionary.encode_one(symbol)
            if code != UNKNOWN:
                return time_ns, code
            reason = f"symbol: {name_fault(symbol, self._dictionary)}"
        self._rejects.add(index, kind, reason, max(n_records, 1))
        return time_ns, UNKNOWN

    def _add_levels(self, index: int, time_ns: int, code: int, identity: int, bids: list[Any], asks: list[Any]) -> None:
        n_over = len(bids) + len(asks) - MAX_LEVELS
        if n_over > 0:
            self._rejects.add(index, "depth", f"more than {MAX_LEVELS} levels in one message", n_over)
            asks = asks[: max(MAX_LEVELS - len(bids), 0)]
            bids = bids[:MAX_LEVELS]
        self._levels.add(index, (time_ns, code, identity), bids, asks)


class _Ticks:
    """Rows that are a message each."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._rows: list[tuple[Any, ...]] = []
        self._identity: list[int] = []
        self._indices: list[int] = []

    def add(self, index: int, row: tuple[Any, ...], identity: int) -> None:
        self._rows.append(row)
        self._identity.append(identity)
        self._indices.append(index)

    def batch(self, rejects: Rejects) -> Batch | None:
        if not self._rows:
            return None
        n_rows = len(self._rows)
        values = zip(self._schema.columns, zip(*self._rows, strict=True), strict=True)
        return sift(
            self._schema,
            {column.name: np.fromiter(listed, column.dtype, n_rows) for column, listed in values},
            identity=np.fromiter(self._identity, np.int64, n_rows),
            indices=self._indices,
            n_rows=[1] * n_rows,
            rejects=rejects,
        )


class _Levels:
    """Rows that are a level each."""

    def __init__(self) -> None:
        self._levels: list[tuple[float, float]] = []
        self._stamps: list[tuple[int, int, int]] = []
        self._n_levels: list[int] = []
        self._indices: list[int] = []

    def add(self, index: int, stamp: tuple[int, int, int], bids: list[Any], asks: list[Any]) -> None:
        """Add the levels of one message. `stamp` is its time, code and the identity of its first level."""
        self._levels += bids
        self._levels += asks
        self._stamps.append(stamp)
        self._n_levels += (len(bids), len(asks))
        self._indices.append(index)

    def batch(self, rejects: Rejects) -> Batch | None:
        n_rows = len(self._levels)
        if not n_rows:
            return None
        values = np.fromiter(chain.from_iterable(self._levels), np.float64, 2 * n_rows).reshape(n_rows, 2)
        n_sides = np.array(self._n_levels, np.int64)
        n_levels = n_sides.reshape(-1, 2).sum(axis=1)
        time, code, first = (np.array(stamps, np.int64) for stamps in zip(*self._stamps, strict=True))
        return sift(
            DEPTH,
            {
                "time": np.repeat(time, n_levels),
                "symbol": np.repeat(code, n_levels).astype(np.int32),
                "side": np.repeat(np.tile(np.array([1, -1], np.int8), len(first)), n_sides),
                "price": values[:, 0].copy(),
                "size": values[:, 1].copy(),
            },
            identity=_level_identity(first, n_levels),
            indices=self._indices,
            n_rows=n_levels.tolist(),
            rejects=rejects,
        )


def _level_identity(first: NDArray[np.int64], n_levels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the identity of each level: it counts away from zero within a message."""
    position = np.arange(n_levels.sum()) - np.repeat(np.cumsum(n_levels) - n_levels, n_levels)
    base = np.repeat(first, n_levels)
    return base + np.where(base < 0, -position, position)
