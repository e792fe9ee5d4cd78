from __future__ import annotations

import numpy as np
import pytest

from pipelines.core.schema import TRADES
from pipelines.store.layout import Layout
from pipelines.store.segment import SEGMENT_PAGES, SEGMENT_ROWS, SealedSegment, seal, summarised_columns

LAYOUT = Layout(TRADES)


def memory_of(**columns: np.ndarray | float) -> np.ndarray:
    """Memory of 4,096 rows."""
    memory = np.empty(SEGMENT_PAGES * LAYOUT.page_words, np.int64)
    for name, column in LAYOUT.columns(memory, SEGMENT_ROWS).items():
        column[:] = columns[name]
    return memory


def sealed(time: np.ndarray) -> SealedSegment:
    """A segment whose price is the order of arrival."""
    return seal(LAYOUT, memory_of(time=time, price=np.arange(SEGMENT_ROWS), size=5.0, side=1), 0)


def test_rows_that_came_in_order_are_taken_over_as_they_are() -> None:
    steps = np.arange(SEGMENT_ROWS) // 100
    memory = memory_of(time=steps, price=steps, size=steps, side=steps)
    segment = seal(LAYOUT, memory, 10)
    assert segment.arrival is None
    assert all(np.shares_memory(column, memory) for column in segment.columns.values())
    assert all(column.tolist() == steps.tolist() for column in segment.columns.values())
    assert (segment.first_row, segment.end_row) == (10, 10 + SEGMENT_ROWS)


def test_rows_that_came_out_of_order_are_sorted_stably_and_found_again_by_arrival() -> None:
    time = np.random.default_rng(3).integers(0, 500, SEGMENT_ROWS)
    segment = sealed(time)
    order = np.argsort(time, kind="stable")
    assert segment.columns["price"].tolist() == order.tolist()
    assert segment.arrival is not None
    assert segment.columns["price"][segment.arrival].tolist() == list(range(SEGMENT_ROWS))
    assert segment.time.tolist() == time[order].tolist()


@pytest.mark.parametrize("step", [1, -1])
def test_time_and_floats_share_the_memory_of_one_array(step: int) -> None:
    segment = sealed(np.arange(SEGMENT_ROWS)[::step])
    assert tuple(segment.columns) == ("time", "price", "size", "side")
    assert summarised_columns(TRADES) == ("price", "size")
    for row, name in enumerate(("time", "price", "size")):
        assert np.shares_memory(segment.wide[row], segment.columns[name])
        assert segment.wide[row].tobytes() == segment.columns[name].tobytes()


def test_nothing_of_a_segment_can_be_written_and_all_of_it_is_counted() -> None:
    segment = sealed(np.arange(SEGMENT_ROWS)[::-1])
    for array in (segment.wide, *segment.columns.values()):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0
    assert segment.n_bytes == sum(array.nbytes for array in segment.columns.values()) + 2 * SEGMENT_ROWS
