from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.graph.pass_size import PassSize

MIB = 1 << 20


def settled(
    cost_ns: float, *, pass_ns: float = 0.0, n_passes: int = 20, hiccups: frozenset[int] = frozenset()
) -> list[int]:
    """Return the sizes of passes, each of whose bytes takes so long, and each pass so much besides."""
    size = PassSize()
    sizes = []
    for number in range(n_passes):
        took_ns = pass_ns + size.n_bytes * cost_ns + 50e6 * (number in hiccups)
        size.observe(size.n_bytes, took_ns=int(took_ns))
        sizes.append(size.n_bytes)
    return sizes


@pytest.mark.parametrize(("cost_ns", "n_bytes"), [(0.5, 4 * MIB), (1.5, 2 * MIB), (4.0, MIB), (9.0, MIB // 2)])
def test_a_pass_grows_no_larger_than_goes_through_in_five_milliseconds(cost_ns: float, n_bytes: int) -> None:
    assert set(settled(cost_ns)[4:]) == {n_bytes}
    assert n_bytes * cost_ns <= 5e6


def test_a_pass_is_never_made_so_small_that_its_own_costs_count() -> None:
    assert settled(1_000.0)[-1] == MIB // 4


def test_after_a_hiccup_passes_become_large_again() -> None:
    size = PassSize()
    for _ in range(3):
        size.observe(100, took_ns=50_000_000)
    assert size.n_bytes == MIB // 2
    for _ in range(3):
        size.observe(size.n_bytes, took_ns=1_000_000)
    assert size.n_bytes == 4 * MIB


def test_passes_that_are_not_full_tell_nothing_of_how_much_more_would_go() -> None:
    size = PassSize()
    size.observe(100, took_ns=50_000_000)
    for _ in range(9):
        size.observe(100, took_ns=1_000)
    assert size.n_bytes == 2 * MIB


def test_passes_that_cost_much_by_themselves_are_not_made_smaller_for_little() -> None:
    sizes = settled(4.0, pass_ns=3.6e6, n_passes=3_000)  # as with 50,000 keys
    assert Counter(sizes[20:]).most_common(1)[0] == (MIB // 2, pytest.approx(2_980, abs=30))
    sizes = settled(0.1, pass_ns=8e6, n_passes=3_000)
    assert Counter(sizes).most_common(1)[0] == (4 * MIB, pytest.approx(3_000, abs=30))


@given(st.floats(0.01, 100.0), st.floats(0.0, 30e6), st.frozensets(st.integers(0, 200), max_size=40))
def test_whatever_a_pass_costs_and_whatever_held_it_up_the_size_comes_to_be_right(
    cost_ns: float, pass_ns: float, hiccups: frozenset[int]
) -> None:
    def took_ns(n_bytes: int) -> float:
        return pass_ns + n_bytes * cost_ns

    sizes = settled(cost_ns, pass_ns=pass_ns, n_passes=9_000, hiccups=hiccups)
    size, n_passes = Counter(sizes[-2_000:]).most_common(1)[0]
    assert n_passes > 1_950
    if size < 4 * MIB:
        assert took_ns(2 * size) > 5e6 * 0.99, "more would go through in time"
        assert took_ns(size) < took_ns(2 * size) * 0.76, "it saves little"
    if size > MIB // 4:
        assert took_ns(size) < 5.01e6 or took_ns(size // 2) > took_ns(size) * 0.74, "less would save much"
