from __future__ import annotations

from tests.benchmarks.budgets import BUDGETS, verdicts
from tests.benchmarks.harness import Row


def row(name: str, value: float) -> Row:
    return Row(name, value, "x", None, None, "")


def test_what_may_be_at_most_so_much_is_met_at_that() -> None:
    (line,) = verdicts([row("zoom_50m_p99_ms", BUDGETS["zoom_50m_p99_ms"].value)])
    assert line.endswith("at most 5: met")


def test_what_is_to_be_at_least_so_much_is_missed_by_how_many_times_it_is_less() -> None:
    (line,) = verdicts([row("sustained_packed_ticks_s", 10e6)])
    assert line.endswith("at least 30,000,000: missed 3.00 times")


def test_a_figure_without_a_budget_has_no_verdict() -> None:
    assert list(verdicts([row("append_1_keys", 20.0)])) == []
