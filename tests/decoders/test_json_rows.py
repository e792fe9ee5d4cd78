from __future__ import annotations

import math
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.core.dictionary import Dictionary
from pipelines.core.ledger import UNKNOWN_KIND
from pipelines.core.schema import KINDS
from pipelines.decoders.contract import Decoded
from pipelines.decoders.encode import make_encoder
from pipelines.decoders.values import identity_of
from tests.decoders.build import NOON_NS, decode, decoder, messages, n_records, random_batch, rows, to_json

TICK: Final = {"time": NOON_NS, "symbol": "BTC", "price": 1.5, "size": 2, "side": "sell"}
ROW: Final = (NOON_NS, 0, 1.5, 2.0, -1)

PADDING: Final = b" " * 1_000
"""Makes a message long enough for the typed way, and changes nothing else."""

_ANYTHING: Final = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.sampled_from(
        ["", "A", "1", "-1", "0", "buy", "SELL", "bId", "1.5", "-2e3", "nan", "inf", "1_0", " 1", "+1", ".5", "5."]
    ),
    st.sampled_from(
        ["2024-08-08", "2024-08-08T12:00:00.123456789Z", "2024-08-08 12:00+02:00", "null", "true", "\ud800", "é"]
    ),
    st.just([]),
    st.just({}),
)


def reasons(decoded: Decoded) -> list[str]:
    return [letter.reason for letter in decoded.dead_letters]


def columns_of(records: list[dict[str, Any]]) -> dict[str, list[Any]]:
    return {name: [record[name] for record in records] for name in records[0]}


@pytest.mark.parametrize("padding", [b"", PADDING], ids=["short", "long"])
def test_an_object_a_list_and_columns_hold_the_same_rows(padding: bytes) -> None:
    assert rows(decode("json", to_json(TICK) + padding, "trades"), "trades") == [ROW]
    assert rows(decode("json", to_json([TICK] * 3) + padding, "trades"), "trades") == [ROW] * 3
    assert rows(decode("json", to_json(columns_of([TICK] * 3)) + padding, "trades"), "trades") == [ROW] * 3


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("declared", [True, False])
def test_what_is_encoded_is_decoded_bit_for_bit(kind: str, declared: bool) -> None:
    dictionary = Dictionary()
    batch = random_batch(kind, 500, dictionary)
    payload = make_encoder("json", KINDS[kind], dictionary)(batch)
    if kind == "depth" and not declared:
        payload = payload[:-1] + b',"kind":"depth"}'  # without it they are trades, whose fields they have
    made = decoder("json", *([kind] if declared else []), dictionary=dictionary)
    (found,) = made.decode(messages([payload])).batches
    assert found.kind == kind
    assert all(found[name].tobytes() == batch[name].tobytes() for name in batch.schema.names)


_GOOD: Final = {
    "time": st.sampled_from([NOON_NS, 1, 5]) | st.sampled_from(["7", 1.25, 2.5]),
    "symbol": st.sampled_from(["BTC", "ETH", "é"]),
    "price": st.sampled_from([1, 1.5, "1.5", "-2e3"]),
    "size": st.sampled_from([0, 2, "0.25"]),
    "side": st.sampled_from(["buy", "SELL", "b", 1, -1, "1"]),
}
_MORE: Final = {
    "kind": st.sampled_from([*KINDS, "other", 7, None]),
    "seq": st.integers(-9, 9) | st.sampled_from(["a", "12", ""]),
    "bid": st.just(1.0),
    "ask": st.just(2.0),
}


