from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pipelines.kernels.pyramid import FIRST, LAST, MAX, MIN, SUM, level_ends, summarise
from tests.kernels import twins

FLOATS = st.floats(allow_nan=True, allow_infinity=True, width=64) | st.just(np.nan)


def summaries(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    n_bins = level_ends(len(values))[-1]
    statistics, counts = np.empty((5, n_bins)), np.empty(n_bins, np.int32)
    summarise(values, statistics, counts)
    return statistics, counts


@given(hnp.arrays(np.float64, st.integers(1, 700), elements=FLOATS))
def test_a_pyramid_equals_its_numpy_twin_whatever_is_nan(values: np.ndarray) -> None:
    statistics, counts = summaries(values)
    expected, expected_counts = twins.pyramid(values)
    np.testing.assert_array_equal(statistics, expected)
    np.testing.assert_array_equal(counts, expected_counts)


@pytest.mark.parametrize("share_nan", [0.0, 0.5, 0.99])
def test_a_segment_has_64_16_4_and_1_bins_that_equal_the_twin(share_nan: float) -> None:
    random = np.random.default_rng(7)
    values = random.normal(size=4_096)
    values[random.random(4_096) < share_nan] = np.nan
    assert level_ends(4_096) == (64, 80, 84, 85)
    for ours, twin in zip(summaries(values), twins.pyramid(values), strict=True):
        np.testing.assert_array_equal(ours, twin)


def test_nan_counts_for_nothing_and_a_bin_of_nan_is_nan() -> None:
    values = np.concatenate([np.full(64, np.nan), [np.nan, 3.0, 1.0, np.nan, 2.0, np.nan]])
    statistics, counts = summaries(values)
    assert counts.tolist() == [0, 3, 3]
    assert np.isnan(statistics[:, 0]).all()
    for position in (1, 2):
        assert statistics[[MIN, MAX, FIRST, LAST, SUM], position].tolist() == [1.0, 3.0, 3.0, 2.0, 6.0]
