from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.core.dictionary import MAX_NAME_BYTES, UNKNOWN, Dictionary


@given(st.lists(st.text(min_size=1, max_size=12)))
def test_a_name_has_one_code_and_a_code_one_name(names: list[str]) -> None:
    dictionary = Dictionary()
    codes = dictionary.encode(names)
    assert codes.dtype == np.int32
    assert [dictionary.name(code) for code in codes] == names
    assert codes.tolist() == dictionary.encode(names).tolist()
    assert len(dictionary) == len(set(names))


def test_hostile_names_do_not_fill_the_memory() -> None:
    dictionary = Dictionary(capacity=100)
    codes = dictionary.encode(f"s{i}" for i in range(10_000))
    assert len(dictionary) == 100
    assert (codes[100:] == UNKNOWN).all()
    assert dictionary.encode(["s99"])[0] == 99


@pytest.mark.parametrize("name", ["", "x" * (MAX_NAME_BYTES + 1), "é" * MAX_NAME_BYTES])
def test_empty_and_overlong_names_are_unknown(name: str) -> None:
    assert Dictionary().encode_one(name) == UNKNOWN


def test_looking_a_name_up_does_not_add_it() -> None:
    dictionary = Dictionary()
    assert dictionary.find("A") == UNKNOWN
    assert len(dictionary) == 0
    with pytest.raises(IndexError):
        dictionary.name(UNKNOWN)
