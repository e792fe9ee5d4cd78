from __future__ import annotations

from collections import OrderedDict

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipelines.kernels.recent import add_recent

CAPACITY = 4
PAIRS = st.tuples(st.integers(0, 2), st.sampled_from([0, 1, 2, -1, 2**63 - 1, -(2**63)]))


@given(st.lists(st.lists(PAIRS, max_size=15), max_size=6))
def test_pairs_are_remembered_as_an_ordered_dict_remembers_them(batches: list[list[tuple[int, int]]]) -> None:
    table = np.full(2 * CAPACITY, -1, np.int32)
    ring_keys, ring_identities = np.zeros(CAPACITY, np.int32), np.zeros(CAPACITY, np.int64)
    remembered: OrderedDict[tuple[int, int], None] = OrderedDict()
    n_added = 0
    for batch in batches:
        fresh = np.empty(len(batch), np.bool_)
        keys, identities = np.array(batch, np.int64).reshape(-1, 2).T
        n_before = n_added
        n_added = add_recent(
            keys.astype(np.int32), identities.copy(), table, ring_keys, ring_identities, n_added, fresh
        )
        expected = []
        for pair in batch:
            expected.append(pair not in remembered)
            remembered.setdefault(pair)
            if len(remembered) > CAPACITY:
                remembered.popitem(last=False)
        assert fresh.tolist() == expected
        assert n_added - n_before == sum(expected)
