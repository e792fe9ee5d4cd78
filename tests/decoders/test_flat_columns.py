"""The kernel's way through columnar JSON finds what the other ways find, or leaves the message to them."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any, Final
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.core.dictionary import Dictionary
from pipelines.core.schema import KINDS
from pipelines.core.url import SourceSpec
from pipelines.decoders.encode import make_encoder
from pipelines.decoders.fields import RecordFields
from pipelines.decoders.flat_columns import FlatColumns, has_flat_form
from tests.decoders import build
from tests.decoders.build import NOON_NS, random_batch

GOOD: Final = b'{"time":[1,2],"symbol":["BTC","ETH"],"price":[1.5,2],"size":[0,1e-3],"side":["buy",-1]}'

PADDING: Final = b" " * 600
"""Makes a message long enough to be read in this way, and changes nothing else."""

PLAIN: Final = {
    "time": ["1", str(NOON_NS), "-5", "-0"],
    "symbol": ['"BTC"', '"ETH"', '"\N{EURO SIGN}"', '"exactly 16 bytes"', '"A]B"'],
    "price": ["1", "1.5", "-0", "-0.0", "61634.70", "1E+2", "0.1e-9", "43210.123456789012"],
    "size": ["0", "2.5"],
    "side": ['"buy"', '"SELL"', "1", "-1", "0", "null", '"-1"'],
    "seq": ["1", "-9"],
}
ODD: Final = {
    "time": ["1.5", '"7"', "9223372036854775808"],
    "symbol": ['""', "7", "null", '"seventeen letters"', '"\\u0041"', '"A\\""', '"A\\\\"', '"A\0"', '"A,B"', '"A\t"'],
    "price": ["01", "1.", '"1.5"', "NaN", "null", "true", "1e999", "[]", "12345678901234567890", "1e-300"],
    "size": ["-", "nan"],
    "side": ['"bUy"', "1.0", "-0", "true", "2", '"null"', '"buy', "buy"],
    "seq": ['"a"', "1.0", "9223372036854775808"],
    "kind": ['"trades"', '"quotes"', "7"],
    "other": ["1"],
}
"""Not all of it is wrong, but all of it is rare."""


def spec_of(*kinds: str, **options: Any) -> SourceSpec:
    return SourceSpec("test", format="json", kinds=kinds, declared=True, **options)


def flat_columns(kind: str, dictionary: Dictionary | None = None, **options: Any) -> FlatColumns:
    """Return the kernel's way by itself, which returns None for what it leaves."""
    dictionary = Dictionary() if dictionary is None else dictionary
    return FlatColumns(RecordFields(KINDS[kind], spec_of(kind, **options), dictionary), dictionary)


@st.composite
def messages(draw: st.DrawFn) -> bytes:
    """Draw objects of columns, of which at most one has a value that is odd; now and then some bytes are others."""
    fields = draw(st.permutations(["time", "symbol", "price", "size"]))
    fields += draw(st.lists(st.sampled_from(["side", "seq"]), max_size=2))
    odd = draw(st.sampled_from(["", "", *ODD]))
    fields += [odd] if odd in ("kind", "other") else []
    n_rows = draw(st.integers(1, 3))
    comma, colon = draw(st.sampled_from([(",", ":"), (", ", ": "), (" ,\r\n\t", " :\n")]))
    columns = []
    for field in fields:
        values = [draw(st.sampled_from(PLAIN.get(field, ["1"]))) for _ in range(n_rows)]
        if field == odd:
            values[draw(st.integers(0, n_rows - 1))] = draw(st.sampled_from(ODD[odd]))
        columns.append(f'"{field}"{colon}[{comma.join(values)}]')
    message = ("{" + comma.join(columns) + "}").encode() + draw(st.sampled_from([b"", b" \n"]))
    if draw(st.integers(0, 3)):
        return message
    first, last = draw(st.integers(0, len(message))), draw(st.integers(0, len(message)))
    return message[:first] + draw(st.binary(max_size=3)) + message[last:]


