from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipelines.live.frames.value_scale import ValueScale

PRICES = st.floats(-1e9, 1e9).map(lambda value: round(value, 4))


@given(st.lists(st.tuples(PRICES, PRICES).map(sorted), min_size=1, max_size=20))
def test_all_values_are_inside_and_the_range_is_never_much_too_large(steps: list[list[float]]) -> None:
    scale = ValueScale()
    for low, high in steps:
        bottom, top = scale.fit(low, high)
        assert bottom < low <= high < top or (bottom <= low and high <= top and bottom < top)
        assert top - bottom <= 3.0001 * max(high - low, max(abs(low), abs(high)) * 1e-6 or 1.0)


def test_the_range_stays_while_values_wander_inside() -> None:
    scale = ValueScale()
    first = scale.fit(100, 110)
    assert {scale.fit(100 + step / 10, 109 - step / 10) for step in range(20)} == {first}


def test_the_range_grows_at_once_on_the_side_that_needs_it() -> None:
    scale = ValueScale()
    bottom, top = scale.fit(100, 110)
    assert scale.fit(100, 118)[0] == bottom
    assert scale.range[1] > 118 > top
