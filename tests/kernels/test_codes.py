from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pipelines.kernels.codes import encode_any, encode_counts, encode_linear, encode_sides, encode_sums

EDGES = np.array([*range(1, 32), *(mantissa << octave for octave in range(1, 15) for mantissa in range(16, 32))])
"""Where each code from 1 on begins."""

TOTAL_EDGES = np.array([1, 2, 3, *(mantissa << octave for octave in range(1, 15) for mantissa in (2, 3))])

SHAPES = hnp.array_shapes(min_dims=2, max_dims=2, max_side=12)
COUNTS = st.sampled_from([0, 1, 31, 32, 2**32 - 1, *EDGES.tolist(), *(EDGES - 1).tolist()]) | st.integers(0, 2**32 - 1)
FLOATS = st.floats(allow_nan=True, allow_infinity=True) | st.floats(-10, 1_000) | st.sampled_from(EDGES.tolist())
AMOUNTS = st.sampled_from([np.nan, 1e308, 5e-324]) | st.floats(0, 1e5) | st.integers(0, 40).map(float)


def blank(n_columns: int, n_rows: int) -> tuple[np.ndarray, ...]:
    """What a kernel writes to: room, codes, histogram and what has changed."""
    histogram = np.zeros(256, np.int64)
    histogram[0] = n_columns * n_rows
    return np.empty(n_rows, np.uint8), np.zeros((n_columns, n_rows), np.uint8), histogram, np.zeros(n_columns, bool)


def encode(
    kernel: Any, cells: np.ndarray, *parameters: float, into: tuple[np.ndarray, ...] | None = None
) -> np.ndarray:
    """Encode all columns."""
    columns = np.arange(len(cells))
    for array in (cells, columns):
        array.flags.writeable = False
    into = into or blank(*cells.shape[:2])
    kernel(cells, *parameters, columns, *into)
    return into[1]


def counts_twin(counts: np.ndarray) -> np.ndarray:
    return np.searchsorted(EDGES, counts, side="right")


def sums_twin(sums: np.ndarray, unit: float) -> np.ndarray:
    codes = np.searchsorted(EDGES * unit, sums, side="right")
    return np.where(np.isnan(sums), 0, np.clip(codes, 1, 255))


def linear_twin(values: np.ndarray, low: float, high: float, steps: float) -> np.ndarray:
    places = (np.clip(values, low, high) - low) * steps
    return np.where(np.isnan(places), 0, np.clip(np.nan_to_num(np.floor(places)), 0, 254) + 1)


def sides_twin(amounts: np.ndarray) -> np.ndarray:
    sold, untold, bought = np.minimum(np.nan_to_num(amounts.astype(np.float64)), 1e300).transpose(2, 0, 1)
    known = sold + bought
    level = np.clip(np.searchsorted(TOTAL_EDGES, known + untold, side="right"), 1, 31)
    sixths = np.arange(1, 12, 2)[:, np.newaxis, np.newaxis] * known
    tone = np.where(untold > known, 7, (12 * bought >= sixths).sum(axis=0))
    return np.where(known + untold > 0, level * 8 + tone, 0)


@given(hnp.arrays(np.uint32, SHAPES, elements=COUNTS))
def test_codes_of_counts_equal_their_numpy_twin(counts: np.ndarray) -> None:
    np.testing.assert_array_equal(encode(encode_counts, counts), counts_twin(counts))


@given(hnp.arrays(np.float64, SHAPES, elements=FLOATS), st.integers(-20, 20))
def test_codes_of_sums_equal_their_numpy_twin_whatever_they_are(sums: np.ndarray, unit_log2: int) -> None:
    np.testing.assert_array_equal(encode(encode_sums, sums, 2.0**-unit_log2), sums_twin(sums, 2.0**unit_log2))


@given(hnp.arrays(np.float64, SHAPES, elements=FLOATS), st.floats(-1e6, 1e6), st.floats(1e-6, 1e6))
def test_codes_in_equal_steps_equal_their_numpy_twin_whatever_the_values_are(
    values: np.ndarray, low: float, step: float
) -> None:
    parameters = low, low + 255 * step, 1 / step
    np.testing.assert_array_equal(encode(encode_linear, values, *parameters), linear_twin(values, *parameters))


