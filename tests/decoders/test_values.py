from __future__ import annotations

from hashlib import blake2b
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.core.errors import DecodeError
from pipelines.decoders.values import SIDES, identity_of, number_of, side_of, time_ns_of, times_ns_of

NOON_NS = 1_723_118_400_000_000_000
UNITS_NS = st.sampled_from([1, 10**3, 10**6, 10**9])


@pytest.mark.parametrize(
    ("value", "unit_ns", "expected"),
    [
        (NOON_NS + 1, 1, NOON_NS + 1),
        (1_723_118_400_123, 10**6, NOON_NS + 123_000_000),
        ("1723118400123", 10**6, NOON_NS + 123_000_000),
        (1723118400.123456, 10**9, NOON_NS + 123_456_000),
        (1723118400123.456, 10**6, NOON_NS + 123_456_000),
        ("1723118400.5", 10**9, NOON_NS + 500_000_000),
        ("2024-08-08T12:00:00Z", 10**6, NOON_NS),
        ("2024-08-08 12:00", 1, NOON_NS),
        ("2024-08-08T14:00:00.123456789+02:00", 1, NOON_NS + 123_456_789),
        ("2024-08-08T07:30:00.5-0430", 1, NOON_NS + 500_000_000),
        ("2024-08-08", 1, NOON_NS - 12 * 3_600 * 10**9),
        ("2262-04-11T23:47:16.854775807Z", 1, 2**63 - 1),
    ],
)
def test_a_time_is_read_to_the_nanosecond(value: Any, unit_ns: int, expected: int) -> None:
    assert time_ns_of(value, unit_ns) == expected


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        [],
        {},
        "",
        "noon",
        "2024-13-01",
        "2024-08-08T25:00",
        "NaN",
        float("nan"),
        float("inf"),
        2**63,
        1e19,
        "2262-04-11T23:47:16.854775808Z",
        "1e30",
        "9" * 100,
        "2024-08-08T12:00:00 UTC",
    ],
)
def test_what_is_no_time_says_so(value: Any) -> None:
    with pytest.raises(DecodeError, match="expected a time"):
        time_ns_of(value, 1)


@given(values=st.lists(st.integers(0, 2**70) | st.integers(0, 2**40)), unit_ns=UNITS_NS)
def test_many_whole_times_are_read_as_each_is(values: list[int], unit_ns: int) -> None:
    _same_as_each(values, unit_ns)


@given(values=st.lists(st.floats(-(2.0**64), 2.0**64) | st.floats(0, 4e9)), unit_ns=UNITS_NS)
def test_many_float_times_are_read_as_each_is(values: list[float], unit_ns: int) -> None:
    _same_as_each(values, unit_ns)


def _same_as_each(values: list[Any], unit_ns: int) -> None:
    times = times_ns_of(values, unit_ns)
    if times is not None:
        assert times.tolist() == [time_ns_of(value, unit_ns) for value in values]
    else:
        assert any(abs(value) * unit_ns >= 2**63 - 2 * unit_ns - 2_048 for value in values)


def test_mixed_times_are_left_to_careful_reading() -> None:
    assert times_ns_of([NOON_NS + 1, 1.5], 1) is None


def test_a_number_may_be_text_but_no_bool() -> None:
    assert [number_of(value) for value in (1, 1.5, "1.5", "-2e3", "0")] == [1.0, 1.5, 1.5, -2_000.0, 0.0]
    for value in (True, None, "", "1_0", " 1", "0x10", "1,5", [], 10**400):
        with pytest.raises(DecodeError):
            number_of(value)


@pytest.mark.parametrize(
    ("spellings", "sign"),
    [(("buy", "BUY", "bUy", "b", "bid", "1", 1), 1), (("sell", "s", "aSK", "-1", -1), -1), (("0", 0, None), 0)],
)
def test_a_side_is_known_in_any_case(spellings: tuple[Any, ...], sign: int) -> None:
    assert {side_of(spelling) for spelling in spellings} == {sign}


@pytest.mark.parametrize("value", [True, False, 2, "long", "", [], float("nan")])
def test_what_is_no_side_says_so(value: Any) -> None:
    with pytest.raises(DecodeError, match="expected buy, sell"):
        side_of(value)


def test_the_common_spellings_are_what_careful_reading_makes_of_them() -> None:
    assert dict(SIDES) == {spelling: side_of(spelling) for spelling in SIDES}


def test_a_text_key_has_the_identity_of_its_digest() -> None:
    digest = np.frombuffer(blake2b(b"a-1", digest_size=8).digest(), "<i8")[0]
    assert identity_of("a-1") == digest
