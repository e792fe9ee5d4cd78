"""A simulated market: trades and quotes of many symbols, the same for the same seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pipelines.core.batch import Batch
from pipelines.core.clock import NS_PER_SECOND
from pipelines.core.dictionary import Dictionary
from pipelines.core.errors import SpecError
from pipelines.core.schema import QUOTES, TRADES, Schema
from pipelines.sim.symbols import listings

__all__ = ["START_NS", "Market"]

START_NS: Final = 1_704_067_200 * NS_PER_SECOND
"""Where the market's clock starts unless told otherwise: 2024-01-01 UTC."""

_MAX_SLOTS: Final = 64
"""Prices move at most so many times a block, and fewer where there are many symbols."""
_TABLE_SIZE: Final = 1 << 16
"""Symbols are drawn from a table of this size by 16 random bits: 10 times faster than by their probabilities."""
_POOL_SIZE: Final = 1 << 16
"""Sizes are drawn from a pool of so many, again by 16 random bits."""

_SHARE_OF_TRADES: Final = 0.4
_SPIKE_CHANCE: Final = 1 / 400_000
"""Chance that a trade prints far from the market: with 40% trades, one in 200,000 ticks."""
_SPIKE_SIZE: Final = (0.003, 0.008)

_VOLATILITY: Final = 2.5e-4
"""Typical standard deviation of a second's log return."""
_REVERSION_S: Final = 86_400.0
"""Prices are drawn back to where they started over about a day, so that no demo ends at nothing."""
_CLUSTERING: Final = 0.8
"""Standard deviation of the log intensity of arrivals, between slots and between blocks of one symbol."""


@dataclass(frozen=True, slots=True)
class _Prices:
    """Bid and ask of one block in whole ticks, float64[n_slots * n_symbols], a slot after the other."""

    bid: NDArray[np.float64]
    ask: NDArray[np.float64]


