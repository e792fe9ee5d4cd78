"""What every source of the catalogue keeps to."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipelines.core.message import Message, Position
from pipelines.sources.contract import Source
from tests.servers import Mosquitto
from tests.sources.reading import publish, take
from tests.waiting import wait_until

N_MESSAGES = 300


@dataclass(frozen=True)
class Case:
    """A source that brings the numbers from 0 on, at least `N_MESSAGES` of them, once `provide` was called."""

    source: Source
    provide: Callable[[], None]

    def start(self) -> None:
        self.source.start()
        wait_until(lambda: self.source.status().connected, what=str(self.source.status()))


def no_need() -> None:
    """Files and simulations have their messages from the start."""


def mqtt_case(make: Callable[[str], Source], request: pytest.FixtureRequest, qos: int) -> Case:
    broker: Mosquitto = request.getfixturevalue("mosquitto")
    numbers = [b"%d" % i for i in range(N_MESSAGES)]
    return Case(make(broker.url("t/#", f"qos={qos}&name=feed")), lambda: publish(broker, numbers, qos=qos))


@pytest.fixture(params=["file", "sim", "mqtt-0", "mqtt-1"])
def case(request: pytest.FixtureRequest, make: Callable[[str], Source], tmp_path: Path) -> Case:
    scheme, _, qos = request.param.partition("-")
    if scheme == "mqtt":
        return mqtt_case(make, request, int(qos))
    path = tmp_path / "recording"
    path.write_bytes(b"".join(b"%d\n" % i for i in range(N_MESSAGES)))
    return Case(make(f"file://{path}?name=feed" if scheme == "file" else "sim://market?name=feed"), no_need)


resuming = pytest.mark.parametrize("case", ["file", "mqtt-1"], indirect=True)


def n_threads() -> int:
    return [thread.name for thread in threading.enumerate()].count("source feed")


def numbers(messages: Sequence[Message]) -> list[int]:
    return [int(message.payload) for message in messages]


def read(source: Source, n_messages: int) -> list[Message]:
    """Take messages and release each at once."""
    messages: list[Message] = []
    while len(messages) < n_messages:
        messages += take(source, 1)
        source.release([messages[-1].position])
    return messages


def test_starting_and_stopping_twice_is_starting_and_stopping_once(case: Case) -> None:
    source = case.source
    source.stop()
    assert (source.status().state, n_threads()) == ("stopped", 0)
    for _ in range(3):
        case.start()
        assert n_threads() <= 1
    for _ in range(3):
        source.stop()
        assert (source.status().state, n_threads()) == ("stopped", 0)


def test_fifty_fast_restarts_leave_one_reader_that_works(case: Case) -> None:
    for _ in range(50):
        case.source.start()
        case.source.stop()
    assert n_threads() == 0
    case.source.queue.capacity = 1  # so that no source comes to its end
    case.start()
    assert n_threads() == 1
    case.provide()
    assert numbers(read(case.source, 50))[-1] == 49


def test_positions_ascend_and_messages_keep_their_order(case: Case) -> None:
    case.start()
    case.provide()
    messages = read(case.source, N_MESSAGES)
    assert numbers(messages) == list(range(N_MESSAGES))
    assert len({message.position.partition for message in messages}) == 1
    offsets = [message.position.offset for message in messages]
    assert offsets == sorted(set(offsets))


def test_a_full_queue_makes_the_source_wait_and_loses_nothing(case: Case) -> None:
    queue = case.source.queue
    queue.capacity = 4
    case.start()
    case.provide()
    wait_until(lambda: queue.statistics().n_blocked)
    assert queue.statistics().n_messages == 4
    messages = read(case.source, N_MESSAGES)
    assert numbers(messages) == list(range(N_MESSAGES))
    assert queue.statistics().high_water == 4


def test_a_source_that_waits_for_room_can_be_stopped(case: Case) -> None:
    case.source.queue.capacity = 1
    case.start()
    case.provide()
    wait_until(lambda: case.source.queue.statistics().n_blocked)
    stopper = threading.Thread(target=case.source.stop, daemon=True)
    stopper.start()
    stopper.join(10)
    assert n_threads() == 0


@resuming
def test_a_restart_resumes_after_the_last_released_position(case: Case) -> None:
    case.start()
    case.provide()
    messages = take(case.source, 20)
    case.source.release([message.position for message in messages[:7]])
    case.source.stop()
    case.start()
    assert numbers(read(case.source, N_MESSAGES - 7)) == list(range(7, N_MESSAGES))


@resuming
def test_releasing_the_newest_position_releases_all_before_it(case: Case) -> None:
    case.start()
    case.provide()
    case.source.release([take(case.source, 15)[-1].position])
    case.source.stop()
    case.start()
    assert numbers(take(case.source, 1)) == [15]


@resuming
def test_positions_that_are_not_this_run_of_the_source_release_nothing(case: Case) -> None:
    case.source.release([Position("elsewhere", 99)])
    case.start()
    case.provide()
    case.source.release([Position("elsewhere", 99)])
    take(case.source, 10)
    case.source.stop()
    case.source.release([Position("elsewhere", 99)])
    case.start()
    assert numbers(take(case.source, 10)) == list(range(10))


def test_a_source_says_what_it_promises(case: Case) -> None:
    assert "*Delivery.*" in (type(case.source).__doc__ or "")
    assert "*Threads.*" in (type(case.source).__doc__ or "")
