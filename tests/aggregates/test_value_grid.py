from __future__ import annotations

from math import frexp, ldexp

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.aggregates.canvas import Canvas
from pipelines.aggregates.value_grid import MAX_VALUE, MIN_STEP, choose_step, fit_rows, tick_of

magnitudes = st.floats(1e-300, 1e270) | st.floats(1e-9, 1e9) | st.just(0.0)
numbers = st.builds(lambda magnitude, sign: magnitude * sign, magnitudes, st.sampled_from([-1, 1]))


@pytest.mark.parametrize("tick", [0.1, 0.01, 0.5, 0.25, 0.05, 1.0, 5.0, 100.0, 1e-8, 0.00025, 0.2, 2.5])
@pytest.mark.parametrize("around", [0.0, 573.0, 57_321.0])
def test_the_tick_of_prices_is_found(tick: float, around: float) -> None:
    first = round(around / tick)
    n_ticks = first + np.array([*np.random.default_rng(1).integers(-500, 500, 200), 0, 1, 3])
    n_decimals = 8
    parsed = np.array([float(f"{n * tick:.{n_decimals}f}") for n in n_ticks.tolist()])
    assert tick_of(parsed) == tick
    assert tick_of(n_ticks * tick) == tick, "computed prices are an ulp or two off the parsed ones"


@pytest.mark.parametrize(
    ("values", "tick"),
    [
        ([57_321.1], 0.1),
        ([57_321.1, 57_321.1], 0.1),
        ([0.0], 1.0),
        ([57_321.0, 57_321.7, 57_322.2], 0.1),
        ([10.0, 20.5], 0.5),
        ([0.5, 1.0, 1.75], 0.25),
        ([], None),
        ([np.pi, np.e], None),
        ([1 / 3], None),
        ([1e300], None),
        ([2.0**60], None),
    ],
)
def test_ticks_of_a_few_values(values: list[float], tick: float | None) -> None:
    assert tick_of(np.array(values)) == tick


def test_values_of_a_sensor_have_no_tick() -> None:
    assert tick_of(np.random.default_rng(0).normal(20, 3, 1_000)) is None


@given(st.integers(0, 10**6), st.integers(0, 10**7), st.sampled_from([0.1, 0.01, 0.25, 1.0]), st.integers(1, 2_000))
def test_a_step_is_the_tick_or_an_odd_part_of_it(first: int, n_ticks: int, tick: float, n_rows: int) -> None:
    step = choose_step(first * tick, (first + n_ticks) * tick, tick, n_rows)
    parts = round(tick / step)
    assert step == tick / parts
    assert parts % 2 == 1
    if n_ticks > n_rows / 4 + 1:
        assert parts == 1
    if parts > 1:
        assert n_ticks <= n_rows / 4 + 1
        assert (n_ticks + 1) * parts <= n_rows / 2 + 1
    for value in (first * tick, (first + n_ticks) * tick):
        assert abs(value / step - round(value / step)) < 1e-3


@given(numbers, numbers, st.integers(1, 2_000))
def test_without_a_tick_the_step_is_a_power_of_two_for_half_of_the_rows(low: float, high: float, n_rows: int) -> None:
    low, high = sorted((low, high))
    step = choose_step(low, high, None, n_rows)
    assert frexp(step)[0] == 0.5
    assert (high - low) / step <= max(n_rows / 2, 1)
    assert step * max(n_rows // 2, 1) <= max(
        2 * (high - low), 2 * n_rows * max(abs(low), abs(high)) * 2.0**-44, n_rows * MIN_STEP
    )
    assert step >= MIN_STEP


@given(numbers, numbers, st.integers(2, 1_000), st.sampled_from([0.1, 0.25 / 7, 1.0, 2.0**-30, 1e5]), st.integers(0, 9))
def test_rows_fit_a_range_with_room_at_both_ends(low: float, high: float, n_rows: int, step: float, level: int) -> None:
    low, high = sorted((low, high))
    fitted_level, first_row = fit_rows(low, high, step=step, level=level, n_rows=n_rows)
    canvas = Canvas(0, 0, 1, step, fitted_level, first_row, n_rows)
    bottom, top = canvas.y_range
    room = (n_rows // 8) * canvas.pitch
    assert fitted_level >= level
    assert bottom + room * (1 - 1e-9) <= low
    assert high <= top - room * (1 - 1e-9)
    if fitted_level > level and max(abs(low), abs(high)) < ldexp(canvas.pitch, 40):
        finer = canvas.pitch / 2
        assert (high - low) / finer + 2 > n_rows * 0.75 - 1, "no coarser than it must be"


def test_two_rows_are_enough_for_both_sides_of_zero() -> None:
    level, first_row = fit_rows(-MAX_VALUE, MAX_VALUE, step=MIN_STEP, level=0, n_rows=2)
    assert first_row == -1
    assert level > 900
