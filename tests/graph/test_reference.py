from __future__ import annotations

from pipelines.graph.reference import Reference


def test_the_callback_comes_when_the_last_lets_go() -> None:
    calls: list[int] = []
    reference = Reference(lambda: calls.append(1))
    reference.retain(2)
    reference.release()
    reference.release()
    assert calls == []
    reference.release()
    assert calls == [1]


def test_the_callback_comes_once_whatever_follows() -> None:
    calls: list[int] = []
    reference = Reference(lambda: calls.append(1))
    reference.retain()
    reference.finish()
    reference.release(2)
    reference.retain()
    reference.release()
    assert calls == [1]
