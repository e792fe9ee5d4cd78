from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipelines.aggregates.column_summary import ColumnSummary
from pipelines.aggregates.line import LineColumns, with_pairs_merged
from pipelines.core.batch import Batch
from pipelines.core.schema import READINGS
from pipelines.core.spec import Retention, TableSpec
from pipelines.kernels.line_runs import MAX_CLOSED
from pipelines.store.segment import SEGMENT_ROWS
from pipelines.store.table import Table
from tests.batches import readings
from tests.kernels import twins

CODE = 3

Row = tuple[int, int, float]

values = st.sampled_from([np.nan, np.inf, -np.inf, 0.0, 1.0, 1.0]) | st.floats(-9, 9)
rows = st.tuples(st.sampled_from([CODE, CODE, CODE, 0]), st.integers(0, 90), values)
parts = st.lists(st.lists(rows, max_size=12), min_size=1, max_size=4)


def line(*parts_of: list[Row], n_columns: int = 8, column_log2: int = 3) -> LineColumns:
    columns = LineColumns(READINGS, code=CODE, column_log2=column_log2, n_columns=n_columns, value="value")
    for part in parts_of:
        columns.update(batch_of(part))
    return columns


def batch_of(part: list[Row]) -> Batch:
    keys, times, held = ([row[field] for row in part] for field in range(3))
    return readings(times, key=keys, value=held)


def state(summary: ColumnSummary, *, without: Any = ()) -> list[Any]:
    """Everything in a summary that is defined, in a form that compares NaN as equal; no runs in some columns."""
    there = summary.n_rows > 0
    times = [np.where(there, array, 0) for array in (summary.first_ns, summary.last_ns)]
    floats = [str((array + 0.0).tolist()) for array in (summary.first, summary.last, summary.low, summary.high)]
    orders = [array.tolist() for array in (summary.n_rows, summary.broken, *times)]
    runs = {column: spans for column, spans in runs_of(summary).items() if column not in without}
    return [summary.column_log2, summary.first_column, *orders, *floats, runs]


def reread(columns: LineColumns, column: int, time: np.ndarray, values: np.ndarray) -> None:
    """Have a column read again from these rows, in the order of time."""
    rows = columns.one_column()
    rows.take(time, values)
    columns.reread(column, rows)


def runs_of(summary: ColumnSummary) -> dict[int, list[tuple[float, float]]]:
    """The ranges that the line covers in columns with gaps."""
    runs = summary.runs
    if runs is None:
        return {}
    columns = (summary.first_column + runs.places).tolist()
    spans = [sorted(map(tuple, (held[:n] + 0.0).tolist())) for held, n in zip(runs.spans, runs.n_spans, strict=True)]
    return dict(zip(columns, spans, strict=True))


@given(parts)
def test_a_line_does_not_depend_on_how_its_rows_were_cut(divided: list[list[Row]]) -> None:
    whole = [row for part in divided for row in part]
    cut, uncut = line(*divided), line(whole)
    assert state(cut.snapshot()) == state(uncut.snapshot())
    assert cut.n_outside == uncut.n_outside
    assert cut.take_changed().tolist() == uncut.take_changed().tolist()


@given(parts)
def test_lines_merged_in_order_equal_the_line_of_all_rows(divided: list[list[Row]]) -> None:
    merged = line()
    for part in divided:
        merged.merge(line(part))
    whole = line(*divided)
    assert merged.disordered.tolist() == whole.disordered.tolist()
    assert state(merged.snapshot(), without=whole.disordered) == state(whole.snapshot(), without=whole.disordered)
    assert merged.value_range == whole.value_range


@given(st.lists(rows, max_size=9), st.lists(rows, max_size=9), st.lists(rows, max_size=9))
@example([(CODE, 56, 0.0)], [(CODE, 57, 0.0)], [(CODE, 56, np.nan)])
def test_merging_is_associative(first: list[Row], second: list[Row], third: list[Row]) -> None:
    left, right, tail = line(first), line(first), line(second)
    left.merge(line(second))
    left.merge(line(third))
    tail.merge(line(third))
    right.merge(tail)
    assert left.disordered.tolist() == right.disordered.tolist()
    assert state(left.snapshot(), without=left.disordered) == state(right.snapshot(), without=left.disordered)


