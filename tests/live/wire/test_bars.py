from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.aggregates.candles import Candles
from pipelines.core.clock import NS_PER_SECOND
from pipelines.live.wire.bars import BarsEncoder
from pipelines.live.wire.parts import is_keyframe
from tests.live.wire.bars_and_rows import ShownBars

NUMBERS = st.sampled_from([0.0, -0.0, 1.5, 61_234.5, float("nan"), 5e-324, -1e300])
State = tuple[int, Candles]


def candles(numbers: np.ndarray, values: np.ndarray) -> Candles:
    """Bars of these numbers; `values` is float64[n, 9], rows last."""
    columns = dict(zip(("open", "high", "low", "close", "volume", "turnover"), values.T.copy(), strict=False))
    return Candles(
        NS_PER_SECOND,
        codes=np.zeros(len(numbers), np.int32),
        numbers=numbers,
        start_ns=numbers * NS_PER_SECOND,
        end_ns=(numbers + 1) * NS_PER_SECOND,
        buy_volume=values[:, 6].copy(),
        sell_volume=values[:, 7].copy(),
        n_rows=np.nan_to_num(np.abs(values[:, 8]) % 1e6).astype(np.int64),
        **columns,
    )


@st.composite
def histories(draw: st.DrawFn) -> list[State]:
    """Bars that form, close, scroll out, come late in the middle and are joined by older ones."""
    first, numbers = draw(st.integers(-3, 3)), np.arange(draw(st.integers(0, 4)), dtype=np.int64) * 2
    values = np.zeros((len(numbers), 9))
    states = []
    for _ in range(draw(st.integers(1, 12))):
        what = draw(st.sampled_from(["form", "form", "next", "late", "older", "scroll", "nothing"]))
        if what == "form" and len(numbers):
            row, column = draw(st.integers(0, len(numbers) - 1)), draw(st.integers(0, 8))
            values[row, column] = draw(NUMBERS)
        elif what == "next":
            numbers = np.append(numbers, numbers[-1:].sum() + draw(st.integers(1, 300)))
            values = np.vstack([values, np.full((1, 9), draw(NUMBERS))])
        elif what == "late" and len(numbers) > 1:
            numbers, values = np.insert(numbers, 1, numbers[0] + 1), np.insert(values, 1, draw(NUMBERS), axis=0)
        elif what == "older":
            n = draw(st.sampled_from([1, 2, 300]))
            numbers = np.append(numbers[:1].sum() - np.arange(n, 0, -1), numbers)
            values, first = np.vstack([np.full((n, 9), draw(NUMBERS)), values]), first - n
        elif what == "scroll":
            numbers, values, first = numbers[1:], values[1:], first + 1
        states.append((first, candles(numbers.copy(), values.copy())))
    return states


def is_shown(shown: ShownBars, state: State) -> bool:
    first, bars = state
    columns = [bars.start_ns, bars.open, bars.high, bars.low, bars.close, bars.volume, bars.turnover]
    columns += [bars.buy_volume, bars.sell_volume, bars.n_rows]
    told = list(zip(*shown.bars, strict=True)) or [()] * 10
    return shown.first == first and all(
        np.array(values, column.dtype).tobytes() == column.tobytes()
        for values, column in zip(told, columns, strict=True)
    )


@given(histories(), st.lists(st.booleans(), min_size=12, max_size=12))
@settings(max_examples=200, deadline=None)
def test_whoever_gets_some_of_the_messages_has_the_bars_to_the_bit_after_each(
    states: list[State], got: list[bool]
) -> None:
    encoder, shown = BarsEncoder(), ShownBars()
    for state, is_sent in zip(states, got, strict=False):
        encoder.take(*state)
        joined = ShownBars()
        for watcher in (shown, joined) if is_sent else (joined,):
            if watcher.generation < encoder.generation:
                for message in encoder.messages(watcher.generation):
                    watcher.apply(message)
            assert is_shown(watcher, state)
            assert watcher.generation == encoder.generation


def test_a_forming_bar_costs_the_numbers_that_changed() -> None:
    encoder, values = BarsEncoder(), np.arange(240 * 9.0).reshape(240, 9)
    encoder.take(5, candles(np.arange(240), values))
    values[-1, 3:] += 1  # close, volume, turnover, both sides, rows
    encoder.take(5, candles(np.arange(240), values))
    (delta,) = encoder.messages(1)
    assert not is_keyframe(delta)
    assert len(delta) == 12 + 4 + 12 + 2 + 2 + 6 * 8


def test_bars_that_did_not_change_are_no_generation() -> None:
    encoder = BarsEncoder()
    with pytest.raises(LookupError):
        encoder.messages(0)
    for _ in range(2):
        encoder.take(0, candles(np.arange(3), np.full((3, 9), np.nan)))
    assert encoder.generation == 1


def test_messages_are_made_once_for_all_at_one_generation() -> None:
    encoder = BarsEncoder()
    encoder.take(0, candles(np.arange(3), np.zeros((3, 9))))
    assert encoder.messages(0)[0] is encoder.messages(0)[0]
