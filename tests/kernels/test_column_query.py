from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipelines.kernels import column_query as query
from pipelines.kernels import known_columns as known
from pipelines.kernels.pyramid import span_bins, summarise
from tests.kernels import twins

SEGMENT_ROWS = 1_024
N_BINS = 21

seeds = st.integers(0, 2**32 - 1)


def rows_of(seed: int, n: int, spread: int, share_odd: float) -> tuple[np.ndarray, np.ndarray]:
    """Rows in order of arrival: each is up to `spread` ns late, and some have no finite value."""
    random = np.random.default_rng(seed)
    time = np.cumsum(random.integers(0, 4, n)) - random.integers(0, spread + 1, n)
    values = random.integers(-50, 50, n).astype(float)
    odd = random.random(n) < share_odd
    values[odd] = random.choice([np.nan, np.inf, -np.inf], odd.sum())
    return time, values


def ask(
    time: np.ndarray, values: np.ndarray, column_log2: int, first_column: int, n_columns: int
) -> tuple[dict[str, np.ndarray], int]:
    """Cut rows into segments, merge these by the kernels, and return the columns and how many rows were read."""
    order = np.concatenate(
        [start + np.argsort(time[start : start + SEGMENT_ROWS], kind="stable") for start in range(0, len(time), 1_024)]
    )
    time, values = time[order], values[order]
    n = len(time) // SEGMENT_ROWS
    bin_spans, bin_statistics = np.empty((n, N_BINS, 2), np.int64), np.empty((n, 3, N_BINS, 2))
    for segment in range(n):
        rows = slice(segment * SEGMENT_ROWS, (segment + 1) * SEGMENT_ROWS)
        span_bins(time[rows], bin_spans[segment])
        summarise(values[rows], bin_statistics[segment])
    spans, statistics = bin_spans[:, -1].copy(), bin_statistics[:, :, -1].copy()
    orders, found = known.clear_columns(n_columns)
    columns = (column_log2, first_column, orders, found)
    runs, bins = np.empty((n * 8, 2), np.int64), np.empty((n * 16, 3), np.int32)
    first_place = 5_000_000_000
    n_runs, n_listed = query.merge_segments(spans, bin_spans, statistics, first_place, *columns, runs, bins)
    runs = runs[:n_runs]
    read = [np.arange(place, place + n_rows) - first_place for place, n_rows in runs.tolist()]
    left = np.concatenate([np.empty(0, np.int64), *read])
    query.merge_rows(time[left], values[left], runs, *columns)
    query.merge_bins(bins[:n_listed], bin_spans, bin_statistics, first_place, orders, found)
    return as_fields(orders, found), len(left)


def as_fields(orders: np.ndarray, found: np.ndarray) -> dict[str, np.ndarray]:
    has_row, has_value = orders[known.N_ROWS] > 0, orders[known.N_FINITE] > 0
    return {
        "n_rows": orders[known.N_ROWS],
        "first_ns": np.where(has_row, orders[known.FIRST_NS], 0),
        "last_ns": np.where(has_row, orders[known.LAST_NS], 0),
        "first": found[known.FIRST_VALUE],
        "last": found[known.LAST_VALUE],
        "low": np.where(has_value, found[known.LOWEST], np.nan),
        "high": np.where(has_value, found[known.HIGHEST], np.nan),
        "broken": orders[known.N_FINITE] < orders[known.N_ROWS],
    }


@given(
    seed=seeds,
    n_segments=st.integers(1, 4),
    spread=st.sampled_from([0, 3, 400, 5_000]),
    share_odd=st.sampled_from([0.0, 0.01, 1.0]),
    column_log2=st.integers(0, 14),
    first_ns=st.integers(-6_000, 7_000),
    n_columns=st.integers(1, 80),
)
def test_columns_equal_those_of_their_rows(
    seed: int, n_segments: int, spread: int, share_odd: float, column_log2: int, first_ns: int, n_columns: int
) -> None:
    time, values = rows_of(seed, n_segments * SEGMENT_ROWS, spread, share_odd)
    columns = (column_log2, first_ns >> column_log2, n_columns)
    found, _ = ask(time, values, *columns)
    for name, expected in twins.columns(time, values, *columns).items():
        np.testing.assert_array_equal(found[name], expected, err_msg=name)


def test_rows_are_read_at_the_edges_of_columns_only() -> None:
    time, values = np.arange(64 * SEGMENT_ROWS), np.zeros(64 * SEGMENT_ROWS)
    _, n_read = ask(time + 10, values, 13, 0, 8)
    assert n_read == 8 * 64, "one bin at each edge, that of the canvas included"
    _, n_read = ask(time, values, 13, 0, 8)
    assert n_read == 0, "edges between bins"
    _, n_read = ask(time, values, 13, 100, 8)
    assert n_read == 0, "no column has a row"


@given(seed=seeds, cut=st.integers(0, 300))
def test_rows_of_one_time_stay_in_order_of_arrival_whatever_is_merged_first(seed: int, cut: int) -> None:
    random = np.random.default_rng(seed)
    time, values = random.integers(0, 40, 300), random.permutation(300).astype(float)
    orders, found = known.clear_columns(10)
    for start, end in ((cut, 300), (0, cut)):
        runs = np.array([[start, end - start]])
        query.merge_rows(time[start:end].copy(), values[start:end].copy(), runs, 2, 0, orders, found)
    for name, expected in twins.columns(time, values, 2, 0, 10).items():
        np.testing.assert_array_equal(as_fields(orders, found)[name], expected)
