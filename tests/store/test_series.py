from __future__ import annotations

import numpy as np
import pytest

from pipelines.core.schema import READINGS
from pipelines.core.spec import Retention, TableSpec
from pipelines.store.segment import SEGMENT_ROWS
from pipelines.store.series import Series
from pipelines.store.table import Table
from tests.batches import readings

N_ROWS = 2 * SEGMENT_ROWS + 100
NAMES = READINGS.names


def series_of(time: np.ndarray, **limits: int) -> Series:
    """A series whose value is the arrival number."""
    table = Table(TableSpec(READINGS, Retention(**limits)))
    table.append(readings(time, key=3, value=np.arange(len(time))))
    table.evict()
    series = table.series(3)
    assert series is not None
    return series


@pytest.fixture
def shuffled() -> np.ndarray:
    """Times that come in disorder and many times over, through all segments and the open rows."""
    return np.random.default_rng(5).integers(0, 1_000, N_ROWS)


def test_a_range_is_sorted_by_time_and_keeps_the_order_of_arrival_within_a_time(shuffled: np.ndarray) -> None:
    order = np.argsort(shuffled, kind="stable")
    expected = order[(shuffled[order] >= 200) & (shuffled[order] < 700)]
    found = series_of(shuffled).range(200, 700)
    assert found["value"].tolist() == expected.tolist()
    assert found["time"].tolist() == shuffled[expected].tolist()


def test_a_range_is_half_open_and_ends_at_the_limits_of_int64() -> None:
    series = series_of(np.array([10, 20, 30]))
    assert series.range(10, 30)["time"].tolist() == [10, 20]
    assert series.range(-(1 << 63), (1 << 63) - 1)["time"].tolist() == [10, 20, 30]
    assert series.range(30, 10)["time"].tolist() == []


def test_up_to_when_there_are_so_many_rows_is_estimated_and_always_later() -> None:
    time = np.arange(10 * SEGMENT_ROWS + 100) * 10 - np.random.default_rng(1).integers(
        0, 5_000, 10 * SEGMENT_ROWS + 100
    )
    series = series_of(np.maximum(time, 0))
    start_ns, n_read = 0, []
    while start_ns < 1 << 20:
        end_ns = series.until(start_ns, 1 << 20, 1_000)
        assert start_ns < end_ns <= 1 << 20
        n_read.append(len(series.range(start_ns, end_ns)["time"]))
        start_ns = end_ns
    assert sum(n_read) == series.n_rows
    assert max(n_read) < 1_100
    assert len(n_read) < 120
    assert series_of(np.full(SEGMENT_ROWS, 7)).until(7, 1_000, 10) == 8
    assert series_of(np.arange(10)).until(-(1 << 62), 1 << 61, 10) == 1 << 61


def test_since_gives_the_rows_as_they_came_and_where_to_go_on(shuffled: np.ndarray) -> None:
    series = series_of(shuffled)
    for row in (0, 1, SEGMENT_ROWS - 1, SEGMENT_ROWS, 2 * SEGMENT_ROWS + 50, N_ROWS):
        rows = series.since(row)
        assert rows.columns["value"].tolist() == list(range(row, N_ROWS))
        assert rows.columns["time"].tolist() == shuffled[row:].tolist()
        assert (rows.next_row, rows.n_missed) == (N_ROWS, 0)


def test_since_counts_the_rows_that_were_evicted_before_they_were_asked_for() -> None:
    series = series_of(np.arange(N_ROWS), max_rows=SEGMENT_ROWS + 100)
    assert series.first_row == SEGMENT_ROWS
    rows = series.since(10)
    assert (rows.next_row, rows.n_missed) == (N_ROWS, SEGMENT_ROWS - 10)
    assert rows.columns["value"].tolist() == list(range(SEGMENT_ROWS, N_ROWS))


def test_a_cursor_that_is_ahead_of_an_older_series_stays_where_it_is() -> None:
    rows = series_of(np.arange(10)).since(15)
    assert (len(rows.columns["time"]), rows.next_row, rows.n_missed) == (0, 15, 0)


