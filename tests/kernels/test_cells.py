from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.kernels.cells import add_counts, add_sums, add_totals, keep_greatest, keep_last, keep_least

N_CELLS = 4

of = st.one_of(st.floats(-1e3, 1e3), st.sampled_from([np.nan, np.inf, -np.inf, 0.0, -0.0]))
points = st.lists(st.tuples(st.integers(-1, N_CELLS - 1), of), max_size=40)


def columns_of(given_points: list[tuple[int, float]]) -> tuple[np.ndarray, np.ndarray]:
    cells = np.array([cell for cell, _ in given_points], np.int64)
    values = np.array([value for _, value in given_points], np.float64)
    values.flags.writeable = False
    return cells, values


def by_cell(cells: np.ndarray, values: np.ndarray) -> list[np.ndarray]:
    """The values of each cell in their order, without NaN."""
    return [values[(cells == cell) & ~np.isnan(values)] for cell in range(N_CELLS)]


def same_bits(ours: np.ndarray, expected: np.ndarray) -> bool:
    return bool(((ours.view(np.int64) == expected.view(np.int64)) | (np.isnan(ours) & np.isnan(expected))).all())


def restarting_sum(values: np.ndarray) -> float:
    """A sum in order that begins anew where it has become NaN, which only infinities of both signs make it."""
    total = np.nan
    with np.errstate(invalid="ignore"):
        for value in values:
            total = value if np.isnan(total) else total + value
    return total


@given(points)
def test_counts_equal_those_of_numpy(given_points: list[tuple[int, float]]) -> None:
    cells, _ = columns_of(given_points)
    counts = np.zeros(N_CELLS, np.uint32)
    add_counts(cells, counts)
    np.testing.assert_array_equal(counts, np.bincount(cells[cells >= 0], minlength=N_CELLS))


@pytest.mark.parametrize(
    ("kernel", "twin"),
    [
        (add_sums, restarting_sum),
        (keep_least, lambda values: values[values.argmin()]),
        (keep_greatest, lambda values: values[values.argmax()]),
    ],
)
@given(given_points=points)
def test_a_reduction_equals_its_twin_to_the_bit(
    kernel: Callable[..., None], twin: Callable[[np.ndarray], Any], given_points: list[tuple[int, float]]
) -> None:
    cells, values = columns_of(given_points)
    reduced = np.full(N_CELLS, np.nan)
    with np.errstate(invalid="ignore"):
        kernel(cells, values, reduced)
    expected = np.array([twin(inside) if len(inside) else np.nan for inside in by_cell(cells, values)])
    assert same_bits(reduced, expected)


@given(points)
def test_totals_are_sums_from_zero_with_their_counts(given_points: list[tuple[int, float]]) -> None:
    cells, values = columns_of(given_points)
    totals, counts = np.zeros(N_CELLS), np.zeros(N_CELLS, np.uint32)
    with np.errstate(invalid="ignore"):
        add_totals(cells, values, totals, counts)
        expected = np.array([np.cumsum([0.0, *inside])[-1] for inside in by_cell(cells, values)])
    assert same_bits(totals, expected)
    assert counts.tolist() == [len(inside) for inside in by_cell(cells, values)]


@given(points, st.integers(0, 2**40))
def test_the_last_value_is_kept_with_its_arrival(given_points: list[tuple[int, float]], first_arrival: int) -> None:
    cells, values = columns_of(given_points)
    last, arrivals = np.full(N_CELLS, np.nan), np.full(N_CELLS, -1, np.int64)
    keep_last(cells, values, first_arrival, last, arrivals)
    for cell, inside in enumerate(by_cell(cells, values)):
        if len(inside) == 0:
            assert np.isnan(last[cell])
            assert arrivals[cell] == -1
            continue
        assert same_bits(last[cell : cell + 1], inside[-1:])
        assert arrivals[cell] == first_arrival + np.flatnonzero((cells == cell) & ~np.isnan(values))[-1]
