from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipelines.kernels.names import FREE, MISSING, insert_names, look_up_names

NAMES = st.tuples(st.integers(0, 5), st.sampled_from([0, 1, 2**64 - 1]))


@given(known=st.lists(NAMES, unique=True, max_size=12), asked=st.lists(NAMES, max_size=50))
def test_names_are_found_as_a_dict_finds_them(known: list[tuple[int, int]], asked: list[tuple[int, int]]) -> None:
    slot_words = np.zeros((16, 2), np.uint64)
    slot_codes = np.full(16, FREE, np.int32)
    words = np.array(known, np.uint64).reshape(-1, 2)
    insert_names(words, np.arange(len(known), dtype=np.int32), slot_words, slot_codes)
    codes = np.empty(len(asked), np.int32)
    n_missing = look_up_names(np.array(asked, np.uint64).reshape(-1, 2), slot_words, slot_codes, codes)
    expected = [known.index(name) if name in known else MISSING for name in asked]
    assert codes.tolist() == expected
    assert n_missing == expected.count(MISSING)