@given(st.lists(rows, max_size=20, unique_by=lambda row: row[1]), st.integers(0, 20))
def test_merging_commutes_where_no_times_are_equal(taken: list[Row], cut: int) -> None:
    one, other = line(taken[:cut]), line(taken[cut:])
    one.merge(line(taken[cut:]))
    other.merge(line(taken[:cut]))
    disordered = {*one.disordered.tolist(), *other.disordered.tolist()}
    assert state(one.snapshot(), without=disordered) == state(other.snapshot(), without=disordered)


@given(st.lists(rows, max_size=12))
def test_nothing_changes_nothing(taken: list[Row]) -> None:
    columns = line(taken)
    before = state(columns.snapshot())
    columns.take_changed()
    columns.update(batch_of([]))
    columns.update(readings([10_000], key=[CODE + 1]))
    columns.merge(line())
    assert state(columns.snapshot()) == before
    assert columns.take_changed().tolist() == []


@given(parts)
def test_a_snapshot_is_left_alone_by_later_rows(divided: list[list[Row]]) -> None:
    columns = line(divided[0])
    snapshot = columns.snapshot()
    before = state(snapshot)
    for part in divided[1:]:
        columns.update(batch_of(part))
    columns.advance(10_000)
    assert state(snapshot) == before


@pytest.mark.parametrize("is_sorted", [True, False])
def test_a_rebuilt_line_equals_a_new_one_over_the_rows_that_the_table_keeps(is_sorted: bool) -> None:
    random = np.random.default_rng(5)
    table = Table(TableSpec(READINGS, Retention(max_rows=9 * SEGMENT_ROWS, min_rows=0)))
    for start in range(0, 80_000, 1_000):
        times = start + random.integers(-3_000, 3_000, 1_000)
        keys = random.choice([CODE, CODE + 1], 1_000, p=[0.8, 0.2])
        table.append(readings(np.sort(times) if is_sorted else times, key=keys, value=random.normal(size=1_000)))
        table.evict()
    series = table.series(CODE)
    assert series is not None
    assert 0 < series.first_row < series.next_row
    shape = {"n_columns": 60, "column_log2": 7}
    rebuilt, new = line([(CODE, 10**9, 4.0)], **shape), line(**shape)
    n_steps = sum(1 for _ in rebuilt.rebuild(table))
    for batch in series.batches():
        new.update(batch)
    assert state(rebuilt.snapshot()) == state(new.snapshot())
    assert rebuilt.take_changed().tolist() == new.take_changed().tolist()
    assert rebuilt.next_row == series.next_row
    assert 1 < n_steps < len(series.segments) + 1  # segments that ended before the ring are not read


def test_a_rebuilt_line_of_a_key_without_rows_is_empty() -> None:
    columns = line([(CODE, 5, 1.0)])
    assert list(columns.rebuild(Table(TableSpec(READINGS)))) == []
    assert len(columns.snapshot().n_rows) == 0
    assert columns.end_column is columns.value_range is None


def test_a_late_row_lands_in_its_own_column_and_one_older_than_the_ring_is_counted() -> None:
    columns = line([(CODE, 63, 1.0), (CODE, 0, 2.0), (CODE, 64, 3.0), (CODE, 7, 4.0), (CODE, 8, 5.0)])
    summary = columns.snapshot()
    assert summary.first_column == 1
    assert summary.n_rows.tolist() == [1, 0, 0, 0, 0, 0, 1, 1]
    assert columns.n_outside == 1


def test_of_equal_times_the_row_that_came_first_is_first_and_the_one_that_came_last_is_last() -> None:
    columns = line([(CODE, 5, 1.0), (CODE, 5, 2.0)], [(CODE, 5, 3.0), (CODE, 5, np.nan), (CODE, 5, 0.5)])
    summary = columns.snapshot()
    assert (summary.first[-1], summary.last[-1], summary.low[-1], summary.high[-1]) == (1.0, 0.5, 0.5, 3.0)
    assert summary.broken.tolist() == [False] * 7 + [True]


