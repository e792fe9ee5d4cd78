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
    update_columns,
)
from pipelines.kernels.line_runs import IS_DISORDERED, N_GAP_FIELDS, N_SLOTS, gather_spans
from tests.kernels import twins

N_COLUMNS, LOG2 = 6, 2

Row = tuple[int, float]
State = tuple[int, np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]

values = st.sampled_from([np.nan, np.inf, -np.inf, 0.0, 1.0, 1.0, 2.5, -3.0]) | st.floats(-9, 9)
rows = st.lists(st.tuples(st.integers(-20, 60), values), max_size=25)


def empty(n_columns: int = N_COLUMNS) -> State:
    orders, gaps = np.zeros((N_ORDERS, n_columns), np.int64), np.zeros((N_GAP_FIELDS, n_columns), np.int64)
    return (
        NO_END,
        orders,
        np.empty((N_VALUES, n_columns)),
        gaps,
        np.empty((n_columns, N_SLOTS, 2)),
        np.zeros(n_columns, bool),
    )


def updated(state: State, taken: list[Row]) -> tuple[State, int]:
    times, row_values = np.array([row[0] for row in taken], np.int64), np.array([row[1] for row in taken], np.float64)
    end, n_outside = update_columns(times, row_values, LOG2, *state)
    return (end, *state[1:]), n_outside


def summaries(state: State) -> dict[int, tuple[Any, ...]]:
    """What the ring holds of each column that has rows, in a form that compares NaN as equal."""
    end, orders, ring = state[:3]
    columns = range(end - N_COLUMNS, end) if end != NO_END else range(0)
    places = {column: column % N_COLUMNS for column in columns if orders[N_ROWS, column % N_COLUMNS]}
    return {column: as_text(orders[:, place], ring[:, place]) for column, place in places.items()}


def covered(state: State, place: int) -> list[tuple[float, float]]:
    """What the line covers in a column with gaps, ranges that overlap as one."""
    n, gathered = np.empty(1, np.int64), np.empty((1, N_SLOTS, 2))
    gather_spans(np.array([place]), state[3], state[4], n, gathered)
    return twins.union(gathered[0, : n[0]].tolist())


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
@given(rows, st.integers(0, 25))
def test_ranges_between_gaps_equal_their_plain_twin_as_long_as_rows_come_in_order(taken: list[Row], cut: int) -> None:
    state = updated(updated(empty(), taken[:cut])[0], taken[cut:])[0]
    columns = twins.rows_by_column(taken, LOG2)
    for column in summaries(state):
        times, held = zip(*columns[column], strict=True)
        place, has_gap = column % N_COLUMNS, not np.isfinite(held).all()
        is_disordered = list(times) != sorted(times)
        assert state[3][IS_DISORDERED, place] == is_disordered
        if has_gap and not is_disordered:
            assert covered(state, place) == twins.covered_inside(held)


def test_a_column_that_comes_back_round_the_ring_has_forgotten_what_its_place_held() -> None:
    (end, orders, ring, gaps, spans, changed), _ = updated(empty(), [(1, np.nan), (0, 5.0)])
    assert gaps[IS_DISORDERED, 0]
    advance_columns(end, N_COLUMNS + 1, orders, changed)
    changed[:] = False
    updated((N_COLUMNS + 1, orders, ring, gaps, spans, changed), [(N_COLUMNS << LOG2, 2.0)])
    assert orders[[N_ROWS, N_BROKEN], 0].tolist() == [1, 0]
    assert ring[[FIRST, LAST, LOW], 0].tolist() == [2.0, 2.0, 2.0]
    assert not gaps[IS_DISORDERED, 0]
    assert changed.tolist() == [True] + [False] * (N_COLUMNS - 1)
