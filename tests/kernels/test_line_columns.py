from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.kernels.line_columns import (
    FIRST,
    LAST,
    LOW,
    N_BROKEN,
    N_ORDERS,
    N_ROWS,
    N_VALUES,
    NO_END,
    advance_columns,
    merge_columns,
    merge_pairs,
    update_columns,
)

N_COLUMNS, LOG2 = 6, 2

Row = tuple[int, float]
State = tuple[int, np.ndarray, np.ndarray, np.ndarray]

values = st.sampled_from([np.nan, np.inf, -np.inf, 0.0, 1.0, 1.0, 2.5, -3.0]) | st.floats(-9, 9)
rows = st.lists(st.tuples(st.integers(-20, 60), values), max_size=25)


def empty(n_columns: int = N_COLUMNS) -> State:
    return NO_END, np.zeros((N_ORDERS, n_columns), np.int64), np.empty((N_VALUES, n_columns)), np.zeros(n_columns, bool)


def updated(state: State, taken: list[Row]) -> tuple[State, int]:
    times, row_values = np.array([row[0] for row in taken], np.int64), np.array([row[1] for row in taken], np.float64)
    end, orders, ring, changed = state
    end, n_outside = update_columns(times, row_values, LOG2, end, orders, ring, changed)
    return (end, orders, ring, changed), n_outside


def summaries(state: State) -> dict[int, tuple[Any, ...]]:
    """What the ring holds of each column that has rows, in a form that compares NaN as equal."""
    end, orders, ring, _ = state
    columns = range(end - N_COLUMNS, end) if end != NO_END else range(0)
    places = {column: column % N_COLUMNS for column in columns if orders[N_ROWS, column % N_COLUMNS]}
    return {column: as_text(orders[:, place], ring[:, place]) for column, place in places.items()}


def as_text(orders: Any, ring: Any) -> tuple[str, ...]:
    return tuple(map(str, orders)) + tuple(str(float(value) + 0.0) for value in ring)  # -0.0 is 0.0


def summary_of(column: list[tuple[int, float]]) -> tuple[str, ...]:
    """The twin: a column's summary from its rows in order of arrival."""
    ordered = sorted(column, key=lambda row: row[0])  # stable
    finite = [value for _, value in column if np.isfinite(value)]
    orders = (len(column), len(column) - len(finite), ordered[0][0], ordered[-1][0])
    low, high = (min(finite), max(finite)) if finite else (np.nan, np.nan)
    return as_text(orders, (ordered[0][1], ordered[-1][1], low, high))


def twin(taken: list[Row]) -> tuple[dict[int, tuple[str, ...]], int]:
    """Summaries of the columns in the ring after all rows, and how many rows came too late for it."""
    columns: dict[int, list[tuple[int, float]]] = {}
    newest, n_outside = None, 0
    for time, value in taken:
        column = time // 2**LOG2
        newest = column if newest is None else max(newest, column)
        if column <= newest - N_COLUMNS:
            n_outside += 1
        else:
            columns.setdefault(column, []).append((time, value))
    return {c: summary_of(held) for c, held in columns.items() if newest is None or c > newest - N_COLUMNS}, n_outside


@settings(max_examples=300)
@given(rows, st.integers(0, 25))
def test_a_ring_equals_its_plain_twin_however_late_rows_are(taken: list[Row], cut: int) -> None:
    state, n_before = updated(empty(), taken[:cut])
    state, n_after = updated(state, taken[cut:])
    expected, n_outside = twin(taken)
    assert summaries(state) == expected
    assert n_before + n_after == n_outside


@settings(max_examples=300)
@given(rows, rows)
def test_two_rings_merged_in_order_equal_one_that_took_all_rows(before: list[Row], after: list[Row]) -> None:
    (end, orders, ring, changed), _ = updated(empty(), before)
    other, _ = updated(empty(), after)
    kept = summaries(other)
    end = merge_columns(end, orders, ring, changed, *other[:3])
    assert summaries((end, orders, ring, changed)) == summaries(updated(empty(), before + after)[0])
    assert summaries(other) == kept


@settings(max_examples=200)
@given(rows, st.integers(-9, 9))
def test_pairs_of_columns_equal_the_columns_of_twice_the_length(taken: list[Row], first_column: int) -> None:
    n_columns = 20
    held: list[list[tuple[int, float]]] = [[] for _ in range(n_columns)]
    pairs: dict[int, list[tuple[int, float]]] = {}
    for offset, value in taken:
        column = offset % (n_columns << LOG2) >> LOG2
        time = ((first_column + column) << LOG2) + offset % 2**LOG2
        held[column].append((time, value))
        pairs.setdefault(time >> LOG2 + 1, []).append((time, value))
    _, orders, ring, _ = empty(n_columns)
    for column, there in enumerate(held):
        if there:
            text = summary_of(there)
            orders[:, column], ring[:, column] = [int(x) for x in text[:4]], [float(x) for x in text[4:]]
    _, merged_orders, merged, _ = empty(n_columns // 2 + 1)
    merge_pairs(first_column, orders, ring, merged_orders, merged)
    for place in range(n_columns // 2 + 1):
        pair = pairs.get((first_column >> 1) + place)
        if pair is None:
            assert merged_orders[N_ROWS, place] == 0
        else:
            assert as_text(merged_orders[:, place], merged[:, place]) == summary_of(pair)


def test_a_column_that_comes_back_round_the_ring_has_forgotten_what_its_place_held() -> None:
    (end, orders, ring, changed), _ = updated(empty(), [(0, np.nan), (1, 5.0)])
    advance_columns(end, N_COLUMNS + 1, orders, changed)
    changed[:] = False
    (_, orders, ring, changed), _ = updated((N_COLUMNS + 1, orders, ring, changed), [(N_COLUMNS << LOG2, 2.0)])
    assert orders[[N_ROWS, N_BROKEN], 0].tolist() == [1, 0]
    assert ring[[FIRST, LAST, LOW], 0].tolist() == [2.0, 2.0, 2.0]
    assert changed.tolist() == [True] + [False] * (N_COLUMNS - 1)
