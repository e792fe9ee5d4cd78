"""How a picture becomes a figure."""

from __future__ import annotations

import numpy as np

from pipelines.views.ticks.figure import widen_points


def test_a_lone_cell_reaches_all_around_and_a_crowd_stays_as_it_is() -> None:
    codes = np.zeros((9, 9), np.uint8)
    codes[1, 1], codes[6, 5:8], codes[8, 0] = 7, 9, 3
    widened = widen_points(codes)
    expected = codes.copy()
    expected[0:3, 0:3], expected[7:9, 0:2] = 7, 3
    assert np.array_equal(widened, expected)


def test_a_cell_that_is_widened_covers_no_other() -> None:
    random = np.random.default_rng(1)
    codes = np.where(random.random((60, 40)) < 0.06, random.integers(1, 255, (60, 40)), 0).astype(np.uint8)
    widened = widen_points(codes)
    assert np.array_equal(widened[codes > 0], codes[codes > 0])
