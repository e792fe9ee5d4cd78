from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.kernels.latest import latest_rows, ring_bins

NEVER = np.iinfo(np.int64).min
ROWS = st.lists(st.tuples(st.integers(0, 3), st.integers(-20, 20), st.sampled_from([1.0, -2.5, np.nan, np.inf])))
BIN_NS = 5
N_BINS = 3
Row = tuple[int, int, float]


@pytest.mark.parametrize("is_compiled", [True, False])
@given(before=ROWS, rows=ROWS)
def test_the_newest_row_of_each_key_is_that_of_a_stable_sort(
    is_compiled: bool, before: list[Row], rows: list[Row]
) -> None:
    newest, n_rows = np.full(4, NEVER), np.zeros(4, np.int64)
    for batch in (before, rows):
        keys, times, _ = _columns(batch)
        found, codes = np.full(4, -1), np.empty(4, np.int64)
        run = latest_rows if is_compiled else latest_rows.py_func
        n_taken, n_found = run(0, keys, times, newest, n_rows, found, codes)
        assert n_taken == len(batch)
    for key in range(4):
        mine = [(time, row) for row, (code, time, _) in enumerate(rows) if code == key]
        known = max((time for code, time, _ in before if code == key), default=NEVER)
        best = max(mine, default=(NEVER, -1))
        assert newest[key] == max(known, best[0])
        assert found[key] == (best[1] if best[0] >= known else -1)
        assert n_rows[key] == sum(code == key for code, _, _ in before + rows)
    assert sorted(codes[:n_found]) == np.flatnonzero(found >= 0).tolist()


@pytest.mark.parametrize("is_compiled", [True, False])
@given(rows=ROWS)
def test_a_ring_of_bins_holds_what_dictionaries_hold(is_compiled: bool, rows: list[Row]) -> None:
    bins, last_times = np.full((N_BINS, 4), NEVER), np.full((N_BINS, 4), NEVER)
    counts, last = np.zeros((N_BINS, 4), np.uint32), np.full((N_BINS, 4), np.nan)
    run = ring_bins if is_compiled else ring_bins.py_func
    assert run(0, *_columns(rows), BIN_NS, 4, bins, counts, last, last_times) == len(rows)
    held: dict[tuple[int, int], tuple[int, list[tuple[int, float]]]] = {}
    for key, time, value in rows:
        place, time_bin = (time // BIN_NS % N_BINS, key), time // BIN_NS
        if place not in held or time_bin > held[place][0]:
            held[place] = (time_bin, [])
        if time_bin == held[place][0]:
            held[place][1].append((time, value))
    for place, (time_bin, within) in held.items():
        values = [(time, row, value) for row, (time, value) in enumerate(within) if value == value]
        newest = max(values, default=(NEVER, 0, np.nan))
        assert (bins[place], counts[place], last_times[place]) == (time_bin, len(within), newest[0])
        np.testing.assert_equal(last[place], newest[2])


@pytest.mark.parametrize("key", [2, 9, -1])
def test_a_row_whose_key_has_no_room_is_left_with_all_behind_it(key: int) -> None:
    keys, times, values = _columns([(0, 1, 1.0), (1, 2, 2.0), (key, 3, 3.0), (0, 4, 4.0)])
    newest, n_rows, rows, codes = np.full(2, NEVER), np.zeros(2, np.int64), np.full(2, -1), np.empty(2, np.int64)
    assert latest_rows(1, keys, times, newest, n_rows, rows, codes) == (2, 1)
    assert (n_rows.tolist(), rows.tolist(), codes[0]) == ([0, 1], [-1, 1], 1)
    bins, last_times = np.full((N_BINS, 4), NEVER), np.full((N_BINS, 4), NEVER)
    counts, last = np.zeros((N_BINS, 4), np.uint32), np.full((N_BINS, 4), np.nan)
    assert ring_bins(1, keys, times, values, BIN_NS, 2, bins, counts, last, last_times) == 2
    assert counts.sum() == counts[0, 1] == 1


def _columns(rows: list[Row]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    keys, times, values = zip(*rows, strict=True) if rows else ((), (), ())
    return np.array(keys, np.int32), np.array(times, np.int64), np.array(values, np.float64)
