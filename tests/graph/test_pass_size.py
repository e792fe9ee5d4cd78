from __future__ import annotations

import pytest

from pipelines.graph.pass_size import PassSize

MIB = 1 << 20


def settled(cost_ns: float, *, waiting: int = 64 * MIB, n_passes: int = 20) -> list[int]:
    """Return the sizes of passes, each of whose bytes takes so long."""
    size = PassSize()
    sizes = []
    for _ in range(n_passes):
        n_bytes = min(size.n_bytes, waiting)
        size.observe(n_bytes, took_ns=int(n_bytes * cost_ns))
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
