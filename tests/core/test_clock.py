from __future__ import annotations

import pytest

from pipelines.core.clock import ManualClock, SystemClock, duration, parse_duration_ns
from pipelines.core.errors import SpecError


@pytest.mark.parametrize(
    ("text", "duration_ns"),
    [
        ("30m", 1_800_000_000_000),
        ("1.5h", 5_400_000_000_000),
        ("500ms", 500_000_000),
        ("90", 90_000_000_000),
        ("2ns", 2),
    ],
)
def test_durations_are_read_as_nanoseconds(text: str, duration_ns: int) -> None:
    assert parse_duration_ns(text) == duration_ns


@pytest.mark.parametrize("text", ["", "m", "-5m", "0", "5 fortnights", "1e999s", "nan"])
def test_what_is_no_duration_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(SpecError, match="such as 30m"):
        parse_duration_ns(text)


def test_a_duration_that_would_overflow_is_refused() -> None:
    assert parse_duration_ns("36500d") > 0
    with pytest.raises(SpecError, match="36500d"):
        parse_duration_ns("36501d")


def test_a_manual_clock_moves_only_when_told() -> None:
    clock = ManualClock(5)
    clock.advance(seconds=1.5, ns=2)
    assert clock.now_ns() == clock.monotonic_ns() == 1_500_000_007


def test_the_system_clock_counts_nanoseconds() -> None:
    clock = SystemClock()
    assert clock.now_ns() > 1_700_000_000_000_000_000
    assert clock.monotonic_ns() <= clock.monotonic_ns()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0079, "7 ms"), (5.9, "5 s"), (119, "119 s"), (120, "2 min"), (7_200, "2 h"), (400_000, "4 d")],
)
def test_a_duration_is_told_in_its_largest_unit(seconds: float, text: str) -> None:
    assert duration(round(seconds * 1e9)) == text
