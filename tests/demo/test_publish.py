"""Publishing is complete, bounded, paced, and says clearly what stands in its way."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipelines.core.clock import ManualClock
from pipelines.core.errors import SourceError, SpecError
from pipelines.demo.publish import Outgoing, Publisher, paced, parse_target
from tests.demo.listening import listening
from tests.servers import Mosquitto, free_port
from tests.waiting import wait_until


def publisher_to(port: int, *, login: str = "", **options: Any) -> Publisher:
    return Publisher(parse_target(f"mqtt://{login}127.0.0.1:{port}/ticks"), **options)


@contextlib.contextmanager
def running(path: str, folder: Path, **options: Any) -> Iterator[int]:
    broker = Mosquitto(folder, path, **options)
    broker.start()
    try:
        yield broker.port
    finally:
        broker.stop()


@pytest.fixture
def broker(mosquitto_path: str, tmp_path: Path) -> Iterator[int]:
    with running(mosquitto_path, tmp_path) as port:
        yield port


@pytest.mark.parametrize("qos", [0, 1])
def test_every_message_arrives_once_and_in_order(broker: int, qos: int) -> None:
    payloads = [b"%06d" % number * (1 + number % 50) for number in range(3_000)]
    publisher = publisher_to(broker, qos=qos, max_in_flight=16)
    with listening(broker, "ticks", qos=1) as listener:
        publisher.connect()
        for payload in payloads:
            publisher.publish("ticks", payload)
            assert publisher._n_in_flight <= 16
        publisher.flush()
        assert [payload for _, payload in listener.wait_for(len(payloads))] == payloads
        statistics = publisher.statistics()
        publisher.close()
    assert (statistics.n_messages, statistics.n_lost, statistics.n_reconnects) == (len(payloads), 0, 0)
    assert statistics.n_bytes == sum(map(len, payloads))


def test_a_broker_that_comes_back_gets_every_qos_1_message(mosquitto_path: str, tmp_path: Path) -> None:
    port = free_port()
    publisher = publisher_to(port, qos=1)
    with running(mosquitto_path, tmp_path, port=port):
        publisher.connect()
        publisher.publish("ticks", b"before")
        publisher.flush()
    with running(mosquitto_path, tmp_path, port=port), listening(port, "ticks", qos=1) as listener:
        for number in range(20):
            publisher.publish("ticks", b"%d" % number)
        publisher.flush()
        received = {payload for _, payload in listener.wait_for(20)}
        assert received == {b"%d" % number for number in range(20)}
        assert publisher.statistics().n_reconnects == 1
        publisher.close()


def test_where_nobody_listens_the_connection_is_refused_in_words() -> None:
    with pytest.raises(SourceError, match=r"no MQTT broker at mqtt://127\.0\.0\.1:\d+/ticks: connection refused"):
        publisher_to(free_port()).connect()


def test_an_unknown_host_is_named() -> None:
    with pytest.raises(SourceError, match=r"nowhere\.invalid.*host name is not known"):
        Publisher(parse_target("mqtt://nowhere.invalid/ticks")).connect()


def test_a_wrong_password_is_told_and_never_shown(mosquitto_path: str, tmp_path: Path) -> None:
    with running(mosquitto_path, tmp_path, users={"desk": "right"}) as port:
        with pytest.raises(SourceError, match="did not let us in: Not authorized") as refusal:
            publisher_to(port, login="desk:wrong@").connect()
        assert "wrong" not in str(refusal.value)
        right = publisher_to(port, login="desk:right@")
        right.connect()
        right.close()


def test_what_is_no_broker_is_not_waited_for_forever() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute, pytest.raises(SourceError, match="no answer within"):
        publisher_to(mute.getsockname()[1], timeout_s=0.2).connect()


def test_a_broker_that_hangs_up_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as rude:

        def hang_up() -> None:
            rude.accept()[0].close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        with pytest.raises(SourceError, match="closed the connection without an answer"):
            publisher_to(rude.getsockname()[1]).connect()
        thread.join()


def test_a_broker_that_stays_away_ends_the_publishing(mosquitto_path: str, tmp_path: Path) -> None:
    publisher = publisher_to(port := free_port(), timeout_s=0.3)
    with running(mosquitto_path, tmp_path, port=port):
        publisher.connect()
    wait_until(lambda: not publisher._connected)
    with pytest.raises(SourceError, match="is lost"):
        publisher.publish("ticks", b"x")
    publisher.close()


@pytest.mark.parametrize(
    ("url", "hint"),
    [
        ("mqtt://127.0.0.1/#", "without # and"),
        ("mqtt://127.0.0.1", "must be a topic"),
        ("mqtt://127.0.0.1/a?qos=1", "options of the command"),
        ("kafka://127.0.0.1/a", "mqtt"),
        ("mqtt:///a", "names a broker"),
    ],
)
def test_a_url_that_cannot_be_published_to_is_explained(url: str, hint: str) -> None:
    with pytest.raises(SpecError, match=hint):
        parse_target(url)


class Waits:
    """Lets a manual clock pass instead of waiting."""

    def __init__(self) -> None:
        self.clock = ManualClock(5_000)
        self.waited_s: list[float] = []

    def __call__(self, seconds: float) -> bool:
        self.waited_s.append(seconds)
        self.clock.advance(seconds=seconds)
        return False


def stream(*due_ms: int | None) -> list[Outgoing]:
    return [Outgoing(None if due is None else due * 1_000_000, "ticks", b"") for due in due_ms]


@pytest.mark.parametrize(("speed", "elapsed_ns"), [(1.0, 400_000_000), (4.0, 100_000_000), (0.0, 0)])
def test_messages_keep_their_recorded_distance_divided_by_the_speed(speed: float, elapsed_ns: int) -> None:
    waits = Waits()
    messages = stream(1_000, 1_100, None, 1_050, 1_400)
    assert list(paced(messages, wait=waits, speed=speed, clock=waits.clock)) == messages
    assert waits.clock.now_ns() - 5_000 == elapsed_ns


def test_after_a_stall_the_pace_is_met_again() -> None:
    waits = Waits()
    handed_on = paced(stream(0, 10, 20, 100), wait=waits, clock=waits.clock)
    next(handed_on)
    waits.clock.advance(seconds=0.05)
    assert len(list(handed_on)) == 3
    assert waits.waited_s == pytest.approx([0, 0, 0, 0.05])


def test_being_told_to_end_ends_the_stream() -> None:
    assert list(paced(stream(0, 10), wait=lambda _seconds: True)) == []
