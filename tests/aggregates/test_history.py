from __future__ import annotations

import dataclasses
import sys
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.aggregates.column_summary import ColumnSummary
from pipelines.aggregates.history import summarise_columns
from pipelines.core.batch import Batch
from pipelines.core.schema import QUOTES, READINGS
from pipelines.core.spec import Retention, TableSpec
from pipelines.store.segment import SEGMENT_ROWS
from pipelines.store.series import Series
from pipelines.store.table import Table
from tests.batches import readings
from tests.kernels import twins

MANY = 1 << 40


def quotes(time: np.ndarray, bid_size: np.ndarray) -> Batch:
    """Quotes whose bid is the arrival number; the size is optional, so it may be NaN."""
    floats = {name: np.arange(len(time), dtype=float) for name in ("bid", "ask", "ask_size")}
    columns = {"time": time, "symbol": np.zeros(len(time), np.int32), "bid_size": bid_size}
    return Batch(QUOTES, columns | floats)


def series_of(batch: Batch, **limits: int) -> Series:
    """A series from batches of odd sizes, of which some may be evicted."""
    table = Table(TableSpec(batch.schema, Retention(**{"window_ns": MANY, "memory_bytes": MANY} | limits)))
    for start in range(0, len(batch), 5_003):
        part = {name: array[start : start + 5_003] for name, array in batch.columns.items()}
        table.append(Batch(batch.schema, part))
        table.evict()
    series = table.series(0)
    assert series is not None
    return series


def check(series: Series, value: str, column_log2: int, first_column: int, n_columns: int) -> ColumnSummary:
    """Ask for columns, and compare them with those of the plain rows."""
    columns = {"column_log2": column_log2, "first_column": first_column, "n_columns": n_columns}
    found = summarise_columns(series, value=value, **columns)
    assert (found.column_log2, found.first_column) == (column_log2, first_column)
    rows = series.since(0, ["time", value]).columns
    expected = twins.columns(rows["time"], rows[value], **columns)
    has_row = expected["n_rows"] > 0
    assert {field.name for field in dataclasses.fields(found)} == {"column_log2", "first_column", "runs", *expected}
    for name, array in expected.items():
        ours = getattr(found, name)
        assert ours.dtype == array.dtype
        kept = has_row if name in ("first_ns", "last_ns") else slice(None)
        np.testing.assert_array_equal(ours[kept], array[kept], err_msg=name)
    return found


@settings(max_examples=200, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.sampled_from([1, 100, SEGMENT_ROWS, 3 * SEGMENT_ROWS + 500, 6 * SEGMENT_ROWS]),
    spacing=st.sampled_from([0, 1, 7, 5_000]),
    lateness=st.sampled_from([0, 2, 500, 9_000]),
    share_nan=st.sampled_from([0.0, 0.001, 0.3, 1.0]),
    max_rows=st.sampled_from([MANY, 5_000]),
    column_log2=st.integers(0, 30),
    place=st.floats(-0.2, 1.1),
    n_columns=st.sampled_from([1, 2, 50, 1_200]),
)
def test_columns_equal_those_of_the_plain_rows(
    seed: int,
    n: int,
    spacing: int,
    lateness: int,
    share_nan: float,
    max_rows: int,
    column_log2: int,
    place: float,
    n_columns: int,
) -> None:
    random = np.random.default_rng(seed)
    time = np.cumsum(random.integers(0, spacing + 1, n)) - random.integers(0, lateness + 1, n)
    sizes = random.integers(0, 1_000, n).astype(float)
    odd = random.random(n) < share_nan
    sizes[odd] = random.choice([np.nan, np.nan, np.inf, -np.inf], odd.sum())
    series = series_of(quotes(time, sizes), max_rows=max_rows)
    first_column = int(time.min() + place * (np.ptp(time) + 1)) >> column_log2
    check(series, "bid", column_log2, first_column, n_columns)
    check(series, "bid_size", column_log2, first_column, n_columns)


@pytest.mark.parametrize("column_log2", [0, 1, 5, 12, 20, 62])
def test_columns_of_any_width_begin_anywhere_in_time(column_log2: int) -> None:
    epoch_ns = 1_700_000_000_000_000_000
    series = series_of(readings(epoch_ns + np.arange(3 * SEGMENT_ROWS + 10) * 3))
    for offset in (-5, 0, 1):
        check(series, "value", column_log2, (epoch_ns >> column_log2) + offset, 300)


def test_segments_that_lie_across_each_other_keep_the_order_of_time_and_arrival() -> None:
    """Each of three segments has rows of all columns, and each time comes in all of them."""
    time = np.tile(np.repeat(np.arange(1_024), 4), 3)
    series = series_of(readings(time, value=np.random.default_rng(1).permutation(len(time))))
    found = check(series, "value", 4, 0, 64)
    assert found.n_rows.tolist() == [3 * 4 * 16] * 64


def test_columns_without_rows_are_empty() -> None:
    series = series_of(readings([100, 5_000]))
    found = check(series, "value", 3, 20, 100)
    assert not found.n_rows.any()
    assert not found.broken.any()
    assert np.isnan([found.first, found.last, found.low, found.high]).all()


def test_a_column_of_nothing_but_nan_is_broken_and_has_no_extremes() -> None:
    series = series_of(readings(np.arange(2 * SEGMENT_ROWS)))
    found = check(series, "lat", 12, 0, 3)
    assert found.broken.tolist() == [True, True, False]
    assert np.isnan(found.low).all()


def test_one_spike_among_a_million_rows_shows_in_its_column_at_every_width() -> None:
    values = np.zeros(1_000_000)
    values[654_321] = 9.0
    series = series_of(readings(np.arange(1_000_000), value=values))
    for column_log2 in range(21):
        first_column = (654_321 >> column_log2) - 3
        found = summarise_columns(
            series, value="value", column_log2=column_log2, first_column=first_column, n_columns=7
        )
        assert np.flatnonzero(found.high == 9.0).tolist() == [3]


def test_a_reader_gets_whole_answers_while_the_writer_appends_and_evicts() -> None:
    table = Table(TableSpec(READINGS, Retention(window_ns=60_000, max_rows=40_000, min_rows=64)))
    done = threading.Event()
    failures: list[BaseException] = []
    n_answers = [0]

    def ask() -> None:
        try:
            while not done.is_set():
                series = table.series(0)
                if series is not None:
                    newest = int(series.tail(1, ["time"])["time"][0])
                    check(series, "value", 8, (newest >> 8) - 150, 160)
                    n_answers[0] += 1
        except BaseException as error:  # whatever it is, the test fails with it
            failures.append(error)

    reader = threading.Thread(target=ask)
    interval_s = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        reader.start()
        random = np.random.default_rng(0)
        for start in range(0, 600_000, 1_500):
            table.append(readings(start + np.arange(1_500) - random.integers(0, 400, 1_500)))
            table.evict()
    finally:
        done.set()
        reader.join()
        sys.setswitchinterval(interval_s)
    assert not failures
    assert n_answers[0] > 0
    assert table.n_evicted > 0
