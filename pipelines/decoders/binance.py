"""The format ``binance``: raw messages of the exchange, bare or in the envelope of combined streams."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

import msgspec

from pipelines.core.dictionary import Dictionary
from pipelines.core.errors import SpecError
from pipelines.core.message import Message
from pipelines.core.url import SourceSpec
from pipelines.decoders.binance_events import AggTrade, BookTicker, Depth, Peek, Snapshot, Trade, Wrapped
from pipelines.decoders.binance_rows import BINANCE_KINDS, BinanceRows
from pipelines.decoders.contract import Decoded
from pipelines.decoders.rows import Rejects, message_kind, shown

__all__ = ["BinanceDecoder"]

_MILLISECOND_NS: Final = 1_000_000
_MAX_FIELDS_SHOWN: Final = 10
_SNAPSHOT: Final = "snapshot"
_PEEK: Final = msgspec.json.Decoder(Peek)
_LEVEL: Final = tuple[float, float]
_LEVELS: Final = {"depthUpdate": ("b", "a"), _SNAPSHOT: ("bids", "asks")}


@dataclass(frozen=True, slots=True)
class _Form:
    """An event that becomes rows: the kind, its type, how it is decoded bare and wrapped, and what adds its rows."""

    kind: str
    event: type[msgspec.Struct]
    bare: msgspec.json.Decoder[Any]
    wrapped: msgspec.json.Decoder[Any]
    add: Callable[[BinanceRows, int, int, Any], None]


def _form(kind: str, event: Any, add: Callable[[BinanceRows, int, int, Any], None]) -> _Form:
    bare = msgspec.json.Decoder(event, strict=False)
    return _Form(kind, event, bare, msgspec.json.Decoder(Wrapped[event], strict=False), add)


_FORMS: Final[Mapping[str, _Form]] = {
    "trade": _form("trades", Trade, BinanceRows.add_trade),
    "aggTrade": _form("trades", AggTrade, BinanceRows.add_trade),
    "bookTicker": _form("quotes", BookTicker, BinanceRows.add_quote),
    "depthUpdate": _form("depth", Depth, BinanceRows.add_depth),
    _SNAPSHOT: _form("depth", Snapshot, BinanceRows.add_snapshot),
}


class BinanceDecoder:
    """Decodes messages of Binance, bare or in the envelope of combined streams.

    ``trade`` and ``aggTrade`` become trades, ``bookTicker`` quotes; ``depthUpdate`` and the depth snapshot that REST
    gives become depth, a row a level.

    Parameters
    ----------
    spec : SourceSpec
        Kinds, and the symbol of snapshots (``symbol=``), since those of spot and USD-M name none.
    dictionary : Dictionary
        Takes the symbols.

    Raises
    ------
    SpecError
        Where the source declares only kinds that the exchange doesn't send, or a key or names of fields: the
        exchange has its own.

    Notes
    -----
    *Threads.* Called by the feed's writer only.

    *Time.* ``T`` (when it happened) where the message has it, else ``E`` (when it was sent), in milliseconds, or in
    what ``time_unit=`` says. Spot's bookTicker and snapshot have neither: theirs is the time of receipt.

    *Side.* The aggressor's: -1 where the buyer was the maker.

    *Identity.* Together with kind and symbol: the id of a trade; the complement (``~a``) of the id of an aggregated
    trade, so that the two never collide; the update id of a quote; ``u * 16384 + index of the level`` of a depth
    update, bids first; the complement of that number for a snapshot.

    *Left out.* Other events (klines, mark prices) and confirmed subscriptions are of no kind and not counted.
    """

    def __init__(self, spec: SourceSpec, dictionary: Dictionary) -> None:
        self._kinds = [kind for kind in spec.kinds if kind in BINANCE_KINDS]
        if not self._kinds:
            raise SpecError(f"format=binance holds {', '.join(BINANCE_KINDS)}, not {', '.join(spec.kinds)}")
        for option, value in (("key", spec.key), ("map", spec.fields)):
            if value:
                raise SpecError(f"format=binance knows its fields and its key: leave {option}= out")
        self._message_kind = message_kind(spec)
        self._symbol = spec.symbol
        self._time_unit_ns = spec.time_unit_ns or _MILLISECOND_NS
        self._dictionary = dictionary
        self._forms = {name: form for name, form in _FORMS.items() if form.kind in self._kinds}

    def decode(self, messages: Sequence[Message]) -> Decoded:
        """Decode `messages` in order."""
        rejects = Rejects(messages)
        rows = BinanceRows(self._dictionary, rejects, time_unit_ns=self._time_unit_ns)
        for index, message in enumerate(messages):
            self._decode_one(index, message, rows, rejects)
        return Decoded(rows.batches(self._kinds), rejects.letters())

    def _decode_one(self, index: int, message: Message, rows: BinanceRows, rejects: Rejects) -> None:
        try:
            peek = _PEEK.decode(message.payload)
            head = peek if peek.data is None else peek.data
            name = _name_of(head.e, head.lastUpdateId, head.A)
            form = self._forms.get(name)
            if form is None:
                stream, event = "", None
            elif peek.data is None:
                stream, event = "", form.bare.decode(message.payload)
            else:
                envelope = form.wrapped.decode(message.payload)
                stream, event = envelope.stream, envelope.data
        except (ValueError, RecursionError):
            self._decode_with_care(index, message, rows, rejects)
            return
        if form is not None:
            self._add(form, index, message, event, stream, rows)
        elif not name:
            self._decode_with_care(index, message, rows, rejects)

    def _add(self, form: _Form, index: int, message: Message, event: Any, stream: str, rows: BinanceRows) -> None:
        if isinstance(event, Snapshot) and not event.symbol:
            event.symbol = stream.partition("@")[0].upper() or self._symbol
        form.add(rows, index, message.received_ns, event)

    def _decode_with_care(self, index: int, message: Message, rows: BinanceRows, rejects: Rejects) -> None:
        try:
            value = msgspec.json.decode(message.payload)
        except (ValueError, RecursionError) as error:
            reason = str(error) if message.payload else "the message is empty"
            rejects.add(index, self._message_kind, reason)
            return
        stream = ""
        if isinstance(value, dict) and "stream" in value and "data" in value:
            stream, value = str(value["stream"]), value["data"]
        for event in value if isinstance(value, list) and value else [value]:
            self._decode_event(index, message, event, stream, rows, rejects)

    def _decode_event(
        self, index: int, message: Message, value: Any, stream: str, rows: BinanceRows, rejects: Rejects
    ) -> None:
        if not isinstance(value, dict):
            rejects.add(index, self._message_kind, f"no event of Binance: {shown(value)}")
            return
        name = _name_of(value.get("e"), value.get("lastUpdateId"), value.get("A"))
        if not name and not _is_confirmation(value):
            fields = ", ".join(shown(field) for field in islice(value, _MAX_FIELDS_SHOWN))
            rejects.add(index, self._message_kind, f"no event of Binance: an object with the fields {fields or 'none'}")
        form = self._forms.get(name)
        if form is None:
            return
        for side in _LEVELS.get(name, ()):
            value = {**value, side: self._good_levels(index, form.kind, value.get(side), rejects)}
        try:
            event = msgspec.convert(value, form.event, strict=False)
        except ValueError as error:
            rejects.add(index, form.kind, f"{name}: {error}")
        else:
            self._add(form, index, message, event, stream, rows)

    @staticmethod
    def _good_levels(index: int, kind: str, levels: Any, rejects: Rejects) -> Any:
        """Return the levels that are a price and a size; what else a level has is left out."""
        if not isinstance(levels, list):
            return levels
        good = []
        for level in levels:
            try:
                good.append(msgspec.convert(level[:2] if isinstance(level, list) else level, _LEVEL, strict=False))
            except ValueError as error:
                rejects.add(index, kind, f"level: {error}")
        return good


def _name_of(event: Any, last_update_id: Any, ask_size: Any) -> str:
    """Return the name of an event, or of what has none but is known by its fields; empty where it is neither."""
    if isinstance(event, str):
        return event
    if last_update_id is not None:
        return _SNAPSHOT
    return "bookTicker" if ask_size is not None and event is None else ""


def _is_confirmation(value: dict[str, Any]) -> bool:
    return value.keys() == {"result", "id"} and value["result"] is None
