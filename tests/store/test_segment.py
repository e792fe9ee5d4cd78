from __future__ import annotations

import numpy as np
import pytest

from pipelines.store.segment import SEGMENT_ROWS, seal
from tests.kernels import twins


def columns(time: np.ndarray) -> dict[str, np.ndarray]:
    return {"time": time.astype(np.int64), "price": np.arange(SEGMENT_ROWS, dtype=float)}


def test_rows_that_came_in_order_are_taken_over_as_they_are() -> None:
    given = columns(np.arange(SEGMENT_ROWS) // 3)
    segment = seal(given, 10)
    assert segment.arrival is None
    assert segment.columns["price"] is given["price"]
    assert (segment.min_ns, segment.max_ns) == (0, (SEGMENT_ROWS - 1) // 3)
    assert (segment.first_row, segment.end_row) == (10, 10 + SEGMENT_ROWS)


def test_rows_that_came_out_of_order_are_sorted_stably_and_found_again_by_arrival() -> None:
    time = np.random.default_rng(3).integers(0, 500, SEGMENT_ROWS)
    segment = seal(columns(time), 0)
    order = np.argsort(time, kind="stable")
    assert segment.columns["price"].tolist() == order.tolist()
    assert segment.arrival is not None
    assert segment.columns["price"][segment.arrival].tolist() == list(range(SEGMENT_ROWS))
    assert (segment.min_ns, segment.max_ns) == (time.min(), time.max())


def test_every_float_column_has_a_pyramid_in_the_order_of_time() -> None:
    segment = seal(columns(np.arange(SEGMENT_ROWS)[::-1]), 0)
    assert set(segment.pyramids) == {"price"}
    statistics, counts = twins.pyramid(segment.columns["price"])
    pyramid = segment.pyramids["price"]
    np.testing.assert_array_equal(pyramid.statistics, statistics)
    np.testing.assert_array_equal(pyramid.counts, counts)
    levels = [pyramid.level(level) for level in range(4)]
    assert [len(counts) for _, counts in levels] == [64, 16, 4, 1]
    assert all(counts.sum() == SEGMENT_ROWS for _, counts in levels)
    np.testing.assert_array_equal(np.concatenate([level for level, _ in levels], axis=1), statistics)


def test_nothing_of_a_segment_can_be_written_and_all_of_it_is_counted() -> None:
    segment = seal(columns(np.arange(SEGMENT_ROWS)[::-1]), 0)
    pyramid = segment.pyramids["price"]
    arrays = [*segment.columns.values(), pyramid.statistics, pyramid.counts]
    for array in arrays:
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0
    assert segment.n_bytes == sum(array.nbytes for array in arrays) + 2 * SEGMENT_ROWS
