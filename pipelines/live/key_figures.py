"""What a person wants to know of one symbol or sensor now, from the published snapshots."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pipelines.aggregates.rates import RatesSnapshot
from pipelines.core.schema import schema_of
from pipelines.live.source import PublishedFeed

__all__ = ["PRIMARY_KINDS", "KeyFigures", "busiest", "key_figures", "primary_kind"]

PRIMARY_KINDS: Final = ("trades", "readings", "quotes")
"""Which kind speaks for a key: the first that has rows of it."""

_MINUTE_BINS: Final = 60
_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class KeyFigures:
    """What is known of one key now.

    Parameters
    ----------
    name : str
        The symbol or sensor.
    kind : str
        The kind that speaks for it.
    last : mapping of str to scalar
        Its newest row of that kind.
    quote : mapping of str to scalar
        Its newest quote; empty where there is none.
    per_second : float
        Rows of `kind` a second over the last ten.
    trail : float64[n_bins]
        The last value in each second up to now, oldest first, NaN where none came.
    """

    name: str
    kind: str
    last: Mapping[str, Any]
    quote: Mapping[str, Any]
    per_second: float
    trail: NDArray[np.float64]

    @property
    def value(self) -> float:
        """The last value: a price, a bid or a reading."""
        return float(self.last[schema_of(self.kind).value])

    @property
    def newest_ns(self) -> int:
        """Event time of the newest row of any kind."""
        return int(max(self.last["time"], self.quote.get("time", self.last["time"])))

    @property
    def spread(self) -> float:
        """Ask less bid; NaN where there is no quote."""
        return float(self.quote["ask"] - self.quote["bid"]) if self.quote else float("nan")

    @property
    def minute(self) -> NDArray[np.float64]:
        """The values of the last minute, one a second in which any came (float64[n])."""
        recent = self.trail[-_MINUTE_BINS:]
        return recent[np.isfinite(recent)]

    @property
    def change(self) -> float:
        """How far the value moved in the last minute; NaN where nothing came."""
        return self.value - float(self.minute[0]) if len(self.minute) else float("nan")

    @property
    def share_of_change(self) -> float:
        """The change as a share of the value a minute ago; NaN where there is none."""
        before = float(self.minute[0]) if len(self.minute) else 0.0
        return self.change / abs(before) if before else float("nan")


def primary_kind(feed: PublishedFeed, code: int) -> str | None:
    """Return the kind that speaks for a key, or None where nothing came of it."""
    for kind in PRIMARY_KINDS:
        snapshot = feed.snapshot("last", kind)
        if snapshot is not None and snapshot.row(code) is not None:
            return kind
    return None


def key_figures(feed: PublishedFeed, code: int) -> KeyFigures | None:
    """Return what is known of the key `code`, or None where nothing came of it."""
    kind = primary_kind(feed, code)
    rates: RatesSnapshot | None = feed.snapshot("rates", kind) if kind else None
    if kind is None or rates is None:
        return None
    quotes = feed.snapshot("last", "quotes")
    edge_ns = feed.live_edge_ns()
    mine = replace(rates, bins=rates.bins[code : code + 1], counts=rates.counts[code : code + 1])
    return KeyFigures(
        name=feed.dictionary.name(code),
        kind=kind,
        last=feed.snapshot("last", kind).row(code),
        quote=(quotes and quotes.row(code)) or _NOTHING,
        per_second=float(mine.per_second(edge_ns).sum()),
        trail=rates.trail(code, edge_ns),
    )


def busiest(feed: PublishedFeed, n_keys: int) -> list[int]:
    """Return the codes of the keys with the most rows a second, at most `n_keys`, busiest first."""
    edge_ns = feed.live_edge_ns()
    rates = np.zeros(len(feed.dictionary))
    seen = np.zeros(len(feed.dictionary), dtype=np.bool_)
    for kind in PRIMARY_KINDS:
        last, snapshot = feed.snapshot("last", kind), feed.snapshot("rates", kind)
        if last is None or snapshot is None:
            continue
        seen[last.codes] = True
        per_second = snapshot.per_second(edge_ns)[: len(rates)]
        rates[: len(per_second)] += per_second
    (codes,) = np.nonzero(seen)
    return [int(code) for code in codes[np.argsort(-rates[codes], kind="stable")][:n_keys]]
