from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipelines.core.schema import READINGS
from pipelines.core.spec import Retention, TableSpec
from pipelines.live.explore.changes import rows_since, state_of
from pipelines.store.table import Table
from tests.batches import readings


class Kept:
    """A table of one key whose rows have their arrival numbers as values, and what is in a range of it."""

    def __init__(self, max_rows: int) -> None:
        self.table = Table(TableSpec(READINGS, Retention(window_ns=1 << 61, max_rows=max_rows, min_rows=0)))
        self.n_rows = 0

    def append(self, times_ns: np.ndarray) -> None:
        self.table.append(readings(times_ns, value=self.n_rows + np.arange(len(times_ns))))
        self.n_rows += len(times_ns)
        self.table.evict()

    def rows_between(self, start_ns: int, end_ns: int) -> list[float]:
        series = self.table.series(0)
        return [] if series is None else series.range(start_ns, end_ns)["value"].tolist()


@given(
    seed=st.integers(0, 2**32 - 1),
    n_batches=st.integers(1, 6),
    n_rows=st.sampled_from([1, 70, 1_000, 5_000]),
    jitter_ns=st.sampled_from([0, 50, 5_000]),
    max_rows=st.sampled_from([100, 5_000, 9_000, 1_000_000]),
)
def test_a_range_is_current_exactly_as_long_as_its_rows_are_the_same(
    seed: int, n_batches: int, n_rows: int, jitter_ns: int, max_rows: int
) -> None:
    random, kept = np.random.default_rng(seed), Kept(max_rows)
    kept.append(random.integers(0, 1_000, n_rows))
    ranges = [(0, 500), (500, 520), (-9_000, 1_000), (4_000, 6_000), (100_000, 100_001)]
    states = {bounds: state_of(kept.table.series(0), *bounds) for bounds in ranges}
    before = {bounds: kept.rows_between(*bounds) for bounds in ranges}
    for number in range(n_batches):
        kept.append(1_000 * number + np.arange(n_rows) - random.integers(0, jitter_ns + 1, n_rows))
        series = kept.table.series(0)
        for bounds in ranges:
            assert states[bounds].is_current(series) == (kept.rows_between(*bounds) == before[bounds])


def test_an_empty_range_of_a_key_without_rows_stays_as_it_is_until_a_row_comes() -> None:
    kept = Kept(100)
    state = state_of(None, 0, 10)
    assert state.is_current(None)
    kept.append(np.array([20]))
    assert state.is_current(kept.table.series(0))
    kept.append(np.array([5]))
    assert not state.is_current(kept.table.series(0))


def test_rows_since_are_those_of_the_range_in_order_of_arrival() -> None:
    times_ns = np.random.default_rng(3).integers(0, 1_000, 10_000)
    kept = Kept(1_000_000)
    kept.append(times_ns)
    series = kept.table.series(0)
    assert series is not None
    for row in (0, 1, 4_095, 4_096, 5_000, 9_000, 10_000):
        wanted = np.flatnonzero((times_ns >= 200) & (times_ns < 300))
        chunks = list(rows_since(series, row, 200, 300, max_rows=500))
        values = [value for chunk in chunks for value in chunk["value"].tolist()]
        assert values == wanted[wanted >= row].tolist()
        assert [time for chunk in chunks for time in chunk["time"].tolist()] == times_ns[wanted[wanted >= row]].tolist()
        assert all((chunk["sensor"] == 0).all() and len(chunk["time"]) <= 500 + 4_096 for chunk in chunks)
    assert len(list(rows_since(series, 0, 200, 300, max_rows=500))) > 1
