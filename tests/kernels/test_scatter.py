from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pipelines.kernels.scatter import order_by_key

N_KEYS = 9


@given(hnp.arrays(np.int32, st.integers(0, 300), elements=st.integers(0, N_KEYS - 1)))
def test_rows_are_ordered_by_key_and_keep_their_order_within_it(keys: np.ndarray) -> None:
    ends, order = np.empty(N_KEYS, np.int64), np.empty(len(keys), np.int64)
    order_by_key(keys, ends, order)
    assert order.tolist() == np.argsort(keys, kind="stable").tolist()
    assert ends.tolist() == np.cumsum(np.bincount(keys, minlength=N_KEYS)).tolist()
