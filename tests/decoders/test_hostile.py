"""Whatever a message holds: no decoder raises, its neighbours survive, and every record is accounted for."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pipelines.core.dictionary import Dictionary
from pipelines.core.schema import KINDS
from pipelines.decoders.contract import Decoded, Decoder
from pipelines.decoders.encode import make_encoder
from pipelines.decoders.rows import EXCERPT_BYTES, MAX_REASONS
from tests.decoders.build import chunks, decode, decoder, messages, n_records, random_batch, rows, to_json
from tests.decoders.corpus import HOSTILE

_NAMES: Final = Dictionary()
_TICK = {"time": 1_723_118_400_000_000_000, "symbol": "BTC", "price": 1.5, "size": 2, "side": "sell"}
_BINANCE = {"e": "trade", "E": 1_723_118_400_000, "s": "BTC", "t": 7, "p": "1.5", "q": "2", "m": True}

DECODERS: Final[dict[str, tuple[bytes, tuple[Any, ...]]]] = {
    "json of trades": (to_json(_TICK), ("json", "trades")),
    "json of all kinds": (to_json(_TICK), ("json",)),
    "json columns": (make_encoder("json", KINDS["trades"], _NAMES)(random_batch("trades", 20, _NAMES)), ("json",)),
    "packed trades": (
        make_encoder("packed", KINDS["trades"], _NAMES)(random_batch("trades", 3, _NAMES)),
        ("packed", "trades"),
    ),
    "packed readings": (
        make_encoder("packed", KINDS["readings"], _NAMES)(random_batch("readings", 3, _NAMES)),
        ("packed", "readings"),
    ),
    "binance of trades": (to_json(_BINANCE), ("binance", "trades")),
    "binance": (to_json({"stream": "btc@trade", "data": _BINANCE}), ("binance",)),
}
"""A good message by the decoder that reads it."""

_FIELDS: Final = (
    *("time", "symbol", "price", "size", "side", "kind", "bid", "ask", "sensor", "value", "lat"),
    *(
        "e",
        "E",
        "T",
        "s",
        "t",
        "p",
        "q",
        "m",
        "u",
        "b",
        "a",
        "B",
        "A",
        "bids",
        "asks",
        "lastUpdateId",
        "data",
        "stream",
    ),
)

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(_FIELDS), inner, max_size=8),
    max_leaves=30,
)


def _mutated(good: bytes) -> st.SearchStrategy[bytes]:
    """Return strategies for a good message of which some bytes are others, missing or twice."""

    def mutate(draws: tuple[int, int, bytes]) -> bytes:
        first, last, inserted = draws
        return good[:first] + inserted + good[last:]

    position = st.integers(0, len(good))
    return st.tuples(position, position, st.binary(max_size=6)).map(mutate)


def _make(name: str) -> Decoder:
    return decoder(*DECODERS[name][1])


def _plain(decoded: list[Decoded]) -> tuple[Any, ...]:
    letters = [letter for part in decoded for letter in part.dead_letters]
    return ([row for kind in KINDS for part in decoded for row in rows(part, kind)], letters)


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("name", DECODERS)
def test_good_messages_survive_a_hostile_one_between_them(name: str, hostile: str) -> None:
    good, arguments = DECODERS[name]
    alone = decode(arguments[0], good, *arguments[1:])
    decoded = _make(name).decode(messages([good, HOSTILE[hostile], good]))
    hostile_rows = n_records(decoded) - 2 * n_records(alone)
    kind = alone.batches[0].kind
    expected, found = rows(alone, kind), rows(decoded, kind)
    assert hostile_rows >= 0
    assert found[: len(expected)] == expected
    assert found[-len(expected) :] == expected
    assert all(letter.position == ("p", 1) for letter in decoded.dead_letters)


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("name", DECODERS)
def test_dead_letters_stay_few_and_short(name: str, hostile: str) -> None:
    letters = _make(name).decode(messages([HOSTILE[hostile]])).dead_letters
    assert len(letters) <= MAX_REASONS + len(KINDS) + 1
    for letter in letters:
        assert letter.n_records >= 1
        assert letter.reason
        assert len(letter.reason) < 2_000
        assert len(letter.excerpt) <= EXCERPT_BYTES
        assert letter.excerpt.isprintable()


@pytest.mark.parametrize("hostile", HOSTILE)
def test_no_hostile_message_passes_unseen_by_json(hostile: str) -> None:
    assert n_records(decode("json", HOSTILE[hostile])) >= 1


@pytest.mark.parametrize("name", DECODERS)
@given(data=st.data())
def test_any_chunking_gives_the_same_rows_and_dead_letters(name: str, data: st.DataObject) -> None:
    good = DECODERS[name][0]
    payload = st.just(good) | st.sampled_from(sorted(HOSTILE.values())).filter(lambda bad: len(bad) < 5_000)
    stream = messages(data.draw(st.lists(payload | _mutated(good), max_size=12)))
    cuts = data.draw(st.lists(st.integers(0, 12), max_size=4))
    in_parts = _make(name)
    assert _plain([in_parts.decode(part) for part in chunks(stream, cuts)]) == _plain([_make(name).decode(stream)])


@pytest.mark.parametrize("name", DECODERS)
@given(data=st.data())
def test_no_bytes_make_a_decoder_raise(name: str, data: st.DataObject) -> None:
    good = DECODERS[name][0]
    values = _JSON.map(lambda value: json.dumps(value).encode())
    payload = data.draw(st.binary(max_size=200) | st.text(max_size=100).map(str.encode) | values | _mutated(good))
    decoded = _make(name).decode(messages([good, payload, good]))
    assert n_records(decoded) >= 2 * n_records(_make(name).decode(messages([good])))


@given(value=_JSON)
def test_each_json_record_is_a_row_or_in_a_dead_letter(value: Any) -> None:
    records = [{**_TICK, "price": value}, {**_TICK, "time": value}, {**_TICK, "symbol": value}, value]
    payload = to_json([*records, _TICK])
    columnar = {field: [_TICK[field], value, _TICK[field]] for field in _TICK}
    assume(not (isinstance(value, dict) and "kind" in value))  # a record of another kind is left out
    assert n_records(decode("json", payload, "trades")) == 5
    assert n_records(decode("json", to_json(columnar), "trades")) == 3
