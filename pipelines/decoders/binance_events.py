"""The messages of the exchange Binance, as far as they become rows.

Field names are the exchange's own, see its documentation of the WebSocket streams for spot, USD-M and COIN-M futures.
Times are in milliseconds unless the stream was asked for microseconds. Numbers come as strings.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Generic, TypeVar

import msgspec

__all__ = [
    "MAX_LEVELS",
    "AggTrade",
    "BookTicker",
    "Depth",
    "Event",
    "Peek",
    "Snapshot",
    "Trade",
    "Wrapped",
]

MAX_LEVELS: Final = 2**14
"""Most levels of one message: the exchange sends at most 5,000 a side. Their index takes 14 bits of the identity."""

_UPDATE_ID_LIMIT: Final = 2**63 // MAX_LEVELS

_EventT = TypeVar("_EventT")

_Time = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
_TradeId = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
_UpdateId = Annotated[int, msgspec.Meta(ge=0, lt=_UPDATE_ID_LIMIT)]
_Levels = list[tuple[float, float]]


class Event(msgspec.Struct, gc=False):
    """What tells the events apart, read before anything else.

    Spot's bookTicker and the snapshot that REST gives have no type; their own fields give them away.
    """

    e: Any = None
    A: Any = None
    lastUpdateId: Any = None  # noqa: N815


class Peek(Event, gc=False):
    """An event, bare or in the envelope ``{"stream", "data"}`` of combined streams."""

    data: Event | None = None
    stream: Any = None


class Trade(msgspec.Struct, gc=False):
    """One trade: `t` its id, `m` whether the buyer was the maker, so that the aggressor sold."""

    s: str
    t: _TradeId
    p: float
    q: float
    m: bool
    T: _Time = 0
    E: _Time = 0


class AggTrade(msgspec.Struct, gc=False):
    """Trades at one price by one order: `a` their id, which counts apart from that of trades."""

    s: str
    a: _TradeId
    p: float
    q: float
    m: bool
    T: _Time = 0
    E: _Time = 0


class BookTicker(msgspec.Struct, gc=False):
    """Best bid and ask as of update `u`. Spot gives no time."""

    s: str
    u: _TradeId
    b: float
    B: float
    a: float
    A: float
    T: _Time = 0
    E: _Time = 0


class Depth(msgspec.Struct, gc=False):
    """Levels that changed up to update `u`; size 0 deletes one. Spot gives `E` only."""

    s: str
    u: _UpdateId
    b: _Levels
    a: _Levels
    T: _Time = 0
    E: _Time = 0


class Snapshot(msgspec.Struct, gc=False):
    """Levels of a book as of `lastUpdateId`. Only COIN-M names its symbol, and spot gives no time."""

    lastUpdateId: _UpdateId  # noqa: N815
    bids: _Levels
    asks: _Levels
    symbol: str = ""
    T: _Time = 0
    E: _Time = 0


class Wrapped(msgspec.Struct, Generic[_EventT], gc=False):
    """The envelope of combined streams."""

    data: _EventT
    stream: str = ""