@given(hnp.arrays(np.bool_, SHAPES))
def test_codes_of_what_is_there_are_one(cells: np.ndarray) -> None:
    np.testing.assert_array_equal(encode(encode_any, cells), cells.astype(int))


@given(SHAPES.flatmap(lambda shape: hnp.arrays(np.float64, (*shape, 3), elements=AMOUNTS)))
def test_codes_by_side_equal_their_numpy_twin(amounts: np.ndarray) -> None:
    np.testing.assert_array_equal(encode(encode_sides, amounts, 1.0), sides_twin(amounts))
    counts = np.clip(np.nan_to_num(amounts), 0, 2**32 - 1).astype(np.uint32)
    np.testing.assert_array_equal(encode(encode_sides, counts, 1.0), sides_twin(counts))


def test_infinite_amounts_have_the_tone_of_what_is_infinite() -> None:
    amounts = np.array([[[np.inf, 0, 1], [1, 0, np.inf], [1, np.inf, 1]]])
    assert encode(encode_sides, amounts, 1.0).tolist() == [[31 * 8 + 0, 31 * 8 + 6, 31 * 8 + 7]]


@given(st.lists(st.floats(allow_nan=False), min_size=2, max_size=2).map(sorted))
def test_a_larger_value_never_has_a_lower_code(values: list[float]) -> None:
    smaller, larger = encode(encode_sums, np.array([values]), 4.0)[0].tolist()
    assert smaller <= larger
    smaller, larger = encode(encode_linear, np.array([values]), -3.0, 762.0, 1 / 3)[0].tolist()
    assert smaller <= larger


def test_small_counts_are_their_own_codes() -> None:
    assert encode(encode_counts, np.arange(32, dtype=np.uint32).reshape(1, -1)).tolist() == [list(range(32))]


@given(st.data(), hnp.arrays(np.uint32, (6, 4), elements=st.integers(0, 3)))
def test_only_the_columns_asked_for_are_encoded_and_the_histogram_stays_true(data: Any, before: np.ndarray) -> None:
    _, codes, histogram, changed = into = blank(6, 4)
    encode(encode_counts, before, into=into)
    assert changed.tolist() == before.any(axis=1).tolist()
    changed[:] = False
    after = data.draw(hnp.arrays(np.uint32, (6, 4), elements=st.integers(0, 3)))
    columns = np.array(data.draw(st.lists(st.integers(0, 5), unique=True)), dtype=np.int64)
    after.flags.writeable = columns.flags.writeable = False
    encode_counts(after, columns, *into)
    asked = np.isin(np.arange(6), columns)
    np.testing.assert_array_equal(codes, np.where(asked[:, np.newaxis], after, before))
    np.testing.assert_array_equal(changed, asked & (before != after).any(axis=1))
    np.testing.assert_array_equal(histogram, np.bincount(codes.ravel(), minlength=256))


@pytest.mark.parametrize(
    ("kernel", "cells", "parameters"),
    [
        (encode_counts, np.array([[0, 7, 500, 2**32 - 1]], np.uint32), ()),
        (encode_sums, np.array([[np.nan, -1.0, 77.7, np.inf]]), (2.0,)),
        (encode_linear, np.array([[np.nan, -np.inf, 3.5, np.inf]]), (1.0, 128.5, 2.0)),
        (encode_any, np.array([[False, True]]), ()),
        (encode_sides, np.array([[[1, 0, 2], [0, 0, 0], [1, 5, 0]]], np.uint32), (1.0,)),
    ],
)
def test_a_kernel_and_its_python_function_give_the_same_codes(
    kernel: Any, cells: np.ndarray, parameters: tuple[float, ...]
) -> None:
    assert encode(kernel, cells, *parameters).tolist() == encode(kernel.py_func, cells, *parameters).tolist()
