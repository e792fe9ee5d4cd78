from __future__ import annotations

import itertools
import struct
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.core.dictionary import Dictionary
from pipelines.core.errors import SpecError
from pipelines.core.schema import KINDS, TRADES
from pipelines.decoders.contract import Decoded
from pipelines.decoders.encode import make_encoder
from pipelines.decoders.layout import DEFAULT_LAYOUTS, parse_layout
from pipelines.decoders.values import identity_of
from tests.decoders.build import NOON_NS, decode, decoder, messages, n_records, random_batch, rows

TRADE: Final = struct.Struct("<q16sddb")


def trade(time: int = NOON_NS, symbol: bytes = b"BTC", price: float = 1.5, size: float = 2.0, side: int = -1) -> bytes:
    return TRADE.pack(time, symbol, price, size, side)


def reasons(decoded: Decoded) -> list[str]:
    return [letter.reason for letter in decoded.dead_letters]


@pytest.mark.parametrize(("kind", "n_bytes"), [("trades", 41), ("quotes", 56), ("depth", 41), ("readings", 48)])
def test_the_default_records_have_no_gaps(kind: str, n_bytes: int) -> None:
    assert parse_layout(DEFAULT_LAYOUTS[kind]).itemsize == n_bytes


@pytest.mark.parametrize("kind", KINDS)
@given(cuts=st.lists(st.integers(0, 300), max_size=5), seed=st.integers(0, 99))
def test_what_is_encoded_is_decoded_bit_for_bit(kind: str, cuts: list[int], seed: int) -> None:
    dictionary = Dictionary()
    batch = random_batch(kind, 300, dictionary, seed=seed)
    encode = make_encoder("packed", KINDS[kind], dictionary)
    edges = sorted({0, 300, *cuts})
    payloads = [encode(batch.select(np.arange(a, b))) for a, b in itertools.pairwise(edges)]
    (found,) = decoder("packed", kind, dictionary=dictionary).decode(messages(payloads)).batches
    assert all(found[name].tobytes() == batch[name].tobytes() for name in batch.schema.names)


def test_a_declared_struct_may_have_padding_other_names_and_other_types() -> None:
    record = struct.Struct("<I3xifH3s").pack(NOON_NS // 10**9, 1, 1.5, 7, b"abc")
    decoded = decode(
        "packed",
        record * 2,
        "trades",
        struct="T:u4,_:3,side:i4,p:f4,size:u2,symbol:S3",
        fields=MappingProxyType({"time": "T", "price": "p"}),
        time_unit_ns=10**9,
    )
    assert rows(decoded, "trades") == [(NOON_NS, 0, 1.5, 7.0, 1)] * 2


def test_whole_numbers_are_names_too() -> None:
    dictionary = Dictionary()
    made = decoder("packed", "readings", struct="time:i8,sensor:i2,value:f4", dictionary=dictionary)
    decoded = made.decode(messages([struct.pack("<qhf", NOON_NS, -5, 0.5) + struct.pack("<qhf", NOON_NS, 17, 0.5)]))
    assert dictionary.names == ("-5", "17")
    assert rows(decoded, "readings") == [(NOON_NS, 0, 0.5, None, None), (NOON_NS, 1, 0.5, None, None)]


def test_a_source_names_the_symbol_of_records_that_name_none() -> None:
    dictionary = Dictionary()
    made = decoder("packed", "trades", struct="time:i8,price:f8,size:f8", symbol="BTC", dictionary=dictionary)
    decoded = made.decode(messages([struct.pack("<qdd", NOON_NS, 1.5, 2.0)]))
    assert (rows(decoded, "trades"), dictionary.names) == ([(NOON_NS, 0, 1.5, 2.0, 0)], ("BTC",))


def test_float_times_are_seconds_to_the_microsecond() -> None:
    decoded = decode(
        "packed",
        struct.pack("<d4sd", 1723118400.123456, b"t1", 1.0) + struct.pack("<d4sd", float("nan"), b"t1", 1.0),
        "readings",
        struct="time:f8,sensor:S4,value:f8",
        time_unit_ns=10**9,
    )
    assert rows(decoded, "readings") == [(NOON_NS + 123_456_000, 0, 1.0, None, None)]
    assert reasons(decoded) == ["time: expected a time that fits 64 bits of nanoseconds"]


def test_bytes_after_the_last_record_are_one_dead_letter() -> None:
    decoded = decoder("packed", "trades").decode(messages([trade(), trade() * 2 + b"\0" * 5, trade(), b""]))
    assert len(rows(decoded, "trades")) == 4
    assert reasons(decoded) == ["5 bytes after 2 records of 41 bytes", "the message is empty"]
    assert [letter.position for letter in decoded.dead_letters] == [("p", 1), ("p", 3)]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ({"time": 0}, "time: expected a time after 1970, got 0"),
        ({"price": float("nan")}, "price: expected a finite number, got nan"),
        ({"price": float("-inf")}, "price: expected a finite number, got -inf"),
        ({"size": -0.5}, "size: expected a number of at least 0, got -0.5"),
        ({"size": float("nan")}, "size: expected a finite number, got nan"),
        ({"side": 2}, "side: expected 1, -1 or 0, got 2"),
        ({"symbol": b""}, "symbol: the name is empty"),
        ({"symbol": b"\xff"}, "symbol: the name is no UTF-8"),
    ],
)
def test_a_row_that_can_not_be_believed_is_rejected_with_its_position(bad: dict[str, Any], reason: str) -> None:
    decoded = decoder("packed", "trades").decode(messages([trade(), trade() + trade(**bad) * 2 + trade()]))
    assert len(rows(decoded, "trades")) == 3
    (letter,) = decoded.dead_letters
    assert (letter.reason, letter.n_records, letter.position) == (reason, 2, ("p", 1))