class Market:
    """Trades and quotes with nanosecond stamps, as fast as one asks for them and whatever the wall clock says.

    Log prices follow one common factor and a walk of their own; a few symbols get most of the ticks; arrivals come in
    clusters, of the whole market and of single symbols; now and then one trade prints a few permille off the market.
    Quotes and trades lie on the symbol's tick grid, bid below ask, and trades print at the bid or at the ask.

    Ticks are made a block of time at a time. A block holds exactly its share of `rate_hz`, so the rate is met at all
    times, and how the time is divided into steps changes nothing.

    Parameters
    ----------
    n_symbols : int
        How many symbols trade: 1 to 65,536.
    rate_hz : float
        Ticks a second, trades and quotes together.
    seed : int
        Equal seeds give equal ticks.
    start_ns : int
        Event time at which it starts, nanoseconds UTC.

    Raises
    ------
    SpecError
        Where the number of symbols or the rate can't be.

    Notes
    -----
    *Threads.* One thread steps it.
    """

    def __init__(
        self, *, n_symbols: int = 50, rate_hz: float = 100_000.0, seed: int = 1, start_ns: int = START_NS
    ) -> None:
        if not 1 <= n_symbols <= _TABLE_SIZE:
            raise SpecError(f"a simulated market has 1 to {_TABLE_SIZE:,} symbols, not {n_symbols}")
        if not 0 < rate_hz <= 1e9:
            raise SpecError(f"a simulated market has more than 0 and at most 1e9 ticks a second, not {rate_hz:g}")
        self.rate_hz = rate_hz
        self.now_ns = start_ns
        self._rng = np.random.Generator(np.random.SFC64(seed))
        self._listing = listings(n_symbols, self._rng)
        self._start(n_symbols, start_ns)

    @property
    def symbols(self) -> tuple[str, ...]:
        """Names of the symbols, busiest first. The codes in the batches are their places."""
        return self._listing.names

    @property
    def tick(self) -> NDArray[np.float64]:
        """Price tick of each symbol, float64[n_symbols], in the quote currency."""
        return self._listing.tick

    def dictionary(self) -> Dictionary:
        """Return a new dictionary of the symbols, with the codes that the batches use."""
        dictionary = Dictionary(capacity=max(len(self.symbols), 1))
        dictionary.encode(self.symbols)
        return dictionary

    def step(self, duration_ns: int) -> tuple[Batch, Batch]:
        """Let `duration_ns` pass and return its trades and quotes.

        Returns
        -------
        trades, quotes : Batch
            Event times ascend, from the old `now_ns` on and before the new one.
        """
        end_ns = self.now_ns + duration_ns
        trades, quotes = [self._take(TRADES, end_ns)], [self._take(QUOTES, end_ns)]
        while self._block_end_ns < end_ns:
            self._make_block()
            trades.append(self._take(TRADES, end_ns))
            quotes.append(self._take(QUOTES, end_ns))
        self.now_ns = end_ns
        return _joined(trades), _joined(quotes)

    def _start(self, n_symbols: int, start_ns: int) -> None:
        rng = self._rng
        self._block_ns = round(NS_PER_SECOND * min(2.0, max(0.1, 1_024 / self.rate_hz)))
        self._block_end_ns = start_ns
        self._n_slots = min(_MAX_SLOTS, max(8, 16_384 // n_symbols))
        self._n_owed = 0.0
        self._weight = np.arange(1, n_symbols + 1) ** -1.0
        self._burst = rng.standard_normal(n_symbols)
        self._home = np.log(self._listing.price)
        self._log_price = self._home + 0.01 * rng.standard_normal(n_symbols)
        self._volatility = _VOLATILITY * np.exp(0.3 * rng.standard_normal(n_symbols))
        self._beta = rng.uniform(0.5, 0.85, n_symbols)
        self._spread = rng.uniform(0.1, 1.5, n_symbols)
        self._lots = np.ceil(100 * np.exp(1.2 * rng.standard_normal(_POOL_SIZE)))
        lot_digits = np.round(np.log10(20.0 / self._listing.price)).clip(-4, 4)
        self._lot_numerator = 10.0 ** lot_digits.clip(min=0)
        self._lot_denominator = 10.0 ** (-lot_digits).clip(min=0)
        self._left = {schema.kind: _empty(schema) for schema in (TRADES, QUOTES)}

    def _take(self, schema: Schema, end_ns: int) -> Batch:
        left = self._left[schema.kind]
        n_rows = int(np.searchsorted(left.time, end_ns))
        taken, self._left[schema.kind] = _slice(left, 0, n_rows), _slice(left, n_rows, len(left))
        return taken

    def _make_block(self) -> None:
        """Replace what is left, which is nothing: a block is made once the one before has been taken whole."""
        self._n_owed += self.rate_hz * self._block_ns / NS_PER_SECOND
        n_ticks = int(self._n_owed)
        self._n_owed -= n_ticks
        share = self._arrivals(n_ticks)
        time = self._block_end_ns + (share * self._block_ns).astype(np.int64)
        symbol = self._draw_symbols(n_ticks)
        place = (share * self._n_slots).astype(np.int32) * np.int32(len(self.symbols)) + symbol
        prices = self._move_prices()
        is_trade = self._rng.random(n_ticks, dtype=np.float32) < _SHARE_OF_TRADES
        trade, quote = np.flatnonzero(is_trade), np.flatnonzero(~is_trade)
        self._left = {
            "trades": self._trades(time[trade], symbol[trade], place[trade], prices),
            "quotes": self._quotes(time[quote], symbol[quote], place[quote], prices),
        }
        self._block_end_ns += self._block_ns

    def _arrivals(self, n_ticks: int) -> NDArray[np.float64]:
        """Ascending shares of the block, float64[n_ticks] in [0, 1): exponential gaps, shorter in a burst."""
        gaps = self._rng.standard_exponential(n_ticks + 1)
        n_a_slot = -(-len(gaps) // self._n_slots)
        length = np.exp(_CLUSTERING * self._rng.standard_normal(self._n_slots))
        gaps *= np.repeat(length, n_a_slot)[: len(gaps)]
        share = np.cumsum(gaps)
        share /= share[-1] * (1 + 1e-12)
        return share[:-1]

    def _draw_symbols(self, n_ticks: int) -> NDArray[np.int32]:
        memory = np.exp(-self._block_ns / NS_PER_SECOND)  # bursts of one symbol last about a second
        fresh = self._rng.standard_normal(len(self._burst))
        self._burst = memory * self._burst + np.sqrt(1 - memory**2) * fresh
        edges = np.cumsum(self._weight * np.exp(_CLUSTERING * self._burst))
        # a random offset, so that a symbol which deserves half an entry gets one in every other block
        edges = np.floor(edges * (_TABLE_SIZE / edges[-1]) + self._rng.random()).astype(np.int64).clip(max=_TABLE_SIZE)
        edges[-1] = _TABLE_SIZE
        table = np.repeat(np.arange(len(edges), dtype=np.int32), np.diff(edges, prepend=0))
        return table[self._rng.integers(0, _TABLE_SIZE, n_ticks, dtype=np.uint16)]

    def _move_prices(self) -> _Prices:
        n_symbols, seconds = len(self.symbols), self._block_ns / NS_PER_SECOND
        common = self._rng.standard_normal((self._n_slots, 1))
        own = self._rng.standard_normal((self._n_slots, n_symbols))
        moves = self._beta * common + np.sqrt(1 - self._beta**2) * own
        path = np.cumsum(moves * (self._volatility * np.sqrt(seconds / self._n_slots)), axis=0)
        path += self._log_price
        self._log_price = path[-1] + (self._home - path[-1]) * min(1.0, seconds / _REVERSION_S)
        middle = np.exp(path) / self.tick
        spread = 1 + np.floor(self._rng.standard_exponential((self._n_slots, n_symbols)) * self._spread)
        bid = np.maximum(np.floor(middle - spread / 2), 1.0)
        return _Prices(bid.ravel(), (bid + spread).ravel())

    def _trades(
        self, time: NDArray[np.int64], symbol: NDArray[np.int32], place: NDArray[np.int32], prices: _Prices
    ) -> Batch:
        n_rows = len(time)
        is_buy = self._rng.integers(0, 2, n_rows, dtype=np.uint8).view(np.bool_)
        ticks = np.where(is_buy, prices.ask[place], prices.bid[place])
        spikes = np.flatnonzero(self._rng.random(n_rows, dtype=np.float32) < _SPIKE_CHANCE)
        away = self._rng.uniform(*_SPIKE_SIZE, len(spikes)) * self._rng.choice((-1.0, 1.0), len(spikes))
        ticks[spikes] = np.maximum(np.rint(ticks[spikes] * (1 + away)), 1.0)
        columns: dict[str, NDArray[Any]] = {
            "time": time,
            "symbol": symbol,
            "price": self._price(ticks, symbol),
            "size": self._draw_sizes(symbol),
            "side": is_buy.view(np.int8) * np.int8(2) - np.int8(1),
        }
        return Batch(TRADES, columns)

    def _quotes(
        self, time: NDArray[np.int64], symbol: NDArray[np.int32], place: NDArray[np.int32], prices: _Prices
    ) -> Batch:
        columns: dict[str, NDArray[Any]] = {
            "time": time,
            "symbol": symbol,
            "bid": self._price(prices.bid[place], symbol),
            "bid_size": self._draw_sizes(symbol),
            "ask": self._price(prices.ask[place], symbol),
            "ask_size": self._draw_sizes(symbol),
        }
        return Batch(QUOTES, columns)

    def _price(self, ticks: NDArray[np.float64], symbol: NDArray[np.int32]) -> NDArray[np.float64]:
        return ticks * self._listing.tick_numerator[symbol] / self._listing.tick_denominator[symbol]

    def _draw_sizes(self, symbol: NDArray[np.int32]) -> NDArray[np.float64]:
        lots: NDArray[np.float64] = self._lots[self._rng.integers(0, _POOL_SIZE, len(symbol), dtype=np.uint16)]
        return lots * self._lot_numerator[symbol] / self._lot_denominator[symbol]


def _slice(batch: Batch, first: int, last: int) -> Batch:
    columns: dict[str, NDArray[Any]] = {name: array[first:last] for name, array in batch.columns.items()}
    return Batch(batch.schema, columns)


def _empty(schema: Schema) -> Batch:
    return Batch(schema, {column.name: np.empty(0, column.dtype) for column in schema.columns})


def _joined(parts: list[Batch]) -> Batch:
    return Batch.concatenate([part for part in parts if len(part)] or parts[:1])
