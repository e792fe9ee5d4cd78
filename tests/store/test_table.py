from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

from pipelines.core.schema import READINGS, TRADES
from pipelines.core.spec import Retention, TableSpec
from pipelines.kernels.pages import PAGE_ROWS
from pipelines.store import shelves
from pipelines.store.segment import SEGMENT_ROWS
from pipelines.store.table import Table
from tests.batches import readings, trades


def table_with(**limits: int) -> Table:
    return Table(TableSpec(READINGS, Retention(**limits)))


def n_rows(table: Table, code: int) -> int:
    series = table.series(code)
    return 0 if series is None else series.n_rows


def test_an_empty_table_has_nothing() -> None:
    table = table_with()
    assert (table.generation, table.newest_ns, table.n_rows, table.n_bytes) == (0, None, 0, 0)
    assert table.keys().tolist() == []
    assert table.series(0) is None
    table.append(readings([]))
    assert table.evict() == table.generation == 0


def test_rows_are_found_by_their_key() -> None:
    table = table_with(window_ns=100)
    table.append(readings([5, 4, 9], key=[7, 2, 7], value=[1, 2, 3]))
    assert table.keys().tolist() == [2, 7]
    assert table.keys().dtype == np.int32
    assert (table.generation, table.newest_ns) == (1, 9)
    series = table.series(7)
    assert series is not None
    assert (series.code, series.n_rows, series.first_row, series.next_row) == (7, 2, 0, 2)
    assert series.tail(2)["value"].tolist() == [1.0, 3.0]
    assert [table.series(code) for code in (-1, 0, 8)] == [None] * 3


def test_a_row_without_a_key_is_refused() -> None:
    table = table_with()
    with pytest.raises(ValueError, match="without a key"):
        table.append(readings([1, 2], key=[0, -1]))
    assert table.n_rows == 0


def test_a_batch_that_is_refused_leaves_the_table_as_it_was() -> None:
    table = table_with()
    table.append(readings([1]))
    with pytest.raises(ValueError, match="without a key"):
        table.append(readings([2, 3], key=[0, -1]))
    table.append(readings([4]))
    assert table.since(0, 0, ["time"]).columns["time"].tolist() == [1, 4]


