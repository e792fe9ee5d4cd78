from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipelines.core.ledger import OUTCOMES, Ledger
from pipelines.core.message import DeadLetter

passes = st.lists(st.tuples(st.sampled_from(["trades", "quotes"]), st.tuples(*[st.integers(0, 50)] * 4)))


@given(passes)
def test_a_ledger_whose_records_all_met_a_fate_balances(counted: list[tuple[str, tuple[int, ...]]]) -> None:
    ledger = Ledger()
    for kind, counts in counted:
        ledger.receive(kind, sum(counts))
        for outcome, n_records in zip(OUTCOMES, counts, strict=True):
            ledger.settle(kind, outcome, n_records)
    snapshot = ledger.publish()
    assert all(counts.unaccounted == 0 for counts in snapshot.kinds.values())
    assert snapshot.total.received == sum(sum(counts) for _, counts in counted)
    assert snapshot.total.unaccounted == 0


def test_a_record_without_a_fate_shows() -> None:
    ledger = Ledger()
    ledger.receive("trades", 3)
    ledger.settle("trades", "stored", 2)
    assert ledger.publish().kinds["trades"].unaccounted == 1


def test_readers_see_only_what_was_published() -> None:
    ledger = Ledger()
    ledger.receive_messages(1)
    ledger.receive("trades", 1)
    assert ledger.snapshot.n_messages == 0
    ledger.settle("trades", "late", 1)
    ledger.publish()
    assert ledger.snapshot.kinds["trades"].late == 1


def test_dead_letters_are_kept_newest_last_and_all_are_counted() -> None:
    ledger = Ledger(n_dead_letters=3)
    for number in range(10):
        ledger.receive("trades", 2)
        ledger.reject(DeadLetter("trades", f"reason {number}", None, number, n_records=2))
    snapshot = ledger.publish()
    assert [letter.reason for letter in snapshot.dead_letters] == ["reason 7", "reason 8", "reason 9"]
    assert snapshot.kinds["trades"].rejected == 20
