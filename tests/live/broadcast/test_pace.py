"""Nobody takes the loop from others."""

from __future__ import annotations

from pipelines.core.clock import NS_PER_SECOND as S
from pipelines.live.broadcast.pace import Pace


def test_who_says_little_never_waits() -> None:
    pace = Pace()
    assert not any(pace.rest_s(second * S, second * S + S // 10) for second in range(1, 1_000))


def test_a_page_with_many_panes_does_not_wait_when_it_is_opened() -> None:
    pace = Pace()
    assert not any(pace.rest_s(S + n * S // 150, S + (n + 1) * S // 150) for n in range(32))


def test_who_floods_gets_a_fifth_of_the_time() -> None:
    pace, now_ns, taken_ns = Pace(), S, 0
    while now_ns < 100 * S:
        rest_s = pace.rest_s(now_ns, now_ns + S // 1_000)
        now_ns += S // 1_000 + round(rest_s * S)
        taken_ns += S // 1_000
    assert 0.15 < taken_ns / (99 * S) < 0.25
