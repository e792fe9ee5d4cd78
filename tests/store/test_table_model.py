"""A table against plain Python lists."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from pipelines.core.schema import READINGS
from pipelines.core.spec import Retention, TableSpec
from pipelines.kernels.pages import PAGE_ROWS
from pipelines.store.segment import SEGMENT_ROWS
from pipelines.store.series import Series
from pipelines.store.table import Table
from tests.batches import readings

KEYS = st.integers(0, 3)
NO_LIMIT = 10**9


class TableMachine(RuleBasedStateMachine):
    """Each key's rows are a list of (time, value) as they came, and how many of them were evicted."""

    @initialize(
        window_ns=st.sampled_from([50, 1_000, NO_LIMIT]),
        max_rows=st.sampled_from([None, 70, 6_000]),
        memory_bytes=st.sampled_from([20_000, 400_000, NO_LIMIT]),
        min_rows=st.sampled_from([0, 1, 100, 5_000]),
    )
    def make(self, window_ns: int, max_rows: int | None, memory_bytes: int, min_rows: int) -> None:
        self.retention = Retention(window_ns, memory_bytes, max_rows, min_rows)
        self.table = Table(TableSpec(READINGS, self.retention))
        self.rows: dict[int, list[tuple[int, float]]] = defaultdict(list)
        self.n_gone: dict[int, int] = defaultdict(int)
        self.cursors: dict[int, int] = defaultdict(int)
        self.now_ns = 0
        self.n_appended = 0

    @rule(rows=st.lists(st.tuples(KEYS, st.integers(-60, 20)), min_size=1, max_size=150))
    def append(self, rows: list[tuple[int, int]]) -> None:
        times = [self.now_ns + ahead for _, ahead in rows]
        self._append([key for key, _ in rows], times)

    @rule(
        keys=st.lists(KEYS, min_size=1, max_size=3), n=st.integers(500, 9_000), jitter=st.sampled_from([1, 40, 3_000])
    )
    def append_many(self, keys: list[int], n: int, jitter: int) -> None:
        random = np.random.default_rng(n)
        times = self.now_ns + np.arange(n) // 8 - random.integers(0, jitter, n)
        self._append(random.choice(keys, n).tolist(), times.tolist())

    @rule(by_ns=st.sampled_from([1, 30, 500, 20_000]))
    def pass_time(self, by_ns: int) -> None:
        self.now_ns += by_ns

    @rule()
    def evict(self) -> None:
        before = {key: self._kept(key) for key in self.rows}
        n_evicted = self.table.evict()
        for key in self.rows:
            series = self.table.series(key)
            self.n_gone[key] = len(self.rows[key]) if series is None else series.first_row
        after = {key: self._kept(key) for key in self.rows}
        assert n_evicted == sum(len(before[key]) - len(after[key]) for key in self.rows)
        assert self.table.evict() == 0
        self._nothing_young_went(before, after)
        self._nothing_is_left_that_should_have_gone(after)

    @rule(key=KEYS, start=st.integers(-3_000, 100), length=st.integers(0, 4_000))
    def range(self, key: int, start: int, length: int) -> None:
        series, start_ns = self.table.series(key), self.now_ns + start
        rows = [row for row in self._kept(key) if start_ns <= row[0] < start_ns + length]
        if series is not None:
            found = series.range(start_ns, start_ns + length, ["time", "value"])
            assert _rows(found) == sorted(rows, key=lambda row: row[0])

    @rule(key=KEYS)
    def since(self, key: int) -> None:
        series, cursor = self.table.series(key), self.cursors[key]
        if series is not None:
            rows = series.since(cursor, ["time", "value"])
            first = max(cursor, self.n_gone[key])
            assert _rows(rows.columns) == self.rows[key][first:]
            assert rows.n_missed == first - cursor
            self.cursors[key] = rows.next_row

    @rule(key=KEYS, n=st.integers(0, 5_000))
    def tail(self, key: int, n: int) -> None:
        series, kept = self.table.series(key), self._kept(key)
        if series is not None:
            assert _rows(series.tail(n, ["time", "value"])) == kept[max(len(kept) - n, 0) :]

    @invariant()
    def the_counts_are_those_of_the_lists(self) -> None:
        kept = {key: len(self._kept(key)) for key in self.rows}
        assert self.table.keys().tolist() == sorted(key for key, n_rows in kept.items() if n_rows)
        assert {key: _n_rows(self.table.series(key)) for key in self.rows} == kept
        assert self.table.n_rows == sum(kept.values()) == self.table.n_appended - self.table.n_evicted
        assert self.table.n_appended == self.n_appended
        times = [time for rows in self.rows.values() for time, _ in rows]
        assert self.table.newest_ns == max(times, default=None)

    def _append(self, keys: list[int], times: list[int]) -> None:
        values = [float(self.n_appended + number) for number in range(len(keys))]
        self.table.append(readings(times, key=keys, value=values))
        for key, time, value in zip(keys, times, values, strict=True):
            self.rows[key].append((time, value))
        self.n_appended += len(keys)
        self.now_ns = max(self.now_ns, *times)

    def _kept(self, key: int) -> list[tuple[int, float]]:
        return self.rows[key][self.n_gone[key] :]

    def _horizon_ns(self) -> int:
        newest_ns = self.table.newest_ns
        return -(1 << 63) if newest_ns is None else newest_ns - self.retention.window_ns

    def _nothing_young_went(self, before: dict[int, list], after: dict[int, list]) -> None:
        has_memory = self.retention.memory_bytes == NO_LIMIT
        unlimited = self.retention.max_rows is None and has_memory
        min_rows = self.retention.min_rows if has_memory else 0  # it shrinks where the memory is too small for it
        for key, rows in before.items():
            gone = rows[: len(rows) - len(after[key])]
            young = [place for place, (time, _) in enumerate(gone) if time >= self._horizon_ns()]
            assert not young or (not unlimited and len(rows) - young[-1] > min_rows)

    def _nothing_is_left_that_should_have_gone(self, after: dict[int, list]) -> None:
        heads = {key: rows[: self._head_rows(key)] for key, rows in after.items() if rows}
        for head in heads.values():
            assert max(time for time, _ in head) >= self._horizon_ns()
        too_many = self.retention.max_rows is not None and self.table.n_rows > self.retention.max_rows
        if too_many or self.table.n_bytes > self.retention.memory_bytes:
            assert all(len(after[key]) - len(head) < self.retention.min_rows for key, head in heads.items())

    def _head_rows(self, key: int) -> int:
        series = self.table.series(key)
        return SEGMENT_ROWS if series is not None and series.segments else PAGE_ROWS


def _rows(columns: dict[str, np.ndarray]) -> list[tuple[int, float]]:
    return list(zip(columns["time"].tolist(), columns["value"].tolist(), strict=True))


def _n_rows(series: Series | None) -> int:
    return 0 if series is None else series.n_rows


TestTableIsItsLists = TableMachine.TestCase
TestTableIsItsLists.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
