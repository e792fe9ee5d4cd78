from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.core.schema import READINGS, TRADES, Schema
from pipelines.live.wire.rows import RowsEncoder
from tests.live.wire.bars_and_rows import ShownRows

RANDOM = np.random.default_rng(1)
ALL: dict[str, Any] = {
    "time": RANDOM.integers(-(2**62), 2**62, 200),
    "symbol": np.zeros(200, np.int32),
    "price": RANDOM.standard_normal(200),
    "size": np.where(RANDOM.random(200) < 0.1, np.nan, RANDOM.random(200)),
    "side": RANDOM.integers(-1, 2, 200).astype(np.int8),
}


def rows(first: int, end: int) -> dict[str, Any]:
    return {name: column[first:end] for name, column in ALL.items()}


def is_shown(shown: ShownRows, first: int, end: int) -> bool:
    names = ("time", "price", "size", "side")
    told = [np.array([row[name] for row in shown.rows], ALL[name].dtype) for name in names]
    is_equal = all(column.tobytes() == ALL[name][first:end].tobytes() for name, column in zip(names, told, strict=True))
    return is_equal and (shown.first == first or first == end)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 6), st.booleans()), min_size=1, max_size=20))
@settings(max_examples=200, deadline=None)
def test_whoever_gets_some_of_the_messages_has_the_newest_rows_to_the_bit(steps: list[tuple[int, int, bool]]) -> None:
    encoder, shown, end = RowsEncoder(TRADES), ShownRows(), 0
    for n_new, n_kept, is_sent in steps:
        first, end = max(end - n_kept, shown.first), end + n_new
        encoder.take(first, rows(first, end))
        joined = ShownRows()
        for watcher in (shown, joined) if is_sent else (joined,):
            if watcher.generation < encoder.generation:
                for message in encoder.messages(watcher.generation):
                    watcher.apply(message)
            assert is_shown(watcher, first, end)


def test_a_row_is_told_once() -> None:
    encoder = RowsEncoder(TRADES)
    encoder.take(0, rows(0, 24))
    encoder.take(2, rows(2, 26))
    (delta,) = encoder.messages(1)
    assert len(delta) == 12 + 4 + 16 + 2 * (8 + 8 + 8 + 1)


@pytest.mark.parametrize("schema", [TRADES, READINGS])
def test_who_joins_is_told_what_the_columns_are(schema: Schema) -> None:
    encoder, shown = RowsEncoder(schema), ShownRows()
    encoder.take(0, {column.name: np.ones(1, column.dtype) for column in schema.columns})
    shown.apply(encoder.messages(0)[0])
    assert [name for name, _ in shown.columns] == [name for name in schema.names if name != schema.key]


def test_rows_that_are_the_same_are_no_generation() -> None:
    encoder = RowsEncoder(TRADES)
    with pytest.raises(LookupError):
        encoder.messages(0)
    for _ in range(2):
        encoder.take(3, rows(3, 9))
    assert encoder.generation == 1
