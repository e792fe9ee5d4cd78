from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pipelines.aggregates.quantise import (
    AnyQuantiser,
    CodedCells,
    CountQuantiser,
    LinearQuantiser,
    Quantiser,
    SideQuantiser,
    SumQuantiser,
)


def codes_of(quantiser: Quantiser, cells: np.ndarray) -> np.ndarray:
    coded = CodedCells(quantiser, 1, len(cells))
    coded.encode(cells[np.newaxis])
    return coded.codes[0]


def all_bought(totals: np.ndarray) -> np.ndarray:
    return np.stack([np.zeros_like(totals), np.zeros_like(totals), totals], axis=1)


def test_the_least_and_the_greatest_count_of_a_code_have_that_code() -> None:
    levels = CountQuantiser().levels
    for ends in (levels.lowest[1:], levels.highest[1:]):
        assert codes_of(CountQuantiser(), ends.astype(np.uint32)).tolist() == list(range(1, 256))
    assert (levels.n_values[1:32] == 1).all()
    assert (levels.lowest[2:] == levels.highest[1:-1] + 1).all()


@pytest.mark.parametrize("unit_log2", [-40, 0, 3])
def test_a_code_begins_with_its_least_sum_and_ends_before_its_greatest(unit_log2: int) -> None:
    quantiser = SumQuantiser(unit_log2)
    levels = quantiser.levels
    assert codes_of(quantiser, levels.lowest[1:]).tolist() == list(range(1, 256))
    assert codes_of(quantiser, np.nextafter(levels.highest[1:], 0)).tolist() == list(range(1, 256))


@given(st.floats(-1e300, 1e300), st.floats(1e-290, 1e300))
def test_steps_cover_their_range_from_end_to_end(low: float, height: float) -> None:
    assume(height > 1e-10 * abs(low))  # or else the values within are too few to be told apart
    quantiser = LinearQuantiser.over(low, low + height)
    levels = quantiser.levels
    middle = levels.lowest[1:] / 2 + levels.highest[1:] / 2
    assert codes_of(quantiser, middle).tolist() == list(range(1, 256))
    assert codes_of(quantiser, np.array([low, low + height])).tolist() == [1, 255]
    assert codes_of(quantiser, np.array([-np.inf, np.nan, np.inf])).tolist() == [1, 0, 255]


@pytest.mark.parametrize("unit_log2", [None, -5])
def test_the_total_and_the_tone_of_a_cell_by_side_are_in_its_code(unit_log2: int | None) -> None:
    quantiser = SideQuantiser(unit_log2)
    totals = quantiser.levels.lowest[2:]
    expected = [level * 8 + 6 for level in range(2, 32)]
    assert codes_of(quantiser, all_bought(totals)).tolist() == expected
    assert quantiser.levels.of_code[expected].tolist() == list(range(2, 32))


def test_a_cell_with_anything_has_the_code_of_a_count_of_one() -> None:
    assert codes_of(AnyQuantiser(), np.array([False, True])).tolist() == [0, 1]
    assert AnyQuantiser().levels.lowest[1] == CountQuantiser().levels.lowest[1] == 1


@given(st.floats(1e-280, 1e300))
def test_the_largest_sum_is_in_the_last_octave(largest: float) -> None:
    for quantiser in (SumQuantiser.up_to(largest), SideQuantiser.up_to(largest)):
        assert largest <= quantiser.levels.highest[-1] <= 2 * largest


@pytest.mark.parametrize("largest", [5e-324, 1.7e308])
def test_a_unit_is_a_number_however_small_or_large_the_sums_are(largest: float) -> None:
    for quantiser in (SumQuantiser.up_to(largest), SideQuantiser.up_to(largest)):
        assert np.isfinite(quantiser.levels.highest[1:]).all()
    assert codes_of(SumQuantiser.up_to(largest), np.array([largest])) > 0


@pytest.mark.parametrize("largest", [0.0, -1.0, np.nan, np.inf])
def test_where_there_is_no_sum_yet_the_unit_is_one(largest: float) -> None:
    assert SumQuantiser.up_to(largest) == SumQuantiser(0)


@pytest.mark.parametrize(
    ("low", "step"),
    [(np.nan, 1.0), (np.inf, 1.0), (0.0, 0.0), (0.0, -1.0), (0.0, np.nan), (0.0, np.inf), (0.0, 5e-324), (0.0, 1e306)],
)
def test_steps_that_tell_nothing_apart_are_refused(low: float, step: float) -> None:
    with pytest.raises(ValueError, match="no steps of"):
        LinearQuantiser(low, step)


def test_values_that_are_all_equal_have_one_code() -> None:
    assert codes_of(LinearQuantiser.over(5.0, 5.0), np.array([5.0, 5.0, np.nan])).tolist() == [1, 1, 0]


@pytest.mark.parametrize(
    "quantiser",
    [CountQuantiser(), AnyQuantiser(), SideQuantiser(), SideQuantiser(-3), SumQuantiser(2), LinearQuantiser(-1.0, 0.5)],
)
def test_levels_ascend_from_nothing(quantiser: Quantiser) -> None:
    levels = quantiser.levels
    assert levels.of_code[0] == 0
    assert np.isnan(levels.lowest[0])
    assert np.isnan(levels.highest[0])
    assert (np.diff(levels.lowest[1:]) > 0).all()
    assert (levels.highest[1:] >= levels.lowest[1:]).all()
    assert (np.diff(levels.of_code.astype(int)) >= 0).all()
    assert levels.of_code[-1] == len(levels.lowest) - 1 == len(levels.n_values) - 1


def test_a_column_that_gets_the_same_codes_has_not_changed() -> None:
    counts = np.full((3, 2), 1_000, np.uint32)
    coded = CodedCells(CountQuantiser(), 3, 2)
    coded.encode(counts)
    coded.changed[:] = False
    counts += 1
    counts[2] += 1_000
    coded.encode(counts)
    assert coded.changed.tolist() == [False, False, True]
    assert coded.histogram[coded.codes].tolist() == [[4, 4], [4, 4], [2, 2]]


def test_cells_of_another_shape_are_refused() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        CodedCells(CountQuantiser(), 3, 2).encode(np.zeros((2, 3), np.uint32))
