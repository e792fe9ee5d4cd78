"""Nobody takes the loop from others."""

from __future__ import annotations

from pipelines.core.clock import NS_PER_SECOND as S
from pipelines.live.broadcast.pace import Pace

MS = S // 1_000


def test_who_says_little_never_waits() -> None:
    pace = Pace()
    assert all(pace.rest_s(second * S, second * S + 9 * MS) in (None, 0.0) for second in range(1, 1_000))


def test_a_page_with_many_panes_does_not_wait_when_it_is_opened_but_lets_others_have_their_turn() -> None:
    pace = Pace()
    rests = [pace.rest_s(S + n * 7 * MS, S + (n + 1) * 7 * MS) for n in range(32)]
    assert rests == [None, 0.0] * 16


def test_who_floods_gets_a_fifth_of_the_time_in_slices() -> None:
    pace, now_ns, taken_ns, longest_ns, slice_ns = Pace(), S, 0, 0, 0
    while now_ns < 100 * S:
        rest_s = pace.rest_s(now_ns, now_ns + MS)
        taken_ns += MS
        slice_ns = slice_ns + MS if rest_s is None else 0
        longest_ns = max(longest_ns, slice_ns)
        now_ns += MS + round((rest_s or 0.0) * S)
    assert 0.15 < taken_ns / (99 * S) < 0.25
    assert longest_ns <= 10 * MS
