from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.kernels.line_columns import N_ROWS
from pipelines.kernels.line_runs import IS_DISORDERED
from pipelines.kernels.merge_columns import merge_columns, merge_pairs
from tests.kernels import twins
from tests.kernels.test_line_columns import (
    LOG2,
    N_COLUMNS,
    Row,
    as_text,
    covered,
    empty,
    rows,
    summaries,
    summary_of,
    updated,
)


@settings(max_examples=300)
@given(rows, rows)
def test_two_rings_merged_in_order_equal_one_that_took_all_rows(before: list[Row], after: list[Row]) -> None:
    ours, whole = updated(empty(), before)[0], updated(empty(), before + after)[0]
    other, _ = updated(empty(), after)
    kept = summaries(other)
    merged = (merge_columns(*ours, *other[:-1]), *ours[1:])
    assert summaries(merged) == summaries(whole)
    assert summaries(other) == kept
    columns = twins.rows_by_column(before + after, LOG2)
    for column in summaries(whole):
        place, held = column % N_COLUMNS, [value for _, value in columns[column]]
        assert merged[3][IS_DISORDERED, place] == whole[3][IS_DISORDERED, place]
        if not np.isfinite(held).all() and not merged[3][IS_DISORDERED, place]:
            assert covered(merged, place) == twins.covered_inside(held)


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
    orders, ring = empty(n_columns)[1:3]
    for column, there in enumerate(held):
        if there:
            text = summary_of(there)
            orders[:, column], ring[:, column] = [int(x) for x in text[:4]], [float(x) for x in text[4:]]
    merged_orders, merged = empty(n_columns // 2 + 1)[1:3]
    merge_pairs(first_column, orders, ring, merged_orders, merged)
    for place in range(n_columns // 2 + 1):
        pair = pairs.get((first_column >> 1) + place)
        if pair is None:
            assert merged_orders[N_ROWS, place] == 0
        else:
            assert as_text(merged_orders[:, place], merged[:, place]) == summary_of(pair)
