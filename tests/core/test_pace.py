from __future__ import annotations

import pytest

from pipelines.core.clock import NS_PER_SECOND as S
from pipelines.core.clock import ManualClock
from pipelines.core.pace import Pace

EPOCH_NS = 1_723_161_255_030_314_667


@pytest.mark.parametrize(("speed", "factor"), [(1.0, 1.0), (4.0, 0.25), (0.5, 2.0)])
def test_messages_are_due_at_their_recorded_distances_times_the_speed(speed: float, factor: float) -> None:
    clock = ManualClock(7)
    pace = Pace(clock, speed)
    assert pace.left_ns(EPOCH_NS) == 0
    assert pace.left_ns(EPOCH_NS + 8 * S) == 8 * S * factor
    clock.advance(seconds=3)
    assert pace.left_ns(EPOCH_NS + 8 * S) == 8 * S * factor - 3 * S


def test_no_nanosecond_is_lost_at_the_size_of_today() -> None:
    pace = Pace(ManualClock(), 1.0)
    pace.left_ns(EPOCH_NS)
    assert pace.left_ns(EPOCH_NS + 1) == 1


def test_without_a_speed_or_a_time_a_message_is_due_at_once() -> None:
    unpaced, paced = Pace(ManualClock(), 0.0), Pace(ManualClock(), 1.0)
    assert unpaced.left_ns(EPOCH_NS) == unpaced.left_ns(EPOCH_NS + S) == 0
    assert paced.left_ns(None) == 0
