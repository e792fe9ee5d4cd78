from __future__ import annotations

import gzip
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.core.batch import Batch
from pipelines.core.dictionary import Dictionary
from pipelines.core.ledger import UNKNOWN_KIND
from pipelines.core.message import Message, Position
from pipelines.decoders.contract import Decoded
from tests.decoders.build import NOON_NS, RECEIVED_NS, chunks, decode, decoder, messages, n_records, rows, to_json

NOON_MS: Final = NOON_NS // 10**6
EVENT_MS: Final = {"E": NOON_MS + 9, "T": NOON_MS}
TRADE: Final = {"e": "trade", **EVENT_MS, "s": "BTCUSDT", "t": 41, "p": "1.50", "q": "2", "X": "MARKET", "m": True}
AGG_TRADE: Final = {
    "e": "aggTrade",
    **EVENT_MS,
    "s": "BTCUSDT",
    "a": 41,
    "p": "1.50",
    "q": "2",
    "f": 1,
    "l": 2,
    "m": False,
}
QUOTE: Final = {"u": 9, "s": "BTCUSDT", "b": "1.4", "B": "3", "a": "1.6", "A": "4"}
LEVELS: Final = {"b": [["1.4", "3"], ["1.3", "0.000"]], "a": [["1.6", "4"]]}
DEPTH: Final = {"e": "depthUpdate", **EVENT_MS, "s": "BTCUSDT", "U": 5, "u": 9, "pu": 4, **LEVELS}
SNAPSHOT: Final = {"lastUpdateId": 9, **EVENT_MS, "bids": LEVELS["b"], "asks": LEVELS["a"]}

TRADE_ROW: Final = (NOON_NS, 0, 1.5, 2.0, -1, 41)
LEVEL_ROWS: Final = [(NOON_NS, 0, 1, 1.4, 3.0), (NOON_NS, 0, 1, 1.3, 0.0), (NOON_NS, 0, -1, 1.6, 4.0)]


def without(event: dict[str, Any], *fields: str) -> dict[str, Any]:
    return {name: value for name, value in event.items() if name not in fields}


def wrapped(event: Any, stream: str = "btcusdt@trade") -> bytes:
    return to_json({"stream": stream, "data": event})


def reasons(decoded: Decoded) -> list[str]:
    return [letter.reason for letter in decoded.dead_letters]


@pytest.mark.parametrize("encode", [to_json, wrapped, lambda event: json.dumps([event], indent=2).encode()])
def test_a_trade_is_the_same_bare_wrapped_and_in_a_list(encode: Any) -> None:
    assert rows(decode("binance", encode(TRADE)), "trades") == [TRADE_ROW]


def test_the_aggressor_sold_where_the_buyer_was_the_maker() -> None:
    decoded = decoder("binance").decode(messages([to_json(TRADE), to_json({**TRADE, "m": False})]))
    assert [row[4] for row in rows(decoded, "trades")] == [-1, 1]


def test_aggregated_trades_and_trades_never_share_an_identity() -> None:
    decoded = decoder("binance").decode(messages([to_json(TRADE), to_json(AGG_TRADE)]))
    assert [row[-1] for row in rows(decoded, "trades")] == [41, ~41]


def test_a_futures_quote_has_its_own_time_and_a_spot_quote_that_of_its_receipt() -> None:
    futures = {"e": "bookTicker", **EVENT_MS, **QUOTE}
    decoded = decoder("binance").decode(messages([to_json(futures), to_json(QUOTE), wrapped(QUOTE)]))
    values = (0, 1.4, 3.0, 1.6, 4.0, 9)
    assert rows(decoded, "quotes") == [(NOON_NS, *values), (RECEIVED_NS, *values), (RECEIVED_NS, *values)]


def test_a_depth_update_is_a_row_a_level() -> None:
    decoded = decode("binance", to_json(DEPTH))
    assert rows(decoded, "depth") == [(*row, 9 * 16_384 + index) for index, row in enumerate(LEVEL_ROWS)]


def test_spot_depth_has_the_time_of_sending_only() -> None:
    decoded = decode("binance", to_json(without(DEPTH, "T")))
    assert {row[0] for row in rows(decoded, "depth")} == {NOON_NS + 9_000_000}


