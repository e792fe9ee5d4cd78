from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from pipelines.core.message import Message, Position
from pipelines.sources.queue import MessageQueue
from tests.waiting import wait_until


def message(offset: int, *, partition: str = "p", n_bytes: int = 1) -> Message:
    return Message(b"x" * n_bytes, Position(partition, offset), 0)


def in_thread(target: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=target, daemon=True)
    thread.start()
    return thread


class QueueMachine(RuleBasedStateMachine):
    """A queue beside a plain deque that obeys the same bounds."""

    CAPACITY, CAPACITY_BYTES = 5, 100

    def __init__(self) -> None:
        super().__init__()
        self.queue = MessageQueue(self.CAPACITY, self.CAPACITY_BYTES)
        self.model: deque[Message] = deque()
        self.closed = False
        self.n_put = 0

    @rule(n_bytes=st.integers(0, 150))
    def put(self, n_bytes: int) -> None:
        new = message(self.n_put, n_bytes=n_bytes)
        n_waiting_bytes = sum(len(waiting.payload) for waiting in self.model)
        full = len(self.model) == self.CAPACITY or n_waiting_bytes + n_bytes > self.CAPACITY_BYTES
        fits = not self.closed and (not self.model or not full)
        assert self.queue.put(new, timeout_s=0) == fits
        if fits:
            self.model.append(new)
            self.n_put += 1

    @rule(max_messages=st.integers(1, 7))
    def take(self, max_messages: int) -> None:
        expected = [self.model.popleft() for _ in range(min(max_messages, len(self.model)))]
        assert self.queue.take(max_messages=max_messages, timeout_s=0) == expected

    @precondition(lambda self: not self.closed)
    @rule()
    def close(self) -> None:
        self.queue.close()
        self.closed = True

    @precondition(lambda self: self.closed)
    @rule()
    def reopen(self) -> None:
        self.queue.reopen()
        self.model.clear()
        self.closed = False

    @invariant()
    def statistics_agree(self) -> None:
        statistics = self.queue.statistics()
        assert statistics.n_messages == len(self.model) <= self.CAPACITY
        assert statistics.n_bytes == sum(len(waiting.payload) for waiting in self.model)
        assert statistics.n_put == self.n_put


TestQueueAgainstADeque = QueueMachine.TestCase


@given(
    n_threads=st.integers(1, 4),
    n_messages=st.integers(1, 200),
    capacity=st.integers(1, 20),
    max_messages=st.integers(1, 50),
    enough=st.integers(1, 50),
)
def test_threads_that_put_lose_nothing_and_keep_their_order(
    n_threads: int, n_messages: int, capacity: int, max_messages: int, enough: int
) -> None:
    queue = MessageQueue(capacity)
    putters = [
        in_thread(lambda name=str(k): [queue.put(message(i, partition=name)) for i in range(n_messages)])
        for k in range(n_threads)
    ]
    taken: list[Message] = []
    while len(taken) < n_threads * n_messages:
        some = queue.take(max_messages=max_messages, linger_s=0.001, enough=enough, timeout_s=10)
        assert some, "nothing came for 10 s"
        taken += some
    for putter in putters:
        putter.join()
    for k in range(n_threads):
        assert [m.position.offset for m in taken if m.position.partition == str(k)] == list(range(n_messages))
    assert queue.statistics().high_water <= capacity


def test_a_full_queue_makes_the_source_wait_and_counts_that() -> None:
    queue = MessageQueue(2)
    putter = in_thread(lambda: [queue.put(message(i)) for i in range(3)])
    wait_until(lambda: queue.statistics().n_blocked == 1)
    assert queue.statistics().n_messages == 2
    assert [m.position.offset for m in queue.take(max_messages=10, timeout_s=0)] == [0, 1]
    putter.join(10)
    assert [m.position.offset for m in queue.take(max_messages=10, timeout_s=0)] == [2]


def test_bytes_bound_the_queue_but_one_large_message_still_passes() -> None:
    queue = MessageQueue(100, capacity_bytes=10)
    assert queue.put(message(0, n_bytes=50), timeout_s=0)
    assert not queue.put(message(1), timeout_s=0)
    assert len(queue.take(max_messages=10, timeout_s=0)) == 1
    assert queue.put(message(1), timeout_s=0)


def test_the_taker_lingers_for_more_messages_and_no_longer_than_until_enough_wait() -> None:
    queue = MessageQueue()
    queue.put(message(0))
    putter = in_thread(lambda: [queue.put(message(i)) for i in range(1, 5)])
    began = time.monotonic()
    taken = queue.take(max_messages=100, linger_s=60, enough=5, timeout_s=0)
    putter.join()
    assert len(taken) == 5
    assert time.monotonic() - began < 30


@pytest.mark.parametrize("queue", [MessageQueue(3), MessageQueue(100, capacity_bytes=3)])
def test_a_source_that_waits_for_room_ends_the_lingering(queue: MessageQueue) -> None:
    putter = in_thread(lambda: [queue.put(message(i)) for i in range(4)])
    began = time.monotonic()
    assert len(queue.take(max_messages=100, linger_s=60, enough=50, timeout_s=10)) == 3
    assert time.monotonic() - began < 30
    putter.join()


def test_a_taker_waits_no_longer_than_it_said() -> None:
    assert MessageQueue().take(max_messages=1, timeout_s=0.01) == []


def test_closing_wakes_who_waits_and_keeps_what_is_there() -> None:
    queue = MessageQueue(1)
    results: list[bool] = []
    putter = in_thread(lambda: results.extend(queue.put(message(i)) for i in range(2)))
    wait_until(lambda: queue.statistics().n_blocked)
    queue.close()
    putter.join(10)
    assert results == [True, False]
    assert not queue.put(message(2))
    assert len(queue.take(max_messages=10, timeout_s=60)) == 1
    assert queue.take(max_messages=10, timeout_s=60) == []


def test_closing_wakes_a_taker() -> None:
    queue = MessageQueue()
    taken: list[list[Message]] = []
    taker = in_thread(lambda: taken.append(queue.take(max_messages=1, timeout_s=60)))
    queue.close()
    taker.join(10)
    assert taken == [[]]


@pytest.mark.parametrize(("capacity", "capacity_bytes"), [(0, 1), (1, 0)])
def test_a_queue_without_room_is_refused(capacity: int, capacity_bytes: int) -> None:
    with pytest.raises(ValueError, match="room"):
        MessageQueue(capacity, capacity_bytes)
