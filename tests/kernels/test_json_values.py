from __future__ import annotations

import json
import math

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from pipelines.kernels.json_values import BAD, read_float, read_short, read_whole

COMMA, END = np.uint8(ord(",")), np.uint8(ord("]"))
NUMBERS = st.from_regex(r"-?[0-9]{0,21}(\.[0-9]{0,12})?([eE][+-]?[0-9]{0,3})?", fullmatch=True)


def bytes_of(text: bytes) -> np.ndarray:
    return np.frombuffer(text, np.uint8)


def at(position: int) -> np.uint64:
    return np.uint64(position)


@given(text=NUMBERS | st.floats(allow_nan=False, allow_infinity=False).map(repr), behind=st.sampled_from(",] x"))
@example(text="-0", behind=",")
@example(text="-0.0", behind=",")
@example(text="-0e0", behind=",")
@example(text="0.0001000200030004000", behind="]")
@example(text="01", behind=",")
@example(text="1.", behind=",")
@example(text="1e", behind="}")
@example(text="1e+", behind="}")
@example(text="", behind=",")
@example(text="9" * 19, behind=",")
@example(text="0." + "0" * 40 + "1", behind=",")
def test_a_number_is_read_as_python_reads_it_or_left(text: str, behind: str) -> None:
    value, end = read_float(bytes_of(f"[{text}{behind}}}".encode()), at(1))
    if end == BAD:
        assert not _is_plain(text)
    else:
        assert end == 1 + len(text)
        assert (value, math.copysign(1, value)) == (expected := float(json.loads(text)), math.copysign(1, expected))


def _is_plain(text: str) -> bool:
    """Tell whether it is a number of up to 19 digits, and of a size that prices and volumes have."""
    try:
        json.loads(text)
    except ValueError:
        return False
    mantissa, _, exponent = text.lower().partition("e")
    digits = mantissa.replace(".", "").lstrip("-0")
    return len(digits) <= 19 and len(text) < 30 and abs(int(exponent or "0")) < 30


@given(text=NUMBERS | st.integers(-(2**64), 2**64).map(str))
@example(text=str(2**63 - 1))
@example(text=str(2**63))
@example(text="-0")
@example(text="007")
@example(text="-")
def test_a_whole_number_is_read_as_python_reads_it_or_left(text: str) -> None:
    value, end = read_whole(bytes_of(f"[{text},}}".encode()), at(1))
    if end == BAD:
        assert not text.lstrip("-").isdigit() or str(int(text)) != text.replace("-0", "0") or abs(int(text)) >= 2**63
    else:
        read = text[: int(end) - 1]
        assert (value, str(abs(value))) == (int(read), read.lstrip("-"))


@given(text=st.binary(max_size=20), stops=st.sampled_from([b'""', b",]"]))
def test_a_short_text_ends_before_what_stops_it(text: bytes, stops: bytes) -> None:
    message = b"[" + text + stops[1:] + b"}"
    first, second, end = read_short(bytes_of(message), at(1), *np.frombuffer(stops, np.uint8))
    expected = min(message.find(stop, 1) for stop in stops if message.find(stop, 1) > 0)
    if expected - 1 > 16:
        assert end == BAD
    else:
        assert end == expected
        padded = int(first).to_bytes(8, "little") + int(second).to_bytes(8, "little")
        assert padded == message[1:expected].ljust(16, stops[:1])


def test_a_text_that_nothing_stops_is_not_read_beyond_the_end_of_its_message() -> None:
    assert read_short(bytes_of(b'["ab}'), at(2), COMMA, END)[2] == BAD
