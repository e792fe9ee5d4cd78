from __future__ import annotations

import numpy as np
import pytest

from pipelines.core.schema import TRADES
from pipelines.store.segment import SEGMENT_ROWS, SealedSegment, blank_columns, seal, summarised_columns


def sealed(time: np.ndarray, first_row: int = 0) -> SealedSegment:
    """A segment whose price is the order of arrival."""
    columns, wide = blank_columns(TRADES)
    columns["time"][:], columns["price"][:], columns["size"][:] = time, np.arange(SEGMENT_ROWS), 5.0
    columns["side"][:] = 1
    return seal(TRADES, columns, wide, first_row)


def test_rows_that_came_in_order_are_taken_over_as_they_are() -> None:
    columns, wide = blank_columns(TRADES)
    for column in columns.values():
        column[:] = np.arange(SEGMENT_ROWS) // 100
    segment = seal(TRADES, columns, wide, 10)
    assert segment.arrival is None
    assert segment.columns is columns
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