@pytest.mark.parametrize("n", [0, 1, 99, 101, SEGMENT_ROWS + 101, N_ROWS, N_ROWS + 1])
def test_a_tail_is_the_newest_arrivals(shuffled: np.ndarray, n: int) -> None:
    assert series_of(shuffled).tail(n)["value"].tolist() == list(range(max(N_ROWS - n, 0), N_ROWS))


def test_only_the_columns_asked_for_are_returned_and_the_key_is_one_of_them() -> None:
    series = series_of(np.arange(10))
    assert tuple(series.tail(2)) == NAMES
    assert {name: array.dtype for name, array in series.tail(2).items()} == {
        column.name: column.dtype for column in READINGS.columns
    }
    assert {name: array.tolist() for name, array in series.range(8, 10, ["sensor", "value"]).items()} == {
        "sensor": [3, 3],
        "value": [8.0, 9.0],
    }
    with pytest.raises(KeyError):
        series.tail(1, ["price"])


def test_what_a_reader_is_given_never_changes() -> None:
    table = Table(TableSpec(READINGS))
    table.append(readings(np.arange(SEGMENT_ROWS + 10)))
    series = table.series(0)
    assert series is not None
    given = [series.tail(10)["value"], series.range(5, 9)["value"], series.since(0).columns["value"]]
    before = [array.copy() for array in given]
    table.append(readings(np.arange(SEGMENT_ROWS) + SEGMENT_ROWS, value=np.full(SEGMENT_ROWS, -1.0)))
    for array, expected in zip(given, before, strict=True):
        assert array.tolist() == expected.tolist()
    assert series.n_rows == series.next_row == SEGMENT_ROWS + 10


def test_rows_are_read_in_bounded_steps_each_once(shuffled: np.ndarray) -> None:
    series, row, values = series_of(shuffled), 0, []
    while row < N_ROWS:
        rows = series.since(row, ["value"], max_rows=1_500)
        assert len(rows.columns["value"]) == min(1_500, N_ROWS - row)
        values += rows.columns["value"].tolist()
        row = rows.next_row
    assert values == list(range(N_ROWS))
    assert series.since(row, max_rows=10).next_row == N_ROWS


def test_a_step_over_evicted_rows_counts_them_and_goes_on_behind() -> None:
    series = series_of(np.arange(N_ROWS), max_rows=SEGMENT_ROWS + 100)
    rows = series.since(10, max_rows=5)
    assert (rows.next_row, rows.n_missed) == (SEGMENT_ROWS + 5, SEGMENT_ROWS - 10)
    assert rows.columns["value"].tolist() == list(range(SEGMENT_ROWS, SEGMENT_ROWS + 5))


@pytest.mark.parametrize("lateness", [0, 1, 50, 3_000, 20_000])
@pytest.mark.parametrize("n_stragglers", [0, 3])
def test_a_range_of_rows_that_came_late_is_sorted_stably(lateness: int, n_stragglers: int) -> None:
    random = np.random.default_rng(lateness + n_stragglers)
    time = np.arange(5 * SEGMENT_ROWS + 999) // 3 - random.integers(0, lateness + 1, 5 * SEGMENT_ROWS + 999)
    time[random.integers(0, len(time), n_stragglers)] -= 4_000
    series = series_of(time)
    for start, end in ((-30_000, 30_000), (1_365, 1_366), (1_000, 5_000), (6_000, 9_000)):
        order = np.argsort(time, kind="stable")
        expected = order[(time[order] >= start) & (time[order] < end)]
        found = series.range(start, end, ["time", "value"])
        assert found["value"].tolist() == expected.tolist()
        assert found["time"].tolist() == time[expected].tolist()


def test_the_times_on_both_sides_of_a_moment_are_found(shuffled: np.ndarray) -> None:
    time = 2 * shuffled + np.repeat([0, 3_000, 0], [SEGMENT_ROWS, SEGMENT_ROWS, N_ROWS - 2 * SEGMENT_ROWS])
    series = series_of(time)
    for moment in (-5, 0, 1, 500, 501, 1_998, 1_999, 2_500, 3_000, 4_321, 4_998, 4_999, 9_000):
        assert series.time_before(moment) == max(time[time < moment].tolist(), default=None)
        assert series.time_from(moment) == min(time[time >= moment].tolist(), default=None)
