from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipelines.kernels.gate import AHEAD, ANCIENT, JUMP, LATE, N_STATE, NEWEST, PASS, WITNESS, confirmed_ns, judge_times

NEVER = np.iinfo(np.int64).min
NOW_NS = 10**18
WINDOW_NS, MAX_AHEAD_NS, SLACK_NS = 1_000, 300, 50
TIMES = st.integers(NOW_NS - 4_000, NOW_NS + MAX_AHEAD_NS + 5) | st.sampled_from([0, -1, NEVER, 2**63 - 1])


@given(st.lists(TIMES, max_size=30))
def test_the_edge_is_the_newest_time_that_rests_on_more_than_one_row(times: list[int]) -> None:
    state, outcomes = np.full(N_STATE, NEVER), np.empty(len(times), np.uint8)
    judge_times(np.array(times, np.int64), NOW_NS, WINDOW_NS, MAX_AHEAD_NS, SLACK_NS, state, outcomes)
    passed = sorted(_passed(times, outcomes))
    newest, witness = ([NEVER, NEVER, *passed][-1], [NEVER, NEVER, *passed][-2])
    assert (state[NEWEST], state[WITNESS]) == (newest, witness)
    edge = confirmed_ns(newest, witness, NOW_NS, SLACK_NS)
    if len(passed) > 1:
        assert edge == (newest if newest - witness <= SLACK_NS else witness)
    else:
        assert edge == (min(newest, NOW_NS) if passed else NEVER)


@given(st.lists(TIMES, max_size=30))
def test_each_time_is_judged_for_what_it_is(times: list[int]) -> None:
    state, outcomes = np.full(N_STATE, NEVER), np.empty(len(times), np.uint8)
    judge_times(np.array(times, np.int64), NOW_NS, WINDOW_NS, MAX_AHEAD_NS, SLACK_NS, state, outcomes)
    for time, outcome in zip(times, outcomes.tolist(), strict=True):
        assert (outcome == AHEAD) == (time > NOW_NS + MAX_AHEAD_NS)
        assert (outcome == ANCIENT) == (time < NOW_NS - 10**17)
        if outcome in (LATE, JUMP):  # a window behind, or ahead of, one that passed
            assert any(
                (passed - time) * (1 if outcome == LATE else -1) > WINDOW_NS for passed in _passed(times, outcomes)
            )


def _passed(times: list[int], outcomes: np.ndarray) -> list[int]:
    return [time for time, outcome in zip(times, outcomes.tolist(), strict=True) if outcome == PASS]
