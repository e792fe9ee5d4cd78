from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipelines.core.clock import NS_PER_SECOND
from pipelines.graph.witness import TimeGate, Verdict

S = NS_PER_SECOND
NOW = 1_700_000_000 * S


def gate() -> TimeGate:
    return TimeGate(window_ns=60 * S, max_ahead_ns=3600 * S)


def judge(gate: TimeGate, *seconds: float, now_s: float = 0) -> Verdict:
    times = np.array([NOW + round(second * S) for second in seconds], dtype=np.int64)
    return gate.judge(times, now_ns=NOW + round(now_s * S))


def test_rows_out_of_order_within_the_window_pass() -> None:
    assert judge(gate(), 0, 5, -50, 3, 5).all_pass


def test_a_row_older_than_the_window_is_late() -> None:
    verdict = judge(gate(), 0, 0, -60, -60.5)
    assert verdict.passes.tolist() == [True, True, True, False]
    assert verdict.n_late == 1
    assert verdict.rejected == ()


def test_a_row_far_ahead_of_the_clock_is_rejected_with_a_reason() -> None:
    verdict = judge(gate(), 3600, 3601, 9e6)
    assert verdict.passes.tolist() == [True, False, False]
    assert verdict.rejected == (("event time is over 3600 s ahead of the clock", 2),)


def test_a_time_in_another_unit_is_rejected_with_a_hint() -> None:
    verdict = gate().judge(np.array([NOW // 1_000_000, NOW], dtype=np.int64), now_ns=NOW)
    assert verdict.passes.tolist() == [False, True]
    assert "time_unit=" in verdict.rejected[0][0]


def test_one_bad_stamp_does_not_scroll_the_window_away() -> None:
    times = gate()
    judge(times, -1000)
    verdict = judge(times, -1000, 0, -999)
    assert verdict.passes.tolist() == [True, False, True]
    assert "no second witness" in verdict.rejected[0][0]


def test_a_second_witness_in_the_same_batch_saves_the_first() -> None:
    times = gate()
    judge(times, -1000)
    verdict = judge(times, -1000, 0, 1, 2)
    assert verdict.all_pass
    assert judge(times, -999).n_late == 1


def test_a_second_witness_in_a_later_batch_moves_the_window() -> None:
    times = gate()
    judge(times, -1000)
    assert not judge(times, 0).passes.any()
    assert judge(times, 1).passes.all()


def test_two_wild_stamps_that_do_not_agree_are_no_witnesses() -> None:
    times = gate()
    judge(times, -5000)
    assert judge(times, 0, -1000, -4999).passes.tolist() == [False, False, True]


def test_a_stream_that_was_quiet_for_longer_than_the_window_goes_on() -> None:
    times = gate()
    judge(times, 0)
    assert judge(times, 600, now_s=600).all_pass


def test_a_recording_from_long_ago_is_live() -> None:
    assert judge(gate(), -3e7, -3e7 + 1).all_pass


def test_one_row_that_is_far_ahead_but_believable_moves_neither_the_window_nor_the_edge() -> None:
    times = gate()
    judge(times, 0, 1, 2)
    assert judge(times, 50).all_pass  # it is stored
    assert times.edge_ns == NOW + 2 * S
    assert judge(times, 3, -50).all_pass
    judge(times, 51)
    assert times.edge_ns == NOW + 51 * S
    assert judge(times, -50).n_late == 1


def test_a_first_row_ahead_of_the_clock_makes_no_other_late() -> None:
    times = gate()
    assert judge(times, 3_000).all_pass
    assert times.edge_ns == NOW
    assert judge(times, 0, 1, 2).all_pass
    assert times.edge_ns == NOW + 2 * S


def test_two_wild_stamps_far_apart_in_time_do_not_witness_each_other() -> None:
    times = gate()
    judge(times, -5_000)
    assert not judge(times, 0).passes.any()
    judge(times, -4_900, now_s=100)
    assert not judge(times, 1, now_s=100).passes.any()


@given(st.lists(st.integers(-200, 4000), min_size=1, max_size=60), st.data())
def test_the_edge_does_not_depend_on_how_the_stream_is_divided(seconds: list[int], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(seconds)))
    whole, divided = gate(), gate()
    judge(whole, *seconds)
    fates = [judge(divided, *part) for part in (seconds[:cut], seconds[cut:]) if part]
    assert divided.edge_ns == whole.edge_ns
    passed = sum(int(fate.passes.sum()) for fate in fates)
    assert passed + sum(fate.n_late + sum(n for _, n in fate.rejected) for fate in fates) == len(seconds)


@given(st.lists(st.integers(-50, 50), min_size=1, max_size=60))
def test_rows_within_a_window_of_each_other_all_pass(seconds: list[int]) -> None:
    near = [second // 2 for second in seconds]
    assert judge(gate(), *near).all_pass