def test_a_silent_key_frees_its_memory_once_its_rows_are_too_old() -> None:
    table = table_with(window_ns=100)
    table.append(readings(np.arange(50), key=1))
    table.append(readings(np.arange(SEGMENT_ROWS + 5) // 100, key=2))
    alone = table_with(window_ns=100)
    for each in (table, alone):
        each.append(readings([149, 150], key=3))
    assert table.evict() == 50 + SEGMENT_ROWS + 5
    assert table.keys().tolist() == [3]
    assert table.n_bytes == alone.n_bytes
    assert table.evict() == 0


def test_a_slow_key_gives_its_old_pages_before_it_has_filled_a_segment() -> None:
    table = table_with(window_ns=100)
    table.append(readings(np.arange(1_000)))
    table.evict()
    series = table.series(0)
    assert series is not None
    assert 1_000 - 100 - PAGE_ROWS < series.first_row <= 1_000 - 100


def test_a_key_that_comes_back_goes_on_counting_its_rows() -> None:
    table = table_with(window_ns=10)
    table.append(readings([0, 1, 2], key=0))
    table.append(readings([50], key=1))
    table.evict()
    assert table.series(0) is None
    table.append(readings([51], key=0))
    series = table.series(0)
    assert series is not None
    assert (series.first_row, series.next_row) == (3, 4)
    assert series.since(0).n_missed == 3


def test_rows_beyond_the_limit_go_oldest_segment_first_whatever_their_key() -> None:
    table = table_with(max_rows=3 * SEGMENT_ROWS, min_rows=0)
    for start, key in ((0, 0), (SEGMENT_ROWS, 1), (2 * SEGMENT_ROWS, 0), (3 * SEGMENT_ROWS, 1)):
        table.append(readings(np.arange(start, start + SEGMENT_ROWS), key=key))
        table.evict()
    assert [n_rows(table, key) for key in (0, 1)] == [SEGMENT_ROWS, 2 * SEGMENT_ROWS]
    table.append(readings([4 * SEGMENT_ROWS], key=2))
    assert table.evict() == SEGMENT_ROWS
    assert [n_rows(table, key) for key in (0, 1, 2)] == [SEGMENT_ROWS, SEGMENT_ROWS, 1]


def test_pages_go_before_newer_segments_and_segments_before_newer_pages() -> None:
    table = table_with(max_rows=SEGMENT_ROWS + 2 * PAGE_ROWS, min_rows=0)
    table.append(readings(np.arange(PAGE_ROWS), key=0))
    table.append(readings(np.arange(SEGMENT_ROWS) + 1_000, key=1))
    table.append(readings(np.arange(2 * PAGE_ROWS) + 10_000, key=2))
    assert table.evict() == PAGE_ROWS
    assert table.keys().tolist() == [1, 2]
    table.append(readings([20_000], key=2))
    assert table.evict() == SEGMENT_ROWS
    assert table.keys().tolist() == [2]


def test_a_look_for_many_pages_passes_over_no_older_segment() -> None:
    table = table_with(max_rows=SEGMENT_ROWS, min_rows=0)
    table.append(readings(np.arange(PAGE_ROWS), key=0))
    table.append(readings(np.arange(SEGMENT_ROWS) + 1_000, key=1))
    table.append(readings(np.arange(2 * PAGE_ROWS) + 10_000, key=2))
    assert table.evict() == PAGE_ROWS + SEGMENT_ROWS
    assert table.keys().tolist() == [2]


def test_late_rows_go_with_the_younger_ones_that_stood_before_them() -> None:
    table = table_with(window_ns=50, max_rows=2 * PAGE_ROWS, min_rows=0)
    times = [1_000] * PAGE_ROWS + [10] * PAGE_ROWS + [1_000]
    table.append(readings(times))
    assert table.evict() == 2 * PAGE_ROWS
    assert n_rows(table, 0) == 1


def test_keys_leave_one_after_the_other_as_the_window_moves_on() -> None:
    table = table_with(window_ns=10)
    for time in range(5):
        table.append(readings([time], key=time))
    n_evicted = []
    for time in range(10, 16):
        table.append(readings([time], key=9))
        n_evicted.append(table.evict())
    assert n_evicted == [0, 1, 1, 1, 1, 1]
    assert table.keys().tolist() == [9]


def test_the_pages_behind_a_segment_outlive_it_and_leave_in_their_turn() -> None:
    table = table_with(window_ns=200)
    n_open = 3 * PAGE_ROWS
    times = np.concatenate([np.zeros(SEGMENT_ROWS), 1_000 + np.arange(n_open)])
    table.append(readings(times, key=0))
    table.evict()
    assert n_rows(table, 0) == n_open
    table.append(readings(np.full(5, 1_000 + PAGE_ROWS + 200), key=1))
    assert table.evict() == PAGE_ROWS
    table.append(readings(np.full(SEGMENT_ROWS - 1, 1_200), key=2))  # takes the pages that are free now
    series = table.series(0)
    assert series is not None
    assert series.tail(n_open)["time"].tolist() == times[-2 * PAGE_ROWS :].tolist()


def test_a_busy_key_never_evicts_the_minimum_of_the_others() -> None:
    table = table_with(max_rows=2 * SEGMENT_ROWS, min_rows=100)
    quiet = [readings(np.arange(n), key=key) for key, n in ((0, 100), (1, SEGMENT_ROWS + 99), (2, 1_000))]
    for batch in quiet:
        table.append(batch)
    for start in range(10):
        table.append(readings(np.arange(SEGMENT_ROWS) + 10_000 * (start + 1), key=9))
        table.evict()
    assert n_rows(table, 0) == 100
    assert n_rows(table, 1) == SEGMENT_ROWS + 99, "99 rows would be left without its segment"
    assert 100 <= n_rows(table, 2) < 100 + PAGE_ROWS
    table.append(readings([1_000_000], key=1))
    table.evict()
    assert n_rows(table, 1) == 100


def test_memory_stays_below_its_limit_and_counts_what_is_allocated() -> None:
    limit = 2_000_000
    table = Table(TableSpec(TRADES, Retention(memory_bytes=limit, min_rows=0)))
    random = np.random.default_rng(0)
    for start in range(0, 200_000, 5_000):
        times = np.arange(start, start + 5_000)
        table.append(trades(times, key=random.integers(0, 30, 5_000)))
        table.evict()
        assert table.n_bytes <= limit
    kept = [table.series(code) for code in table.keys().tolist()]
    segments = [segment for series in kept if series is not None for segment in series.segments]
    n_open = sum(series.n_rows - len(series.segments) * SEGMENT_ROWS for series in kept if series is not None)
    sealed_bytes = sum(segment.n_bytes for segment in segments)
    row_bytes = TRADES.row_bytes - 4  # the key is not stored
    assert n_open * row_bytes <= table.n_bytes - sealed_bytes <= (n_open + 30 * (PAGE_ROWS - 1)) * row_bytes
    assert table.n_bytes > limit * 0.9


def test_rows_and_summaries_take_less_than_the_raw_columns_and_a_third() -> None:
    table = Table(TableSpec(TRADES))
    for start in range(0, 1_000_000, 50_000):
        times = np.arange(start, start + 50_000)
        table.append(trades(times, key=times % 50))
    assert table.n_bytes < 1.3 * TRADES.row_bytes * 1_000_000


def test_an_evicted_segment_lives_as_long_as_a_reader_holds_a_view_of_it() -> None:
    table = table_with(window_ns=10)
    table.append(readings(np.arange(SEGMENT_ROWS) // 1_000))
    series = table.series(0)
    assert series is not None
    rows = series.segments[0].wide.base
    memory, view = weakref.ref(rows), series.range(2, 3)["value"]
    table.append(readings([1_000_000], key=1))
    table.evict()
    del series, rows
    gc.collect()
    assert memory() is not None
    assert view.tolist() == [2.0] * 1_000
    del view
    assert memory() is None


def test_each_published_append_and_eviction_is_a_generation() -> None:
    table = table_with(window_ns=10)
    seen = []
    for time in (0, 5, 100):
        table.append(readings([time], key=time))
        seen.append(table.generation)
        table.evict()
        seen.append(table.generation)
    assert seen == [1, 1, 2, 2, 3, 4]
    assert (table.n_appended, table.n_evicted, table.n_rows) == (3, 2, 1)


def test_the_window_may_end_elsewhere_than_at_the_newest_row() -> None:
    table = Table(TableSpec(READINGS, Retention(window_ns=100, min_rows=0)))
    table.append(readings(np.arange(64)))
    table.append(readings([5_000]))  # one row far ahead of the others
    assert table.evict(70) == 0
    assert table.evict() == 64


def test_a_table_that_failed_takes_no_more_rows_and_shows_what_it_had(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise MemoryError

    table = Table(TableSpec(READINGS, Retention()))
    table.append(readings([1, 2]))
    with monkeypatch.context() as patch:
        patch.setattr(shelves, "seal", fail)
        with pytest.raises(MemoryError):
            table.append(readings(np.arange(5_000)))
    with pytest.raises(RuntimeError, match="restart"):
        table.append(readings([3]))
    series = table.series(0)
    assert series is not None
    assert series.since(0).columns["time"].tolist() == [1, 2]
    assert table.n_rows == 2


def test_many_keys_do_not_keep_more_than_the_memory() -> None:
    limit = 1 << 20
    table = Table(TableSpec(READINGS, Retention(memory_bytes=limit, min_rows=256)))
    for number in range(400):
        table.append(readings(np.arange(2_000) + number * 2_000, key=np.arange(2_000) % 300))
        table.evict()
    assert table.n_bytes <= limit
    assert len(table.keys()) == 300


def test_what_is_new_is_read_without_the_series_and_equals_it() -> None:
    table = table_with(window_ns=100_000)
    n_rows = 0
    for n_new in (1, 63, 1, 700, 3_331, 1, 4_096, 5_000):
        table.append(readings(np.arange(n_rows, n_rows + n_new) * 2, key=2, value=np.arange(n_rows, n_rows + n_new)))
        n_rows += n_new
        series = table.series(2)
        assert series is not None
        for row in (0, n_rows - n_new, n_rows - 1, n_rows // 2, n_rows, n_rows + 1):
            for max_rows in (None, 1, 200):
                expected = series.since(row, ["value", "sensor"], max_rows=max_rows)
                rows = table.since(2, row, ["value", "sensor"], max_rows=max_rows)
                assert (rows.next_row, rows.n_missed) == (expected.next_row, expected.n_missed)
                assert {name: array.tolist() for name, array in rows.columns.items()} == {
                    name: array.tolist() for name, array in expected.columns.items()
                }
    assert tuple(table.since(2, n_rows - 1).columns) == READINGS.names


def test_what_is_new_of_a_key_that_has_nothing_is_nothing() -> None:
    table = table_with(window_ns=10)
    for code in (-1, 0, 7):
        rows = table.since(code, 5, ["value"])
        assert (rows.columns["value"].tolist(), rows.next_row, rows.n_missed) == ([], 5, 0)
    table.append(readings([0, 1, 2], key=0))
    table.append(readings([50], key=1))
    table.evict()
    rows = table.since(0, 1)
    assert (rows.columns["time"].tolist(), rows.next_row, rows.n_missed) == ([], 3, 2)