def test_a_snapshot_never_shares_an_identity_with_an_update_of_the_same_id() -> None:
    decoded = decoder("binance", symbol="BTCUSDT").decode(messages([to_json(SNAPSHOT), to_json(DEPTH)]))
    found = rows(decoded, "depth")
    assert [row[:-1] for row in found] == LEVEL_ROWS * 2
    assert [row[-1] for row in found] == [~(9 * 16_384 + index) for index in range(3)] + [
        9 * 16_384 + index for index in range(3)
    ]


def test_the_identity_of_levels_is_exact_up_to_the_last_id() -> None:
    last = 2**49 - 1
    decoded = decoder("binance", symbol="A").decode(
        messages([to_json({**DEPTH, "u": last}), to_json({**SNAPSHOT, "lastUpdateId": last})])
    )
    identity = [row[-1] for row in rows(decoded, "depth")]
    assert identity == [last * 16_384 + i for i in range(3)] + [~(last * 16_384 + i) for i in range(3)]


def test_more_levels_than_an_identity_tells_apart_are_rejected() -> None:
    decoded = decode("binance", to_json({**DEPTH, "b": [["1", "1"]] * 20_000}))
    assert len({row[-1] for row in rows(decoded, "depth")}) == 16_384
    assert n_records(decoded) == 20_001


def test_a_snapshot_takes_its_symbol_from_itself_its_stream_or_the_source() -> None:
    def names(payload: bytes, **options: str) -> tuple[str, ...]:
        dictionary = Dictionary()
        decoder("binance", dictionary=dictionary, **options).decode(messages([payload]))
        return dictionary.names

    assert names(to_json({**SNAPSHOT, "symbol": "BTCUSD_PERP"}), symbol="X") == ("BTCUSD_PERP",)
    assert names(wrapped(SNAPSHOT, "btcusdt@depth20"), symbol="X") == ("BTCUSDT",)
    assert names(to_json(SNAPSHOT), symbol="X") == ("X",)


def test_a_snapshot_without_a_symbol_says_what_to_add() -> None:
    decoded = decode("binance", to_json(SNAPSHOT))
    assert reasons(decoded) == ["the snapshot names no symbol: add symbol= to the source"]
    assert (decoded.dead_letters[0].kind, n_records(decoded)) == ("depth", 3)


@pytest.mark.parametrize(
    "other",
    [
        wrapped({"e": "kline", "s": "BTCUSDT", "k": {"t": 1}}, "btcusdt@kline_1m"),
        wrapped({"e": "markPriceUpdate", **EVENT_MS, "s": "BTCUSDT", "p": "1"}),
        wrapped([{"e": "24hrMiniTicker", "s": "BTCUSDT"}, {"e": "24hrMiniTicker", "s": "ETHUSDT"}], "!miniTicker@arr"),
        to_json({"result": None, "id": 1}),
    ],
)
def test_other_events_and_confirmations_are_not_counted(other: bytes) -> None:
    assert n_records(decode("binance", other)) == 0


def test_kinds_that_are_not_wanted_are_not_counted() -> None:
    stream = messages([to_json(event) for event in (TRADE, QUOTE, DEPTH, {**QUOTE, "b": "x"})])
    decoded = decoder("binance", "trades").decode(stream)
    assert (rows(decoded, "trades"), n_records(decoded)) == ([TRADE_ROW], 1)


@pytest.mark.parametrize("payload", [b'{"error":{"code":2},"id":1}', b'{"price":1}', b"[]", b"7", b'{"e":7}', b"{}"])
def test_what_is_no_event_is_a_dead_letter(payload: bytes) -> None:
    (letter,) = decode("binance", payload).dead_letters
    assert (letter.kind, letter.n_records) == (UNKNOWN_KIND, 1)
    assert letter.reason.startswith("no event of Binance")


def test_a_bad_event_counts_under_its_own_kind_and_names_the_field() -> None:
    bad = [{**TRADE, "p": "cheap"}, {**TRADE, "t": -1}, without(TRADE, "T", "E"), {**TRADE, "p": "nan"}]
    bad += [{**QUOTE, "B": "-1"}, {**TRADE, "s": ""}]
    decoded = decoder("binance").decode(messages(map(to_json, bad)))
    assert [letter.kind for letter in decoded.dead_letters] == ["trades"] * 4 + ["quotes", "trades"]
    assert [letter.position for letter in decoded.dead_letters] == [("p", offset) for offset in range(6)]
    text, negative, timeless, nan, size, name = reasons(decoded)
    assert "$.p" in text
    assert "$.t" in negative
    assert timeless.startswith("expected a time in T or E")
    assert nan == "price: expected a finite number, got nan"
    assert size == "bid_size: expected a number of at least 0, got -1.0"
    assert name == "symbol: the name is empty"


