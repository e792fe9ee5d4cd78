from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pipelines.kernels.pyramid import (
    ENDS,
    EXTREMES,
    TOTALS,
    is_ascending,
    level_ends,
    span_bins,
    summarise,
    summarise_segment,
)
from tests.kernels import twins

FLOATS = st.floats(allow_nan=True, allow_infinity=True, width=64) | st.just(np.nan)


def summaries(values: np.ndarray) -> np.ndarray:
    statistics = np.empty((3, level_ends(len(values))[-1], 2))
    with np.errstate(over="ignore"):  # sums of the largest floats; only kernels that run as plain Python warn
        summarise(values, statistics)
    return statistics


@given(hnp.arrays(np.float64, st.integers(1, 700), elements=FLOATS))
def test_a_pyramid_equals_its_numpy_twin_whatever_is_not_finite(values: np.ndarray) -> None:
    np.testing.assert_array_equal(summaries(values), twins.pyramid(values))


@pytest.mark.parametrize("share_nan", [0.0, 0.5, 0.99])
def test_a_segment_has_64_16_4_and_1_bins_that_equal_the_twin(share_nan: float) -> None:
    random = np.random.default_rng(7)
    values = random.normal(size=4_096)
    values[random.random(4_096) < share_nan] = np.nan
    assert level_ends(4_096) == (64, 80, 84, 85)
    np.testing.assert_array_equal(summaries(values), twins.pyramid(values))


def test_what_is_not_finite_counts_for_nothing_but_may_be_first_or_last() -> None:
    values = np.concatenate([np.full(64, np.nan), [np.inf, 3.0, 1.0, np.nan, 2.0, np.nan]])
    statistics = summaries(values)
    nan = np.nan
    np.testing.assert_array_equal(statistics[EXTREMES], [[nan, nan], [1.0, 3.0], [1.0, 3.0]])
    np.testing.assert_array_equal(statistics[ENDS], [[nan, nan], [np.inf, nan], [nan, nan]])
    np.testing.assert_array_equal(statistics[TOTALS], [[nan, 0], [6.0, 3], [6.0, 3]])


@pytest.mark.parametrize("n", [1, 64, 65, 256, 700, 4_096])
def test_each_bin_knows_when_its_first_and_last_row_were(n: int) -> None:
    times = np.sort(np.random.default_rng(n).integers(0, 1_000, n))
    ends = (0, *level_ends(n))
    spans = np.empty((ends[-1], 2), np.int64)
    span_bins(times, spans)
    expected = [
        [times[row], times[min(row + 64 * 4**level, n) - 1]]
        for level in range(len(ends) - 1)
        for row in range(0, n, 64 * 4**level)
    ]
    assert spans.tolist() == expected


@given(hnp.arrays(np.int64, st.integers(0, 50), elements=st.integers(0, 3) | st.just(np.iinfo(np.int64).max)))
def test_times_ascend_where_sorting_changes_nothing(times: np.ndarray) -> None:
    assert is_ascending(times) == (times.tolist() == sorted(times.tolist()))
    assert is_ascending(np.sort(times))


def test_summaries_of_a_segment_go_to_its_place_and_nowhere_else() -> None:
    random = np.random.default_rng(5)
    values = random.normal(size=(2, 4_096))
    wide = np.concatenate([np.sort(random.integers(0, 1_000, (1, 4_096))), values.view(np.int64)])
    wide.flags.writeable = False
    spans, bin_spans = np.zeros((3, 2), np.int64), np.zeros((3, 85, 2), np.int64)
    statistics, bin_statistics = np.zeros((2, 3, 3, 2)), np.zeros((2, 3, 3, 85, 2))
    summarise_segment(wide, 1, spans, bin_spans, statistics, bin_statistics)
    expected_spans = np.empty((85, 2), np.int64)
    span_bins(wide[0], expected_spans)
    expected = np.array([twins.pyramid(column) for column in values])
    np.testing.assert_array_equal(bin_spans[1], expected_spans)
    np.testing.assert_array_equal(spans[1], wide[0, [0, -1]])
    np.testing.assert_array_equal(bin_statistics[:, 1], expected)
    np.testing.assert_array_equal(statistics[:, 1], expected[..., -1, :])
    assert not any(array[place].any() for array in (spans, bin_spans) for place in (0, 2))
    assert not any(array[:, place].any() for array in (statistics, bin_statistics) for place in (0, 2))