def test_the_ring_follows_the_edge_and_forgets_what_it_leaves_behind() -> None:
    columns = line([(CODE, 0, 9.0), (CODE, 20, -2.0), (CODE, 21, 1.0)])
    assert columns.value_range == (-2.0, 9.0)
    columns.advance(64)
    assert columns.snapshot().first_column == 1
    assert columns.value_range == (-2.0, 1.0)
    columns.advance(8)
    assert columns.end_column == 9
    columns.advance(1_000)
    assert columns.value_range is None
    assert not columns.snapshot().n_rows.any()


def test_what_has_changed_is_told_once_columns_that_scrolled_in_included() -> None:
    columns = line([(CODE, 70, 1.0)])
    assert columns.take_changed().tolist() == list(range(1, 9))
    assert columns.take_changed().tolist() == []
    columns.update(batch_of([(CODE, 30, 1.0), (CODE, 71, 1.0), (CODE, 31, 1.0)]))
    assert columns.take_changed().tolist() == [3, 8]
    columns.advance(85)
    columns.merge(line([(CODE, 40, 1.0)]))
    assert columns.take_changed().tolist() == [5, 9, 10]


@given(st.lists(rows, max_size=40))
def test_pairs_of_columns_merged_class_by_class_equal_lines_of_longer_columns(taken: list[Row]) -> None:
    summary = replace(line(taken, n_columns=64, column_log2=1).snapshot(), runs=None)
    for column_log2 in (2, 3, 4):
        summary = with_pairs_merged(summary)
        longer = line(taken, n_columns=64, column_log2=column_log2)
        if len(summary.n_rows) == 0:
            assert len(longer.snapshot().n_rows) == 0
            continue
        ended = longer.snapshot()
        begin = summary.first_column - ended.first_column
        fields = [getattr(ended, name) for name in ColumnSummary.__slots__[2:-1]]
        cut = ColumnSummary(column_log2, summary.first_column, *(field[begin:] for field in fields))
        assert state(summary) == state(cut)


def test_lines_of_other_columns_do_not_merge() -> None:
    for shape in ({"n_columns": 9}, {"column_log2": 4}):
        with pytest.raises(ValueError, match="merge only where"):
            line().merge(line(**shape))


def in_order(taken: list[Row], column_log2: int = 3) -> dict[int, list[float]]:
    """Values by column, in the stable order of time."""
    ordered: dict[int, list[float]] = {}
    for key, time, value in sorted(taken, key=lambda row: row[1]):
        if key == CODE:
            ordered.setdefault(time >> column_log2, []).append(value)
    return ordered


@given(parts)
def test_ranges_between_gaps_are_those_of_the_rows_where_they_came_in_order_or_were_read_again(
    divided: list[list[Row]],
) -> None:
    columns = line()
    taken: list[Row] = []
    for part in divided:
        taken += part
        columns.update(batch_of(part))
        ordered = in_order(taken)
        late = columns.disordered.tolist()
        for column, spans in runs_of(columns.snapshot()).items():
            assert twins.union(spans) == twins.covered_inside(ordered[column]) or column in late
        for column in late[::2]:
            times = sorted(time for key, time, _ in taken if key == CODE and time >> 3 == column)
            reread(columns, column, np.array(times), np.array(ordered[column]))
        assert columns.disordered.tolist() == late[1::2]
        for column, spans in runs_of(columns.snapshot()).items():
            assert twins.union(spans) == twins.covered_inside(ordered[column]) or column in late[1::2]
        assert state(columns.snapshot())[:-1] == state(line(taken).snapshot())[:-1]