@settings(max_examples=400)
@given(
    payloads=st.lists(messages(), min_size=1, max_size=3),
    options=st.sampled_from([{}, {"key": "seq"}, {"time_unit_ns": 10**9}, {"symbol": "DEF"}]),
    kinds=st.sampled_from([("trades",), ("quotes", "trades"), ("depth", "trades"), ("trades", "depth"), ()]),
    capacity=st.sampled_from([1, 100]),
)
def test_rows_dead_letters_and_names_are_those_that_are_found_without_it(
    payloads: list[bytes], options: dict[str, Any], kinds: tuple[str, ...], capacity: int
) -> None:
    stream = build.messages(payload + PADDING for payload in payloads)
    with_it = build.decoder("json", *kinds, dictionary=(ours := Dictionary(capacity)), **options)
    with patch("pipelines.decoders.json_rows.has_flat_form", return_value=False):
        without = build.decoder("json", *kinds, dictionary=(theirs := Dictionary(capacity)), **options)
    found, expected = with_it.decode(stream), without.decode(stream)
    assert found.dead_letters == expected.dead_letters
    assert ours.names == theirs.names
    assert [batch.kind for batch in found.batches] == [batch.kind for batch in expected.batches]
    for batch, other in zip(found.batches, expected.batches, strict=True):
        assert all(batch[name].tobytes() == other[name].tobytes() for name in batch.schema.names)
        assert np.array_equal(batch.identity, other.identity)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("key", ["", "seq"])
def test_what_is_encoded_is_read_by_the_kernel_alone(kind: str, key: str) -> None:
    flat = flat_columns(kind, dictionary := Dictionary(), key=key)
    batch = random_batch(kind, 500, dictionary)
    payload = make_encoder("json", KINDS[kind], dictionary)(batch)
    if key:
        payload = payload[:-1] + b',"seq":[%s]}' % b",".join(b"%d" % row for row in range(500))
    arrays = flat.arrays(payload)
    assert arrays is not None
    for array, name in zip(arrays, KINDS[kind].names, strict=False):
        assert array.tobytes() == batch[name].tobytes()
    assert not key or arrays[-1].tolist() == list(range(500))


@pytest.mark.parametrize(
    ("new", "options", "changed"),
    [
        ((b'"side":["buy",-1]', b'"side" : [ null,"0"]'), {}, {4: [0, 0]}),
        ((b',"side":["buy",-1]', b" "), {}, {4: [0, 0]}),
        ((b'"symbol":["BTC","ETH"],', b""), {"symbol": "BTC"}, {1: [0, 0]}),
        ((b'"price"', b'"p"'), {"fields": MappingProxyType({"price": "p"})}, {}),
        ((b"[1,2]", b"[-1,3]"), {"time_unit_ns": 10**6}, {0: [-1_000_000, 3_000_000]}),
    ],
)
def test_columns_may_be_absent_renamed_and_of_other_units(
    new: tuple[bytes, bytes], options: dict[str, Any], changed: dict[int, list[int]]
) -> None:
    expected = dict(enumerate([[1, 2], [0, 1], [1.5, 2], [0, 1e-3], [1, -1]])) | changed
    arrays = flat_columns("trades", **options).arrays(GOOD.replace(*new))
    assert arrays is not None
    assert [array.tolist() for array in arrays] == [*expected.values()]


def test_a_message_that_is_left_adds_no_name_to_the_dictionary() -> None:
    flat = flat_columns("trades", dictionary := Dictionary())
    assert flat.arrays(GOOD.replace(b"-1", b'"?"')) is None
    assert flat.arrays(GOOD.replace(b"ETH", b"E\\u0054H")) is None
    assert dictionary.names == ()


def test_times_that_do_not_fit_are_left() -> None:
    flat = flat_columns("trades", time_unit_ns=10**9)
    assert flat.arrays(GOOD.replace(b"[1,2]", b"[1,9223372037]")) is None


def test_later_messages_do_not_change_what_was_read_before() -> None:
    flat = flat_columns("trades", key="seq")
    first = flat.arrays(GOOD[:-1] + b',"seq":[1,2]}')
    assert first is not None
    before = [array.copy() for array in first]
    flat.arrays(b'{"time":[9],"symbol":["X"],"price":[9],"size":[9],"side":[1],"seq":[9]}')
    assert all(np.array_equal(array, kept) for array, kept in zip(first, before, strict=True))


def test_a_kind_that_another_would_be_taken_for_has_no_flat_form() -> None:
    trades, depth = (RecordFields(KINDS[kind], spec_of(kind), Dictionary()) for kind in ("trades", "depth"))
    assert has_flat_form(depth, [])
    assert not has_flat_form(depth, [trades])


@pytest.mark.parametrize("field", ["a\\", "time", "\ud800"])
def test_fields_whose_bytes_do_not_tell_them_apart_have_no_flat_form(field: str) -> None:
    spec = spec_of("trades", fields=MappingProxyType({"price": field}))
    assert not has_flat_form(RecordFields(KINDS["trades"], spec, Dictionary()), [])
