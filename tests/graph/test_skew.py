from __future__ import annotations

from pipelines.core.clock import NS_PER_SECOND as S
from pipelines.graph.skew import SkewEstimate


def test_the_message_that_was_delayed_least_tells_the_skew() -> None:
    skew = SkewEstimate()
    for delay_ms in (80, 5, 300):
        skew.observe(newest_event_ns=100 * S - delay_ms * 1_000_000, now_ns=100 * S)
    assert skew.ns == -5_000_000


def test_an_old_estimate_is_forgotten() -> None:
    skew = SkewEstimate()
    skew.observe(newest_event_ns=103 * S, now_ns=100 * S)
    skew.observe(newest_event_ns=110 * S, now_ns=110 * S)
    assert skew.ns == 3 * S
    skew.observe(newest_event_ns=140 * S, now_ns=140 * S)
    assert skew.ns == 0


def test_the_skew_of_a_recording_may_be_years() -> None:
    skew = SkewEstimate()
    assert skew.ns is None
    skew.observe(newest_event_ns=5 * S, now_ns=10**18)
    assert skew.ns == 5 * S - 10**18
