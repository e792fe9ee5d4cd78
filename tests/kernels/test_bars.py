from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.kernels.bars import ring_bars
from pipelines.kernels.event_bars import ROWS, SIZES, TURNOVERS, event_bars
from pipelines.kernels.one_bar import N_FIGURES, N_MARKS, N_ROWS, NUMBER

N_KEYS, N_BARS, PERIOD = 3, 4, 10
NUMBERS = st.floats(-1e3, 1e3) | st.sampled_from([np.nan, np.inf, -np.inf, 0.1, 0.0])
TIMES = st.integers(-60, 60) | st.sampled_from([-(2**61), 2**61, 2**61 + 1])
ROW = st.tuples(st.integers(0, N_KEYS - 1), TIMES, NUMBERS, NUMBERS, st.sampled_from([-1, 0, 1]))
Row = tuple[int, int, float, float, int]
Bar = list[float]


def columns_of(rows: list[Row]) -> tuple[np.ndarray, ...]:
    dtypes = (np.int32, np.int64, np.float64, np.float64, np.int8)
    columns = [np.array([row[place] for row in rows], dtype) for place, dtype in enumerate(dtypes)]
    for column in columns:
        column.flags.writeable = False
    return tuple(columns)


def opened(number: int, time: int, value: float) -> Bar:
    return [value, value, value, value, 0.0, 0.0, 0.0, 0.0, number, time, time, 0]


def traded(bar: Bar, value: float, size: float, side: int) -> None:
    bar[1], bar[2], bar[11] = max(bar[1], value), min(bar[2], value), bar[11] + 1
    if math.isfinite(size):
        for figure, amount in ((4, size), (5, value * size), (6, size * (side > 0)), (7, size * (side < 0))):
            bar[figure] += amount


def ring_twin(rows: list[Row]) -> tuple[dict[tuple[int, int], Bar], list[int]]:
    """Bars by key and slot, and the rows that a newer bar put out."""
    bars: dict[tuple[int, int], Bar] = {}
    n_retired = [0] * N_KEYS
    for key, time, value, size, side in rows:
        if not math.isfinite(value):
            continue
        number, place = time // PERIOD, (key, time // PERIOD % N_BARS)
        if place in bars and bars[place][8] > number:
            n_retired[key] += 1
            continue
        if place not in bars or bars[place][8] < number:
            n_retired[key] += int(bars[place][11]) if place in bars else 0
            bars[place] = opened(number, time, value)
        bar = bars[place]
        if time < bar[9]:
            bar[0], bar[9] = value, time
        if time >= bar[10]:
            bar[3], bar[10] = value, time
        traded(bar, value, size, side)
    return bars, n_retired


def event_twin(rows: list[Row], amount_of: int, threshold: float) -> dict[int, list[Bar]]:
    """Bars by key, the forming one last."""
    bars: dict[int, list[Bar]] = {}
    amounts = [0.0] * N_KEYS
    for key, time, value, size, side in rows:
        if not math.isfinite(value):
            continue
        of_key = bars.setdefault(key, [])
        if not of_key or amounts[key] >= threshold:
            of_key.append(opened(len(of_key), time, value))
            amounts[key] = 0.0
        traded(of_key[-1], value, size, side)
        of_key[-1][3], of_key[-1][10] = value, time
        amount = (1.0, size, value * size)[amount_of]
        amounts[key] += amount if 0 < amount < math.inf else 0.0
    return bars


def as_rows(bars: np.ndarray, marks: np.ndarray) -> list[Bar]:
    return [[*figures.tolist(), *own[:4].tolist()] for figures, own in zip(bars, marks, strict=True)]


@pytest.mark.parametrize("is_compiled", [True, False])
@given(rows=st.lists(ROW, max_size=60), n_sizes=st.booleans())
def test_bars_in_a_ring_equal_their_twin_to_the_last_bit(is_compiled: bool, rows: list[Row], n_sizes: bool) -> None:
    keys, times, values, sizes, sides = columns_of(rows)
    if not n_sizes:
        rows = [(*row[:3], np.nan, 0) for row in rows]
        sizes, sides = sizes[:0], sides[:0]
    expected, n_retired = ring_twin(rows)
    bars, marks = np.full((N_KEYS * N_BARS, N_FIGURES), np.nan), np.zeros((N_KEYS * N_BARS, N_MARKS), np.int64)
    newest, retired = np.full(N_KEYS, -(2**62)), np.zeros(N_KEYS, np.int64)
    writable, n_keys, row = np.full(N_BARS, -1), 0, 0
    while (
        row := (ring_bars if is_compiled else ring_bars.py_func)(
            row, keys, times, values, sizes, sides, PERIOD, 7, n_keys, writable, bars, marks, newest, retired
        )
    ) < len(rows):
        key, slot = int(keys[row]), int(times[row]) // PERIOD % N_BARS
        assert key >= n_keys or writable[slot] < 0, "it stops only where there is no place"
        n_keys = max(n_keys, key + 1)
        writable[slot] = slot * N_KEYS
    places = [slot * N_KEYS + key for key, slot in expected]
    assert as_rows(bars[places], marks[places]) == list(expected.values())
    assert np.count_nonzero(marks[:, N_ROWS]) == len(expected)
    assert retired.tolist() == n_retired
    for key in range(N_KEYS):
        assert newest[key] == max((int(bar[8]) for (of, _), bar in expected.items() if of == key), default=-(2**62))


@pytest.mark.parametrize("is_compiled", [True, False])
@given(
    rows=st.lists(ROW, max_size=60),
    amount_of=st.sampled_from([ROWS, SIZES, TURNOVERS]),
    threshold=st.sampled_from([0.5, 3.0, 700.0]),
)
def test_bars_by_amount_equal_their_twin_to_the_last_bit(
    is_compiled: bool, rows: list[Row], amount_of: int, threshold: float
) -> None:
    keys, times, values, sizes, sides = columns_of(rows)
    forming = np.zeros((N_KEYS, N_FIGURES)), np.zeros((N_KEYS, N_MARKS), np.int64)
    closed = np.zeros((N_KEYS, 2, N_FIGURES)), np.zeros((N_KEYS, 2, N_MARKS), np.int64)
    amounts, n_closed = np.zeros(N_KEYS), np.zeros(N_KEYS, np.int64)
    found: dict[int, list[Bar]] = {key: [] for key in range(N_KEYS)}
    run, row = event_bars if is_compiled else event_bars.py_func, 0

    def put_away(key: int) -> None:
        found[key] += as_rows(closed[0][key, : n_closed[key]], closed[1][key, : n_closed[key]])
        n_closed[key] = 0

    while (
        row := run(
            row, keys, times, values, sizes, sides, amount_of, threshold, 7, *forming, amounts, *closed, n_closed
        )
    ) < len(rows):
        assert n_closed[keys[row]] == 2, "it stops only where a key has no room"
        put_away(int(keys[row]))
    for key in range(N_KEYS):
        put_away(key)
        assert forming[1][key, NUMBER] == len(found[key])
        if forming[1][key, N_ROWS]:
            found[key] += as_rows(forming[0][[key]], forming[1][[key]])
    assert found == {key: event_twin(rows, amount_of, threshold).get(key, []) for key in range(N_KEYS)}