@st.composite
def _records(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Draw records that are all good in one way, of which at most one has a field that is anything."""
    fields = {**_GOOD, **draw(st.fixed_dictionaries({}, optional={name: st.just(s) for name, s in _MORE.items()}))}
    records = [{name: draw(values) for name, values in fields.items()} for _ in range(draw(st.integers(1, 3)))]
    if draw(st.booleans()):
        draw(st.sampled_from(records))[draw(st.sampled_from([*_GOOD, *_MORE]))] = draw(_ANYTHING)
    if draw(st.booleans()):
        absent = draw(st.sampled_from(sorted(fields)))
        for record in records:
            record.pop(absent, None)
    return records


@settings(max_examples=200)
@given(
    records=_records(),
    shape=st.sampled_from(["list", "columns"]),
    options=st.sampled_from([{}, {"key": "seq"}, {"time_unit_ns": 1_000}, {"symbol": "DEF"}, {"key": "time"}]),
    kinds=st.sampled_from([("trades",), ("quotes", "trades"), ("trades", "depth"), ()]),
)
def test_the_typed_way_finds_what_careful_reading_finds(
    records: list[dict[str, Any]], shape: str, options: dict[str, Any], kinds: tuple[str, ...]
) -> None:
    if shape == "columns":
        value: Any = {name: [record.get(name) for record in records] for name in records[0]}
        value |= {"kind": records[0]["kind"]} if "kind" in records[0] else {}
    else:
        value = records
    payload = to_json(value)
    with_care = decode("json", payload, *kinds, **options)
    typed = decode("json", payload + PADDING, *kinds, **options)
    assert [rows(typed, kind) for kind in KINDS] == [rows(with_care, kind) for kind in KINDS]
    assert n_records(typed) == n_records(with_care)
    assert reasons(typed) == reasons(with_care)


@pytest.mark.parametrize("padding", [b"", PADDING], ids=["short", "long"])
def test_the_good_rows_of_a_partly_bad_message_are_kept(padding: bytes) -> None:
    bad = [{**TICK, "price": "cheap"}, {**TICK, "size": -1}, {**TICK, "price": True}, 7]
    decoded = decode("json", to_json([TICK, *bad, TICK]) + padding, "trades")
    assert rows(decoded, "trades") == [ROW, ROW]
    assert reasons(decoded) == [
        "price: expected a number, got 'cheap'",
        "price: expected a number, got true",
        "expected an object, got 7",
        "size: expected a number of at least 0, got -1.0",
    ]
    assert {letter.kind for letter in decoded.dead_letters} == {"trades"}


def test_numbers_that_are_not_finite_cost_their_row_only() -> None:
    payload = b"[%b]" % b",".join(to_json({**TICK, "price": value}) for value in (math.nan, math.inf, 1.5))
    payload = payload.replace(b"1.5", b"1e400", 1) + b" "
    decoded = decode("json", payload.replace(b"1e400", b"1.5") + PADDING, "trades")
    assert rows(decoded, "trades") == [ROW]
    assert reasons(decoded) == ["price: expected a finite number, got nan"]
    assert decoded.dead_letters[0].n_records == 2


def test_rows_with_one_fault_make_one_dead_letter() -> None:
    (letter,) = decode("json", to_json([{**TICK, "price": -1.0, "size": None}] * 1_000), "trades").dead_letters
    assert letter.n_records == 1_000
    assert letter.reason == "size: expected a number, got null"


def test_fields_are_renamed_and_times_have_a_unit() -> None:
    fields = MappingProxyType({"time": "T", "price": "p", "size": "q", "symbol": "s"})
    record = {"T": NOON_NS // 10**6, "s": "BTC", "p": "1.5", "q": "2", "side": -1}
    for payload in (to_json(record), to_json([record] * 20), to_json(columns_of([record] * 100))):
        decoded = decode("json", payload, "trades", fields=fields, time_unit_ns=10**6)
        assert set(rows(decoded, "trades")) == {ROW}


def test_a_missing_field_is_named_with_what_may_have_been_meant() -> None:
    record = {name: value for name, value in TICK.items() if name != "price"} | {"pricee": 1.0}
    (letter,) = decode("json", to_json(record), "trades").dead_letters
    assert letter.kind == "trades"
    assert letter.reason == (
        "no field 'price': did you mean 'pricee'?; the record has time, symbol, size, side, pricee"
    )


def test_a_message_without_a_time_is_no_row() -> None:
    record = {name: value for name, value in TICK.items() if name != "time"}
    (letter,) = decode("json", to_json(record), "trades").dead_letters
    assert letter.reason.startswith("no field 'time'")


def test_columns_of_different_lengths_are_one_dead_letter_that_names_both() -> None:
    columns = columns_of([TICK] * 200) | {"price": [1.5] * 199}
    (letter,) = (decoded := decode("json", to_json(columns), "trades")).dead_letters
    assert letter.reason == "columns of different lengths: time has 200 values, price has 199"
    assert n_records(decoded) == 1


def test_a_value_beside_columns_stands_for_all_rows() -> None:
    columns = columns_of([TICK] * 3) | {"symbol": "BTC"}
    assert rows(decode("json", to_json(columns), "trades"), "trades") == [ROW] * 3


def test_a_record_is_of_the_first_kind_whose_fields_it_has() -> None:
    quote = {"time": NOON_NS, "symbol": "BTC", "bid": 1.0, "ask": 2.0}
    reading = {"time": NOON_NS, "sensor": "t1", "value": 3.5}
    mixed = to_json([TICK, quote, reading, {**TICK, "kind": "depth"}, {**TICK, "kind": "candle"}])
    decoded = decode("json", mixed)
    assert {batch.kind: len(batch) for batch in decoded.batches} == {
        "trades": 2,
        "quotes": 1,
        "depth": 1,
        "readings": 1,
    }
    assert rows(decoded, "readings") == [(NOON_NS, 1, 3.5, None, None)]
    for record, kind in ((quote, "quotes"), (reading, "readings")):
        for payload in (to_json([record] * 50), to_json(columns_of([record] * 50))):
            (batch,) = decode("json", payload).batches
            assert (batch.kind, len(batch)) == (kind, 50)


def test_rows_of_kinds_that_are_not_wanted_are_not_counted() -> None:
    decoded = decode("json", to_json([{**TICK, "kind": "quotes"}, {**TICK, "kind": "trades"}]), "trades")
    assert (n_records(decoded), rows(decoded, "trades")) == (1, [ROW])


def test_what_can_not_be_read_counts_under_the_one_declared_kind() -> None:
    assert [letter.kind for letter in decode("json", b"{", "quotes").dead_letters] == ["quotes"]
    assert [letter.kind for letter in decode("json", b"{", "quotes", "trades").dead_letters] == [UNKNOWN_KIND]
    assert [letter.kind for letter in decode("json", b"{").dead_letters] == [UNKNOWN_KIND]


def test_the_source_names_the_symbol_of_messages_that_name_none() -> None:
    record = {name: value for name, value in TICK.items() if name != "symbol"}
    for payload in (to_json(record), to_json([record] * 20), to_json(columns_of([record] * 100))):
        dictionary = Dictionary()
        (batch,) = decoder("json", "trades", symbol="ETH", dictionary=dictionary).decode(messages([payload])).batches
        assert {dictionary.name(code) for code in batch.keys.tolist()} == {"ETH"}


def test_whole_numbers_are_names_too() -> None:
    dictionary = Dictionary()
    decoder("json", "readings", dictionary=dictionary).decode(
        messages([to_json({"time": NOON_NS, "sensor": 17, "value": 1})])
    )
    assert dictionary.names == ("17",)


@pytest.mark.parametrize("padding", [b"", PADDING], ids=["short", "long"])
def test_names_without_a_place_are_rejected_and_the_reason_says_why(padding: bytes) -> None:
    records = [{**TICK, "symbol": name} for name in ("A", "B", "", "C" * 65, "A")]
    decoded = decoder("json", "trades", dictionary=Dictionary(1)).decode(messages([to_json(records) + padding]))
    assert [row[1] for row in rows(decoded, "trades")] == [0, 0]
    room, empty, long = reasons(decoded)
    assert room == "symbol: there is no room for more names than the 1 that are known"
    assert empty == "symbol: the name is empty"
    assert long.endswith("has more than 64 bytes")


@pytest.mark.parametrize("padding", [b"", PADDING], ids=["short", "long"])
def test_a_key_becomes_the_identity(padding: bytes) -> None:
    records = [{**TICK, "seq": key} for key in (5, -(2**63), "a-1", "5")]
    (batch,) = decode("json", to_json(records) + padding, "trades", key="seq").batches
    assert batch.identity is not None
    assert batch.identity.tolist() == [5, -(2**63), identity_of("a-1"), identity_of("5")]


def test_a_record_without_a_valid_key_is_rejected() -> None:
    records = [{**TICK, "seq": key} for key in (None, 1.5, True, 2**63, [])]
    decoded = decode("json", to_json([TICK, *records]), "trades", key="seq")
    assert (len(decoded.batches), n_records(decoded)) == (0, 6)


def test_without_a_key_nothing_is_taken_for_a_duplicate() -> None:
    assert decode("json", to_json(TICK), "trades").batches[0].identity is None


def test_depth_needs_a_side() -> None:
    decoded = decode("json", to_json([{**TICK, "side": side} for side in ("bid", 0, None)]), "depth")
    assert (len(decoded.batches[0]), decoded.dead_letters[0].n_records) == (1, 2)
    assert reasons(decoded) == ["side: expected 1 or -1, got 0"]


def test_a_million_bad_rows_make_few_dead_letters() -> None:
    payload = to_json(
        {
            "time": list(range(1, 50_001)),
            "symbol": ["A"] * 50_000,
            "price": [{}] * 50_000,
            "size": list(map(str, np.arange(50_000))),
        }
    )
    decoded = decode("json", payload, "trades")
    assert len(decoded.dead_letters) == 1
    assert n_records(decoded) == 50_000
