from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipelines.kernels.latest import latest_rows, ring_bins

NEVER = np.iinfo(np.int64).min
ROWS = st.lists(st.tuples(st.integers(0, 3), st.integers(-20, 20), st.sampled_from([1.0, -2.5, np.nan, np.inf])))
BIN_NS = 5
N_BINS = 3


@given(ROWS, ROWS)
def test_the_newest_row_of_each_key_is_that_of_a_stable_sort(before: list[tuple], rows: list[tuple]) -> None:
    newest, found = np.full(4, NEVER), np.full(4, -1)
    for batch in (before, rows):
        found[:] = -1
        latest_rows(*_columns(batch)[:2], newest, found)
    for key in range(4):
        mine = [(time, row) for row, (code, time, _) in enumerate(rows) if code == key]
        known = max((time for code, time, _ in before if code == key), default=NEVER)
        best = max(mine, default=(NEVER, -1))
        assert newest[key] == max(known, best[0])
        assert found[key] == (best[1] if best[0] >= known else -1)


@given(ROWS)
def test_a_ring_of_bins_holds_what_dictionaries_hold(rows: list[tuple]) -> None:
    bins, last_times = np.full((4, N_BINS), NEVER), np.full((4, N_BINS), NEVER)
    counts, last = np.zeros((4, N_BINS), np.uint32), np.full((4, N_BINS), np.nan)
    ring_bins(*_columns(rows), BIN_NS, bins, counts, last, last_times)
    held: dict[tuple[int, int], tuple[int, list[tuple[int, float]]]] = {}
    for key, time, value in rows:
        place, time_bin = (key, time // BIN_NS % N_BINS), time // BIN_NS
        if place not in held or time_bin > held[place][0]:
            held[place] = (time_bin, [])
        if time_bin == held[place][0]:
            held[place][1].append((time, value))
    for place, (time_bin, within) in held.items():
        values = [(time, row, value) for row, (time, value) in enumerate(within) if value == value]
        newest = max(values, default=(NEVER, 0, np.nan))
        assert (bins[place], counts[place], last_times[place]) == (time_bin, len(within), newest[0])
        np.testing.assert_equal(last[place], newest[2])


def _columns(rows: list[tuple]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    keys, times, values = zip(*rows, strict=True) if rows else ((), (), ())
    return np.array(keys, np.int32), np.array(times, np.int64), np.array(values, np.float64)
