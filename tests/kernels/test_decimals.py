from __future__ import annotations

import struct

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipelines.kernels.decimals import MAX_POWER, nearest_float

MOST = 10**19 - 1
POWERS = st.integers(-MAX_POWER, MAX_POWER)


@given(digits=st.integers(0, MOST) | st.integers(2**53 - 2, 2**53 + 2), power=POWERS)
@example(digits=MOST, power=MAX_POWER)
@example(digits=1, power=-MAX_POWER)
@example(digits=2**53, power=-22)
def test_the_float_is_that_which_python_finds(digits: int, power: int) -> None:
    assert nearest_float(np.uint64(digits), power) == float(f"{digits}e{power}")


@settings(max_examples=400)
@given(
    power=st.integers(-4, -1) | st.integers(0, 23),
    share=st.floats(0, 1) | st.floats(0, 0.1),
    many=st.booleans(),
    off=st.sampled_from([0, 0, -1, 1]),
)
def test_numbers_half_way_between_two_floats_are_rounded_to_the_even_one(
    power: int, share: float, many: bool, off: int
) -> None:
    fives = 5 ** abs(power)
    least = 2**53 if power < 0 else 2**53 // fives + 1
    odd = int(least * (1 + share * 0.999)) | 1  # of 54 bits, or what becomes that by the fives
    digits = odd * fives if power < 0 else odd
    digits <<= max(63 - digits.bit_length(), 0) if many else 0
    if digits < MOST:
        assert nearest_float(np.uint64(digits + off), power) == float(f"{digits + off}e{power}")


@given(value=st.floats(1e-40, 1e40))
def test_what_python_writes_becomes_the_same_float_again(value: float) -> None:
    digits, _, power = f"{value:.16e}".replace(".", "").partition("e")
    assert struct.pack("d", nearest_float(np.uint64(int(digits)), int(power) - 16)) == struct.pack("d", value)
