from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipelines.core.errors import SpecError
from pipelines.core.spec import CANVAS_COLUMNS
from pipelines.live.explore.request import ExploreRequest, canvas_over, snap_values

START_NS = 1_700_000_000_000_000_000
REQUEST = ExploreRequest("trades", "A", "price", START_NS, START_NS + 60_000_000_000)

times_ns = st.integers(-(1 << 62), (1 << 62) - 1)
values = st.floats(-1e9, 1e9)


@given(start_ns=times_ns, span_ns=st.integers(1, 1 << 61), n_columns=st.sampled_from(CANVAS_COLUMNS))
def test_a_picture_covers_the_time_asked_for_and_hardly_more(start_ns: int, span_ns: int, n_columns: int) -> None:
    end_ns = min(start_ns + span_ns, 1 << 62)
    snapped = replace(REQUEST, start_ns=start_ns, end_ns=end_ns, n_columns=n_columns).snapped()
    assert snapped.start_ns <= start_ns
    assert snapped.end_ns >= end_ns
    assert (end_ns - start_ns) >> snapped.column_log2 <= n_columns
    assert snapped.n_columns <= n_columns * (1 + 2 / 16) + 1


def test_a_small_pan_is_answered_by_the_same_picture() -> None:
    snapped = REQUEST.snapped()
    block_ns = 64 << snapped.column_log2
    first = replace(REQUEST, start_ns=snapped.start_ns, end_ns=snapped.end_ns - block_ns + 1)
    last = replace(first, start_ns=first.start_ns + block_ns - 1, end_ns=first.end_ns + block_ns - 1)
    assert first.snapped() == last.snapped() == snapped
    assert replace(last, start_ns=last.start_ns + 1, end_ns=last.end_ns + 1).snapped() != snapped
    a, b = replace(REQUEST, y_range=(99.1, 101.2)), replace(REQUEST, y_range=(99.11, 101.21))
    assert a.snapped() == b.snapped()


@given(
    low=values,
    height=st.floats(0, 1e9),
    step=st.sampled_from([0.01, 1.0, 2.0**-20, 25.0, 1e-5]),
    n_rows=st.sampled_from([32, 400, 1_001]),
)
@example(low=-5e-324, height=17.0, step=0.01, n_rows=32)  # a unit of 2.0 is further from 0 than floats can tell
@example(low=2.0**26, height=1e-6, step=2.0**-20, n_rows=32)  # few rows, so far from 0 that they are too many to count
def test_rows_cover_the_values_and_are_no_more_than_allowed(
    low: float, height: float, step: float, n_rows: int
) -> None:
    y_range = snap_values(low, low + height)
    assert y_range[0] <= low
    assert y_range[1] >= low + height
    canvas = canvas_over(replace(REQUEST, n_rows=n_rows).snapped(), y_range, step)
    assert canvas.y_range[0] <= y_range[0]
    assert canvas.y_range[1] >= y_range[1]
    assert 1 <= canvas.n_rows <= n_rows
    if canvas.level:  # no coarser than it must be: finer rows would be too many, or too far from 0 to be counted
        furthest = max(abs(edge) / step for edge in y_range)
        assert canvas.n_rows * 2 + 2 > n_rows / 2 or furthest / 2 ** (canvas.level - 1) > (1 << 46) - 1


@pytest.mark.parametrize(
    "change",
    [
        {"end_ns": START_NS},
        {"start_ns": -(1 << 63)},
        {"n_rows": 10**9},
        {"n_columns": 1_000},
        {"value": "prize"},
        {"reduction": "sum"},
        {"y_range": (2.0, 1.0)},
        {"y_range": (math.nan, 1.0)},
        {"y_range": (-math.inf, 1.0)},
        {"y_range": (1e15, 1e15 + 1e-9)},
    ],
)
def test_what_can_t_be_drawn_is_refused_at_once(change: dict[str, object]) -> None:
    with pytest.raises(SpecError):
        replace(REQUEST, **change)
