from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.aggregates.bars import Bars
from pipelines.aggregates.catalogue import make_aggregate
from pipelines.aggregates.last_values import LastValues
from pipelines.aggregates.rates import Rates
from pipelines.core.batch import Batch
from pipelines.core.clock import NS_PER_SECOND as S
from pipelines.core.errors import SpecError
from pipelines.core.schema import READINGS
from pipelines.core.spec import AggregateSpec, Retention, TableSpec
from pipelines.store.table import Table
from tests.batches import readings

rows = st.tuples(st.integers(0, 70), st.integers(0, 90 * S), st.floats(-1e3, 1e3) | st.just(np.nan))
parts = st.lists(st.lists(rows, min_size=1, max_size=12), min_size=1, max_size=5)


def batch_of(part: list[tuple[int, int, float]]) -> Batch:
    keys, times, values = zip(*part, strict=True)
    return readings(times, key=keys, value=values)


def state(snapshot: Any) -> list[Any]:
    """Everything in a snapshot, in a form that compares NaN as equal."""
    fields = [getattr(snapshot, name) for name in type(snapshot).__slots__]
    return [
        repr({k: v.tolist() for k, v in field.items()} if hasattr(field, "items") else np.asarray(field).tolist())
        for field in fields
    ]


@given(parts)
def test_the_last_value_is_that_of_the_newest_row(divided: list[list[tuple[int, int, float]]]) -> None:
    last = LastValues(READINGS)
    model: dict[int, tuple[int, float]] = {}
    counts: defaultdict[int, int] = defaultdict(int)
    for part in divided:
        last.update(batch_of(part))
        for key, time, value in part:
            counts[key] += 1
            if key not in model or time >= model[key][0]:
                model[key] = (time, value)
    snapshot = last.snapshot()
    assert snapshot.codes.tolist() == sorted(model)
    assert snapshot.n_rows.tolist() == [counts[key] for key in sorted(model)]
    for key, (time, value) in model.items():
        row = snapshot.row(key)
        assert row is not None
        assert row["time"] == time
        np.testing.assert_equal(row["value"], value)
    assert snapshot.row(99) is None


@given(parts)
def test_rates_and_trails_equal_a_count_by_hand(divided: list[list[tuple[int, int, float]]]) -> None:
    rates = Rates(READINGS, n_bins=100)  # more bins than the rows span, so that the ring forgets nothing
    for part in divided:
        rates.update(batch_of(part))
    flat = [row for part in divided for row in part]
    snapshot = rates.snapshot()
    per_second = snapshot.per_second(90 * S, over_bins=5)
    for key in {row[0] for row in flat}:
        recent = [row for row in flat if row[0] == key and 85 * S <= row[1] < 90 * S]
        assert per_second[key] == len(recent) / 5
        closing: dict[int, tuple[int, float]] = {}
        for _, time, value in (row for row in flat if row[0] == key and row[2] == row[2]):
            if time >= closing.get(time // S, (-1, 0.0))[0]:
                closing[time // S] = (time, value)
        expected = [closing.get(second, (0, np.nan))[1] for second in range(-9, 91)]
        np.testing.assert_array_equal(snapshot.trail(key, 90 * S), expected)


def test_the_ring_of_a_rate_forgets_what_is_older_than_itself() -> None:
    rates = Rates(READINGS, n_bins=4)
    rates.update(readings([0, 1, S, 5 * S, 0], value=[1, 2, 3, 4, 9]))
    snapshot = rates.snapshot()
    assert snapshot.per_second(6 * S, over_bins=4)[0] == 1 / 4
    np.testing.assert_array_equal(snapshot.trail(0, 5 * S), [np.nan, np.nan, np.nan, 4])
    assert np.isnan([snapshot.trail(code, 5 * S) for code in (-1, 1_000)]).all()


@pytest.mark.parametrize("make", [LastValues, Rates])
@given(divided=parts)
def test_parts_merged_in_order_equal_the_whole(
    make: Callable[..., Any], divided: list[list[tuple[int, int, float]]]
) -> None:
    whole, merged = make(READINGS), make(READINGS)
    for part in divided:
        whole.update(batch_of(part))
        later = make(READINGS)
        later.update(batch_of(part))
        merged.merge(later)
    assert state(merged.snapshot()) == state(whole.snapshot())


@pytest.mark.parametrize("make", [LastValues, Rates, partial(Bars, period_ns=S)])
def test_a_row_without_a_key_is_refused(make: Callable[..., Any]) -> None:
    with pytest.raises(ValueError, match="without a key"):
        make(READINGS).update(readings([1, 2], key=[3, -1]))


@pytest.mark.parametrize("make", [LastValues, Rates])
def test_a_snapshot_is_left_alone_by_later_rows(make: Callable[..., Any]) -> None:
    aggregate = make(READINGS)
    aggregate.update(readings([S], value=[1]))
    snapshot = aggregate.snapshot()
    before = state(snapshot)
    aggregate.update(readings([S + 1], value=[2]))
    assert state(snapshot) == before


@pytest.mark.parametrize("make", [LastValues, Rates])
@given(divided=parts)
def test_nothing_changes_nothing(make: Callable[..., Any], divided: list[list[tuple[int, int, float]]]) -> None:
    aggregate = make(READINGS)
    for part in divided:
        aggregate.update(batch_of(part))
    before = state(aggregate.snapshot())
    aggregate.update(batch_of(divided[0]).select(np.zeros(len(divided[0]), np.bool_)))
    aggregate.merge(make(READINGS))
    assert state(aggregate.snapshot()) == before


@pytest.mark.parametrize("make", [LastValues, Rates])
@given(divided=parts)
def test_rebuilt_from_a_table_it_equals_one_that_saw_its_rows(
    make: Callable[..., Any], divided: list[list[tuple[int, int, float]]]
) -> None:
    whole, rebuilt = make(READINGS), make(READINGS)
    table = Table(TableSpec(READINGS, Retention(window_ns=1_000 * S)))
    rebuilt.update(readings([5 * S], key=3, value=[1e9]))  # of which nothing may be left
    for part in divided:
        whole.update(batch_of(part))
        table.append(batch_of(part))
    for _ in rebuilt.rebuild(table):
        pass
    assert state(rebuilt.snapshot()) == state(whole.snapshot())


def test_an_unknown_aggregate_is_named_with_the_nearest() -> None:
    with pytest.raises(SpecError, match="did you mean 'rates'"):
        make_aggregate(AggregateSpec("rate", "readings"))
