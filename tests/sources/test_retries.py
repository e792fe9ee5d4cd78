from __future__ import annotations

from pipelines.core.clock import NS_PER_SECOND
from pipelines.sources.retries import LONGEST_RETRY_S, STABLE_NS, Retries


def test_waits_grow_from_a_tenth_of_a_second_to_ten_seconds() -> None:
    retries = Retries()
    delays_s = []
    for _ in range(2_000):
        retries.fail(lived_ns=None)
        delays_s.append(retries.delay_s())
    assert 0.05 <= delays_s[0] <= 0.2
    assert all(delay_s <= LONGEST_RETRY_S for delay_s in delays_s)
    assert min(delays_s[10:]) >= LONGEST_RETRY_S / 2
    assert len(set(delays_s[10:])) > 1_000, "without jitter all collectors come back at once"


def test_a_connection_that_was_made_begins_the_waits_anew() -> None:
    retries = Retries()
    for _ in range(10):
        retries.fail(lived_ns=None)
    retries.fail(lived_ns=STABLE_NS)
    assert retries.delay_s() <= 0.2


def test_three_short_connections_in_a_row_are_a_contest() -> None:
    retries = Retries()
    for _ in range(3):
        assert not retries.contested
        retries.fail(lived_ns=NS_PER_SECOND)
    assert retries.contested
    assert retries.delay_s() == LONGEST_RETRY_S


def test_a_broker_that_was_away_or_a_stable_connection_is_no_contest() -> None:
    retries = Retries()
    for lived_ns in [NS_PER_SECOND, NS_PER_SECOND, None, NS_PER_SECOND, NS_PER_SECOND, STABLE_NS, NS_PER_SECOND]:
        retries.fail(lived_ns=lived_ns)
        assert not retries.contested
    for _ in range(3):
        retries.fail(lived_ns=NS_PER_SECOND)
    retries.settle()
    assert not retries.contested
