from __future__ import annotations

import select

from pipelines.sources.wake import Wake


def is_readable(wake: Wake) -> bool:
    return bool(select.select([wake.socket], [], [], 0)[0])


def test_a_ring_makes_the_socket_readable() -> None:
    wake = Wake()
    assert not is_readable(wake)
    wake.ring()
    assert is_readable(wake)
    wake.close()


def test_rings_that_nobody_hears_neither_wait_nor_fail() -> None:
    wake = Wake()
    for _ in range(100_000):
        wake.ring()
    wake.close()


def test_a_ring_after_the_end_does_nothing() -> None:
    wake = Wake()
    wake.close()
    wake.ring()
    wake.close()
