from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.kernels.line_runs import (
    IS_DISORDERED,
    IS_JOINED,
    MAX_CLOSED,
    N_CLOSED,
    N_GAP_FIELDS,
    N_SLOTS,
    cover,
    gather_spans,
)
from tests.kernels import twins

Span = tuple[float, float]

edges = st.integers(-40, 40).map(float) | st.floats(-40, 40)
ranges = st.lists(st.tuples(edges, edges).map(lambda ends: (min(ends), max(ends))), max_size=60)
narrow = st.lists(
    st.integers(-400, 400).map(lambda low: (float(low), low + 0.5)), min_size=MAX_CLOSED, max_size=60, unique=True
)


def covering(spans: list[Span]) -> tuple[list[Span], np.ndarray]:
    """What a column without any covers then, and its fields."""
    gaps, held = np.zeros((N_GAP_FIELDS, 3), np.int64), np.zeros((3, N_SLOTS, 2))
    gaps[IS_DISORDERED] = 1
    cover(np.array(spans, np.float64).reshape(-1, 2), 1, gaps, held)
    n, gathered = np.empty(1, np.int64), np.empty((1, N_SLOTS, 2))
    gather_spans(np.array([1]), gaps, held, n, gathered)
    assert not gaps[:IS_DISORDERED, [0, 2]].any()
    return [(low + 0.0, high + 0.0) for low, high in gathered[0, : n[0]]], gaps[:, 1]


def nearest_joined(spans: list[Span]) -> tuple[list[Span], bool]:
    """The twin: ranges are taken in one after the other, and the two nearest become one where there are too many."""
    held: list[Span] = []
    is_joined = False
    for span in spans:
        held = twins.union([*held, span])
        if len(held) > MAX_CLOSED:
            nearest = int(np.argmin([right[0] - left[1] for left, right in pairwise(held)]))
            held[nearest : nearest + 2] = [(held[nearest][0], held[nearest + 1][1])]
            is_joined = True
    return held, is_joined


@settings(max_examples=300)
@given(ranges | narrow)
def test_ranges_become_one_where_they_overlap_or_there_are_too_many(spans: list[Span]) -> None:
    covered, fields = covering(spans)
    expected, is_joined = nearest_joined(spans)
    assert covered == expected
    assert fields[IS_JOINED] == is_joined
    assert fields[N_CLOSED] == len(expected) <= MAX_CLOSED
    assert not fields[IS_DISORDERED]


def test_ranges_as_far_apart_as_floats_can_be_have_room() -> None:
    largest = np.finfo(np.float64).max
    spans = [(-largest, -largest), (largest, largest), *((float(n), n + 0.5) for n in range(MAX_CLOSED - 1))]
    covered, fields = covering(spans)
    assert covered == [(-largest, -largest), (0.0, 1.5), *sorted(spans[4:]), (largest, largest)]
    assert fields[IS_JOINED]
