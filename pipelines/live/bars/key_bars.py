"""The newest bars of one key: those that are kept live, joined with older ones made from rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Protocol

from pipelines.aggregates.bars import BarsSnapshot
from pipelines.aggregates.candles import Candles
from pipelines.core.clock import parse_duration_ns
from pipelines.core.spec import Period
from pipelines.live.bars.older import OlderBars, among, joined, no_bars
from pipelines.store.table import Table

__all__ = ["PERIODS", "BarsFeed", "KeyBars", "bars_snapshot"]

PERIODS: Final[Mapping[Period, tuple[str, int]]] = {
    "1s": ("bars.1s", 1),
    "5s": ("bars.1s", 5),
    "15s": ("bars.1s", 15),
    "1m": ("bars.1m", 1),
    "5m": ("bars.1m", 5),
}
"""Lengths of a candle: the aggregate, and how many of its bars make one."""


class BarsFeed(Protocol):
    """What candles need of a feed."""

    @property
    def tables(self) -> Mapping[str, Table]:
        """Rows by kind."""
        ...

    def snapshot(self, aggregate: str, kind: str) -> Any:
        """Return an aggregate's newest snapshot, or None where there is no such aggregate."""
        ...


def bars_snapshot(feed: BarsFeed, kind: str, period: Period) -> BarsSnapshot | None:
    """Return the bars that candles of a length are made of; None where the feed has none of the kind."""
    snapshot: BarsSnapshot | None = feed.snapshot(PERIODS[period][0], kind)
    return snapshot


class KeyBars:
    """The newest bars of one key, the forming one included, each with an ordinal: hours without bars take no room.

    What is live comes from the feed's bars, which lack no row of a bar that they have; merged bars that began before
    the ring, and all that ended before it, come from the rows. A row that is later than the ring is long changes
    nothing any more.

    Parameters
    ----------
    feed : BarsFeed
        Where bars and rows are.
    kind : str
        The kind of rows. The feed has bars of it.
    code : int
        The key.
    period : str
        One of `PERIODS`.
    max_bars : int
        How many bars are kept.

    Attributes
    ----------
    candles : Candles
        The bars, oldest first.
    first_ordinal : int
        Ordinal of the oldest. A bar keeps its ordinal, unless one comes late that stands before it.
    """

    def __init__(self, feed: BarsFeed, *, kind: str, code: int, period: Period, max_bars: int = 240) -> None:
        self._feed = feed
        self._kind = kind
        self._code = code
        self._period = period
        self._n_merged = PERIODS[period][1]
        self._max_bars = max_bars
        self._generation = 0
        self._newest = 0
        self._past = self.candles = no_bars(parse_duration_ns(period))
        self.first_ordinal = 0
        self._older: OlderBars | None = None
        self._has_all = False

    def update(self) -> bool:
        """Take what is new, and some of what is older. Returns whether any bar changed."""
        has_news = self._take_live()
        return self._take_older() or has_news

    def _take_live(self) -> bool:
        snapshot = bars_snapshot(self._feed, self._kind, self._period)
        if snapshot is None or snapshot.generation == self._generation or self._code >= len(snapshot.newest):
            return False
        newest = int(snapshot.newest[self._code])
        first_whole = -(-(newest - snapshot.n_bars + 1) // self._n_merged)  # of which the ring has all parts
        if len(self.candles) and first_whole > self._newest // self._n_merged:
            self._set_aside()
        changed = snapshot.changed(self._generation, self._code)
        self._generation, self._newest = snapshot.generation, newest
        if len(changed) == 0:
            return False
        fresh = snapshot.coarser(self._code, self._n_merged).since(int(changed.numbers[0]) // self._n_merged)
        if len(fresh) == 0:
            return False
        n_kept = int(self.candles.numbers.searchsorted(fresh.numbers[0]))
        candles = joined(among(self.candles, slice(n_kept)), fresh)
        n_surplus = max(len(candles) - self._max_bars, 0)
        self.candles = among(candles, slice(n_surplus, None))
        self.first_ordinal += n_surplus
        return True

    def _set_aside(self) -> None:
        """Begin anew behind the bars that are known: others may have come and gone since in the ring."""
        self._past = among(joined(self._past, self.candles), slice(-self._max_bars, None))
        self.first_ordinal += len(self.candles)
        self.candles = among(self.candles, slice(0))
        self._generation = 0
        self._older, self._has_all = None, False

    def _take_older(self) -> bool:
        n_missing = self._max_bars - len(self.candles)
        if len(self.candles) == 0 or n_missing == 0 or self._has_all:
            return False
        if self._older is None:
            period_ns, end_ns = parse_duration_ns(self._period), int(self.candles.start_ns[0])
            self._older = OlderBars(self._feed.tables[self._kind], self._code, period_ns=period_ns, end_ns=end_ns)
        older = _before(self._older.step(), self.candles)  # a late row may have made one of them live
        self._has_all = self._older.done
        if self._has_all or (older.numbers[:1] <= self._past.numbers[-1:]).any():
            older = joined(_before(self._past, older if len(older) else self.candles), older)
            self._past = among(self._past, slice(0))
        older = among(older, slice(max(len(older) - n_missing, 0), None))
        self.candles = joined(older, self.candles)
        self.first_ordinal -= len(older)
        return len(older) > 0


def _before(bars: Candles, others: Candles) -> Candles:
    """Return the bars that stand before all the others, of which there must be one."""
    return among(bars, slice(int(bars.numbers.searchsorted(others.numbers[0]))))