def test_the_good_levels_of_a_partly_bad_update_are_kept() -> None:
    decoded = decode("binance", to_json({**DEPTH, "b": [["1.4", "3"], ["x", "1"], ["1.3"], ["1.3", "0", []]]}))
    assert [row[:-1] for row in rows(decoded, "depth")] == LEVEL_ROWS
    assert n_records(decoded) == 5


def test_a_stream_may_be_in_microseconds() -> None:
    decoded = decode("binance", to_json({**TRADE, "T": NOON_NS // 1_000}), time_unit_ns=1_000)
    assert rows(decoded, "trades") == [TRADE_ROW]


@given(cuts=st.lists(st.integers(0, 40), max_size=5))
def test_levels_keep_their_message_under_any_chunking(cuts: list[int]) -> None:
    stream = messages(to_json({**DEPTH, "u": n, "b": [["1", "1"]] * (n % 4)}) for n in range(20))
    made = decoder("binance")
    parts = [made.decode(part) for part in chunks(stream, cuts)]
    assert [row for part in parts for row in rows(part, "depth")] == rows(decoder("binance").decode(stream), "depth")


def read_recording(path: Path) -> Iterator[Message]:
    with gzip.open(path) as lines:
        for offset, line in enumerate(lines):
            received_ns, _, payload = line.rstrip().partition(b" ")
            yield Message(payload, Position(path.name, offset), int(received_ns))


def write_recording(path: Path) -> None:
    """Write a recording of the same form as the exchange's own."""
    events = [{**TRADE, "t": n, "p": f"{100 + n / 100:.2f}", "q": "0.5"} for n in range(50)]
    events += [{"e": "bookTicker", **EVENT_MS, **QUOTE, "u": n} for n in range(70)]
    events += [{**DEPTH, "u": 100 + n} for n in range(20)]
    lines = [b"%d %s\n" % (NOON_NS + n, wrapped(event)) for n, event in enumerate(events)]
    path.write_bytes(gzip.compress(b"".join([*lines, b"%d %s\n" % (NOON_NS, to_json(SNAPSHOT))])))


def decode_recording(path: Path) -> tuple[dict[str, Batch], Decoded]:
    decoded = decoder("binance", symbol="BTCUSDT").decode(list(read_recording(path)))
    for batch in decoded.batches:
        assert batch.identity is not None
        assert len(np.unique(batch.identity)) == len(batch)
    return {batch.kind: batch for batch in decoded.batches}, decoded


def turnover(path: Path) -> float:
    """Return the sum of price x size over the trades of a recording, by other code than ours."""
    events = (json.loads(message.payload).get("data", {}) for message in read_recording(path))
    return math.fsum(float(event["p"]) * float(event["q"]) for event in events if event.get("e") == "trade")


def test_a_generated_recording_is_decoded_whole(tmp_path: Path) -> None:
    path = tmp_path / "generated.gz"
    write_recording(path)
    batches, decoded = decode_recording(path)
    assert {kind: len(batch) for kind, batch in batches.items()} == {"trades": 50, "quotes": 70, "depth": 63}
    assert decoded.dead_letters == ()
    assert math.fsum(batches["trades"]["price"] * batches["trades"]["size"]) == turnover(path)


def test_the_recorded_futures_are_decoded_whole(recordings: Path) -> None:
    path = recordings / "binance" / "usdm" / "btcusdt_20240808.gz"
    batches, decoded = decode_recording(path)
    assert (len(batches["trades"]), len(batches["quotes"])) == (21_313, 66_089)
    assert len(np.unique(batches["depth"].time)) <= 6_552
    assert decoded.dead_letters == ()
    assert math.fsum(batches["trades"]["price"] * batches["trades"]["size"]) == turnover(path)


@pytest.mark.parametrize(
    ("name", "n_trades"), [("spot/btcusdt_20240808.gz", 9_757), ("cm/btcusd_perp_20240808.gz", 2_286)]
)
def test_recorded_spot_and_coin_margined_messages_are_decoded_whole(recordings: Path, name: str, n_trades: int) -> None:
    batches, decoded = decode_recording(recordings / "binance" / name)
    assert len(batches["trades"]) == n_trades
    assert decoded.dead_letters == ()