@given(st.lists(rows, max_size=30), st.lists(rows, max_size=30))
def test_merged_ranges_between_gaps_are_those_of_the_rows(first: list[Row], second: list[Row]) -> None:
    first = [(key, time // 2, value) for key, time, value in first]
    second = [(key, 45 + time // 2, value) for key, time, value in second]
    whole, merged = sorted(first, key=lambda row: row[1]), line(sorted(first, key=lambda row: row[1]))
    merged.merge(line(sorted(second, key=lambda row: row[1])))
    ordered = in_order(whole + second)
    assert len(merged.disordered) == 0
    for column, spans in runs_of(merged.snapshot()).items():
        assert twins.union(spans) == twins.covered_inside(ordered[column])


def test_a_run_goes_on_over_any_number_of_merged_parts() -> None:
    parts_of = [
        [(CODE, 0, 1.0)],
        [(CODE, 1, 2.0)],
        [(CODE, 2, 5.0), (CODE, 3, np.nan)],
        [(CODE, 4, 7.0)],
        [(CODE, 5, 9.0)],
    ]
    left, right = line(), line(parts_of[-1])
    for part in parts_of:
        left.merge(line(part))
    for part in parts_of[-2::-1]:
        earlier = line(part)
        earlier.merge(right)
        right = earlier
    for merged in (left, right):
        assert twins.union(runs_of(merged.snapshot())[0]) == [(1.0, 5.0), (7.0, 9.0)]


def test_columns_with_too_many_ranges_are_counted_after_merging_too() -> None:
    held = np.column_stack((np.arange(MAX_CLOSED + 2) * 10.0, np.arange(MAX_CLOSED + 2) * 10.0 + 1)).ravel()
    held = np.insert(held, slice(2, None, 2), np.nan)
    crowded, merged = line(column_log2=10), line([(CODE, 0, np.nan)], column_log2=10)
    crowded.update(readings(1 + np.arange(len(held)), key=np.full(len(held), CODE), value=held))
    merged.merge(crowded)
    assert merged.n_joined == crowded.n_joined == 1


def test_what_was_covered_stays_where_only_some_of_the_rows_are_left_to_be_read_again() -> None:
    taken = [(CODE, 0, 1.0), (CODE, 1, 2.0), (CODE, 2, np.nan), (CODE, 4, 5.0), (CODE, 5, 6.0)]
    columns = line([*taken, (CODE, 3, 8.0)])
    assert runs_of(columns.snapshot()) == {0: [(1.0, 2.0), (5.0, 6.0), (8.0, 8.0)]}
    reread(columns, 0, np.array([3, 4, 5]), np.array([8.0, 5.0, 6.0]))
    assert runs_of(columns.snapshot()) == {0: [(1.0, 2.0), (5.0, 6.0), (5.0, 8.0)]}
    assert len(columns.disordered) == 0
    columns.update(batch_of([(CODE, 3, 9.0), (CODE, 6, 4.0)]))
    columns.take_changed()
    reread(columns, 0, np.empty(0, np.int64), np.empty(0))
    assert runs_of(columns.snapshot()) == {0: [(1.0, 2.0), (4.0, 6.0), (5.0, 8.0), (9.0, 9.0)]}
    assert columns.take_changed().tolist() == [0]


def test_a_late_gap_is_left_out_until_the_rows_are_read_again() -> None:
    columns = line([(CODE, 0, 1.0), (CODE, 2, 4.0), (CODE, 1, np.nan), (CODE, 3, 5.0)])
    assert twins.union(runs_of(columns.snapshot())[0]) == [(1.0, 5.0)]
    reread(columns, 0, np.arange(4), np.array([1.0, np.nan, 4.0, 5.0]))
    assert runs_of(columns.snapshot()) == {0: [(4.0, 5.0)]}


def test_where_more_ranges_lie_apart_than_are_kept_the_nearest_become_one() -> None:
    lows = np.arange(MAX_CLOSED + 2) ** 2.0 * 10
    held = np.column_stack((lows, lows + 1, np.full(len(lows), np.nan))).ravel()
    columns = line(column_log2=10)
    columns.update(readings(np.arange(len(held)), key=np.full(len(held), CODE), value=held))
    assert columns.n_joined == 1
    assert runs_of(columns.snapshot())[0] == [(0.0, 41.0), *((low, low + 1) for low in lows[3:])]
    columns.advance(1 << 20)
    assert columns.n_joined == 0
