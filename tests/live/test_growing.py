"""Columns that grow and shrink."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipelines.live.growing import GrowingColumns


def columns(n_rows: int, first: int = 0) -> dict[str, np.ndarray]:
    return {"time": np.arange(first, first + n_rows, dtype=np.int64), "price": np.arange(n_rows, dtype=np.float64)}


def growing() -> GrowingColumns:
    return GrowingColumns({"time": np.dtype(np.int64), "price": np.dtype(np.float64)})


def test_a_sliding_window_copies_a_row_about_once_however_large_it_is() -> None:
    window = growing()
    for first in range(0, 400_000, 500):
        window.append(columns(500, first))
        window.drop_first(max(len(window) - 100_000, 0))
    assert window.n_moved <= 1.5 * 400_000
    assert window.capacity <= 4 * 100_000
    assert window["time"].tolist() == list(range(300_000, 400_000))


def test_what_was_looked_at_before_never_changes() -> None:
    window, looked_at = growing(), []
    for first in range(0, 20_000, 700):
        window.append(columns(700, first))
        looked_at.append((window["time"], window["time"].copy()))
        window.drop_first(len(window) // 5)
        if first % 3 == 0:
            window.keep(window["time"] % 2 == 0)
    assert all(np.array_equal(view, copy) for view, copy in looked_at)


def test_a_view_can_not_be_written_to() -> None:
    window = growing()
    window.append(columns(3))
    assert not window["price"].flags.writeable


def test_room_is_given_back_after_a_burst() -> None:
    window = growing()
    window.append(columns(100_000))
    window.drop_first(99_990)
    assert window.capacity <= 1_024
    assert len(window) == 10


@given(st.lists(st.one_of(st.integers(0, 3_000), st.floats(0, 1), st.just("odd"), st.just("clear")), max_size=12))
def test_it_holds_what_a_list_would(steps: list[int | float | str]) -> None:
    window, model, n_seen = growing(), [], 0
    for step in steps:
        if step == "odd":
            window.keep(window["time"] % 2 == 1)
            model = [row for row in model if row % 2 == 1]
        elif step == "clear":
            window.clear()
            model = []
        elif isinstance(step, float):
            n_dropped = int(step * len(model))
            window.drop_first(n_dropped)
            model = model[n_dropped:]
        else:
            window.append(columns(int(step), n_seen))
            model += range(n_seen, n_seen + int(step))
            n_seen += int(step)
        assert window["time"].tolist() == model
        assert window.capacity <= max(4 * len(model) + 2 * 3_000, 1_024)
