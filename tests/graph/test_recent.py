from __future__ import annotations

from collections import OrderedDict

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipelines.graph.recent import RecentRows

pairs = st.lists(st.tuples(st.integers(0, 3), st.integers(-6, 6) | st.sampled_from([2**62, -(2**63)])), max_size=40)


@given(st.lists(pairs, max_size=6), st.integers(1, 9))
def test_a_pair_is_new_unless_it_is_among_the_newest(batches: list[list[tuple[int, int]]], capacity: int) -> None:
    recent = RecentRows(capacity)
    model: OrderedDict[tuple[int, int], None] = OrderedDict()
    for batch in batches:
        keys = np.array([key for key, _ in batch], dtype=np.int32)
        identities = np.array([identity for _, identity in batch], dtype=np.int64)
        expected = []
        for pair in batch:
            expected.append(pair not in model)
            if pair not in model:
                model[pair] = None
                if len(model) > capacity:
                    model.popitem(last=False)
        assert recent.add(keys, identities).tolist() == expected


def test_no_memory_is_taken_before_the_first_row() -> None:
    recent = RecentRows(1 << 30)
    assert recent.capacity == 1 << 30