def test_more_names_than_there_is_room_for_are_rejected() -> None:
    made = decoder("packed", "trades", dictionary=Dictionary(1_000))
    payload = b"".join(trade(symbol=b"S%d" % number) for number in range(3_000))
    for _ in range(2):
        decoded = made.decode(messages([payload]))
        assert [row[1] for row in rows(decoded, "trades")] == list(range(1_000))
        assert reasons(decoded) == ["symbol: there is no room for more names than the 1000 that are known"]
        assert n_records(decoded) == 3_000


def test_a_key_becomes_the_identity() -> None:
    by_number = struct.pack("<q4sddQ", NOON_NS, b"BTC", 1.5, 2.0, 2**63 - 1)
    too_large = struct.pack("<q4sddQ", NOON_NS, b"BTC", 1.5, 2.0, 2**63)
    layout = "time:i8,symbol:S4,price:f8,size:f8,id:"
    decoded = decode("packed", by_number + too_large, "trades", struct=layout + "u8", key="id")
    assert [row[-1] for row in rows(decoded, "trades")] == [2**63 - 1]
    assert n_records(decoded) == 2
    by_text = struct.pack("<q4sdd8s", NOON_NS, b"BTC", 1.5, 2.0, b"a-1")
    broken = struct.pack("<q4sdd8s", NOON_NS, b"BTC", 1.5, 2.0, b"\xff")
    decoded = decode("packed", by_text + broken, "trades", struct=layout + "S8", key="id")
    assert [row[-1] for row in rows(decoded, "trades")] == [identity_of("a-1")]
    assert reasons(decoded) == ["id: the key is no UTF-8"]


@pytest.mark.parametrize(
    ("kinds", "options", "reason"),
    [
        ((), {}, "records of one kind: add kind="),
        (("trades", "quotes"), {}, "records of one kind"),
        (("trades",), {"struct": "time:i8,symbol:S17"}, "symbol:S17: expected NAME:TYPE"),
        (("trades",), {"struct": "time:i8,symbol:S8,price:f8"}, "no field 'size'"),
        (("trades",), {"struct": DEFAULT_LAYOUTS["trades"] + ",sied:i1"}, "'sied' is no column of trades"),
        (("trades",), {"struct": DEFAULT_LAYOUTS["trades"] + ",side:i1"}, "declared twice"),
        (("trades",), {"struct": "time:S8,symbol:S8,price:f8,size:f8"}, "time:S8 can't hold trades.time"),
        (("trades",), {"key": "id"}, "no field 'id' for key=id"),
        (("trades",), {"struct": DEFAULT_LAYOUTS["trades"] + ",id:f8", "key": "id"}, "not a float"),
    ],
)
def test_a_struct_that_makes_no_rows_is_refused(kinds: tuple[str, ...], options: dict[str, Any], reason: str) -> None:
    with pytest.raises(SpecError, match=reason.replace("?", r"\?")):
        decoder("packed", *kinds, **options)


def test_a_name_that_is_too_long_to_be_packed_is_refused_only_where_it_is_used() -> None:
    dictionary = Dictionary()
    batch = random_batch("trades", 10, dictionary)
    long = dictionary.encode_one("seventeen letters")
    encode = make_encoder("packed", TRADES, dictionary)
    assert len(encode(batch)) == 410
    columns = {**batch.columns, "symbol": np.full(10, long, np.int32)}
    with pytest.raises(SpecError, match="seventeen letters"):
        encode(type(batch)(TRADES, columns))
