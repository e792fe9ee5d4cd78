from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pipelines.kernels.merge_cells import ADD, GREATEST, LEAST, SUM, merge_cells, merge_last

SHAPE, INTO = (5, 6, 3), (3, 4, 3)

numbers = st.sampled_from([np.nan, np.nan, -np.inf, -2.5, -1.0, 0.0, 1.0, 3.25, np.inf])
places = st.tuples(
    hnp.arrays(np.int64, SHAPE[0], elements=st.integers(-1, INTO[0] - 1)),
    hnp.arrays(np.int64, SHAPE[1], elements=st.integers(0, INTO[1] - 1)),
)


def targets(columns: np.ndarray, rows: np.ndarray) -> tuple[tuple[np.ndarray, ...], np.ndarray]:
    """Indices into the target, cell by cell, and which columns go somewhere."""
    going = columns >= 0
    return np.ix_(columns[going], rows, np.arange(SHAPE[2])), going


@given(
    hnp.arrays(np.uint32, SHAPE, elements=st.integers(0, 9)),
    hnp.arrays(np.uint32, INTO, elements=st.integers(0, 2**31)),
    places,
)
def test_counts_are_added(source: np.ndarray, into: np.ndarray, at: tuple[np.ndarray, np.ndarray]) -> None:
    expected = into.copy()
    index, going = targets(*at)
    np.add.at(expected, index, source[going])
    merge_cells(source, *at, ADD, into)
    np.testing.assert_array_equal(into, expected)


@pytest.mark.parametrize(("how", "twin"), [(LEAST, np.fmin), (GREATEST, np.fmax)])
@given(hnp.arrays(np.float64, SHAPE, elements=numbers), hnp.arrays(np.float64, INTO, elements=numbers), places)
def test_the_least_and_greatest_are_kept(
    how: int, twin: np.ufunc, source: np.ndarray, into: np.ndarray, at: tuple[np.ndarray, np.ndarray]
) -> None:
    expected = into.copy()
    index, going = targets(*at)
    twin.at(expected, index, source[going])
    merge_cells(source, *at, how, into)
    np.testing.assert_array_equal(into, expected)


finite = st.sampled_from([np.nan, -2.5, 0.0, 1.0, 3.25])


@given(hnp.arrays(np.float64, SHAPE, elements=finite), hnp.arrays(np.float64, INTO, elements=finite), places)
def test_sums_are_added_where_there_is_one(
    source: np.ndarray, into: np.ndarray, at: tuple[np.ndarray, np.ndarray]
) -> None:
    index, going = targets(*at)
    expected, n_values = np.nan_to_num(into), (~np.isnan(into)).astype(int)
    np.add.at(expected, index, np.nan_to_num(source[going]))
    np.add.at(n_values, index, ~np.isnan(source[going]))
    merge_cells(source, *at, SUM, into)
    np.testing.assert_array_equal(into, np.where(n_values > 0, expected, np.nan))


@given(
    hnp.arrays(np.float64, SHAPE, elements=numbers),
    hnp.arrays(np.float64, INTO, elements=numbers),
    places,
    st.permutations(range(int(np.prod(SHAPE) + np.prod(INTO)))),
)
def test_the_later_arrival_stays_last(
    source: np.ndarray, into: np.ndarray, at: tuple[np.ndarray, np.ndarray], order: list[int]
) -> None:
    offset = 100
    numbered = np.array(order, np.int64)
    theirs, mine = numbered[: source.size].reshape(SHAPE), numbered[source.size :].reshape(INTO) + offset
    expected = [(*cell, *(np.isnan(value), value)) for cell, value in zip(np.ndindex(*INTO), into.flat, strict=True)]
    columns, rows = at
    latest = {cell[:3]: (mine[cell[:3]], cell[4]) for cell in expected if not cell[3]}
    for column, row, layer in np.ndindex(*SHAPE):
        value, target = source[column, row, layer], (columns[column], rows[row], layer)
        if columns[column] >= 0 and not np.isnan(value):
            latest[target] = max(latest.get(target, (-1, 0.0)), (theirs[column, row, layer] + offset, value))
    merge_last(source, theirs, columns, rows, offset, into, mine)
    for cell in np.ndindex(*INTO):
        if cell in latest:
            assert (mine[cell], into[cell]) == latest[cell]
        else:
            assert np.isnan(into[cell])
