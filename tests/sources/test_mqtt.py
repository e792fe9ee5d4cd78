from __future__ import annotations

import os
import resource
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from pipelines.core.clock import NS_PER_SECOND, ManualClock
from pipelines.core.message import Message
from pipelines.core.url import SourceSpec
from pipelines.sources import mqtt, mqtt_connection, retries
from pipelines.sources.contract import Source
from pipelines.sources.mqtt import MqttSource
from tests.servers import Mosquitto, free_port
from tests.sources.reading import publish, take, take_all, wait_for_state
from tests.waiting import wait_until

Make = Callable[[str], Source]

ACCEPTED, UNAVAILABLE = b"\x20\x02\x00\x00", b"\x20\x02\x00\x03"


def numbered(n_messages: int, *, begin: int = 0) -> list[bytes]:
    return [b"%d" % i for i in range(begin, begin + n_messages)]


def numbers(messages: Sequence[Message]) -> list[int]:
    return [int(message.payload) for message in messages]


@contextmanager
def scripted_broker(*answers: bytes) -> Iterator[int]:
    """A broker that accepts connections and gives `answers`, one to each packet; yields its port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection, suppress(ConnectionError):
                for answer in answers:
                    connection.recv(4_096)
                    connection.sendall(answer)
                connection.recv(4_096)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(10)


def test_messages_carry_their_topic_and_their_bytes(make: Make, mosquitto: Mosquitto) -> None:
    source = make(mosquitto.url("t/+/x"))
    source.start()
    wait_for_state(source, "connected")
    publish(mosquitto, [b"\x00\xff", b""], topic="t/a/x")
    publish(mosquitto, [b"elsewhere"], topic="t/a/y")
    publish(mosquitto, [b"last"], topic="t/b/x")
    messages = take(source, 3)
    assert [(message.topic, message.payload) for message in messages] == [
        ("t/a/x", b"\x00\xff"),
        ("t/a/x", b""),
        ("t/b/x", b"last"),
    ]


def test_user_and_password_open_the_broker(make: Make, tmp_path: Path, mosquitto_path: str) -> None:
    broker = Mosquitto(tmp_path / "broker", mosquitto_path, users={"desk": "s3cret word"})
    broker.start()
    try:
        source = make(broker.url("t/#", login="desk:s3cret%20word@"))
        source.start()
        wait_for_state(source, "connected")
        publish(broker, [b"1"], login="desk:s3cret word")
        assert numbers(take(source, 1)) == [1]
    finally:
        broker.stop()


@pytest.mark.parametrize("login", ["", "desk:wr0ng@", "nobody:s3cret@"])
def test_a_refused_user_is_a_failed_source_that_heals_with_the_broker(
    make: Make, tmp_path: Path, mosquitto_path: str, login: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mqtt, "LONGEST_RETRY_S", 0.1)
    broker = Mosquitto(tmp_path / "closed", mosquitto_path, users={"desk": "s3cret"})
    broker.start()
    source = make(broker.url("t/#", login=login))
    source.start()
    wait_for_state(source, "failed")
    detail = source.status().detail
    assert "refuses us" in detail
    assert "not authorized" in detail
    assert "next try at" in detail
    assert login.partition(":")[0] in detail
    assert "wr0ng" not in detail
    broker.stop()
    broker = Mosquitto(tmp_path / "open", mosquitto_path, port=broker.port)
    broker.start()
    try:
        wait_for_state(source, "connected")
    finally:
        broker.stop()


def test_a_broker_that_is_down_at_first_is_waited_for(make: Make, tmp_path: Path, mosquitto_path: str) -> None:
    broker = Mosquitto(tmp_path / "broker", mosquitto_path)
    source = make(broker.url("t/#"))
    source.start()
    wait_until(lambda: "nothing listens there" in source.status().detail)
    assert source.status().state == "connecting"
    assert f"127.0.0.1:{broker.port}" in source.status().detail
    broker.start()
    try:
        wait_for_state(source, "connected")
        publish(broker, [b"7"])
        assert numbers(take(source, 1)) == [7]
        assert source.status().n_reconnects == 0
    finally:
        broker.stop()


def test_a_name_that_can_not_be_resolved_is_no_exception(make: Make) -> None:
    source = make("mqtt://no-such-host.invalid/t/#")
    source.start()
    wait_until(lambda: "can't be resolved" in source.status().detail)
    assert source.status().state == "connecting"


def test_a_broker_restarted_in_the_middle_loses_nothing_with_qos_1(make: Make, mosquitto: Mosquitto) -> None:
    source = make(mosquitto.url("t/#", "qos=1"))
    source.start()
    wait_for_state(source, "connected")
    publisher = threading.Thread(target=publish, args=(mosquitto, numbered(2_000)), kwargs={"qos": 1}, daemon=True)
    publisher.start()
    before = take_all(source, until=lambda taken: len(taken) >= 900)
    unreleased = take(source, 10)
    mosquitto.stop()
    mosquitto.start()
    source.release([message.position for message in unreleased])  # from before: must not go out on the new connection
    seen = set(numbers(before))
    after = take_all(source, until=lambda taken: len(seen | set(numbers(taken))) == 2_000)
    publisher.join(20)
    assert set(numbers(unreleased)) <= set(numbers(after)), "acknowledged although its connection was gone"
    assert source.status().n_redelivered >= 10
    assert source.status().n_reconnects == 1


def test_a_broker_that_is_killed_is_found_again(make: Make, mosquitto: Mosquitto) -> None:
    source = make(mosquitto.url("t/#"))
    source.start()
    wait_for_state(source, "connected")
    mosquitto.kill()
    wait_for_state(source, "connecting")
    mosquitto.start()
    wait_for_state(source, "connected")
    publish(mosquitto, [b"1"])
    assert numbers(take(source, 1)) == [1]
    assert source.status().n_reconnects == 1


def test_what_was_not_acknowledged_or_came_meanwhile_comes_after_a_restart(make: Make, mosquitto: Mosquitto) -> None:
    url = mosquitto.url("t/#", "qos=1")
    source = make(url)
    source.start()
    wait_for_state(source, "connected")
    publish(mosquitto, numbered(10), qos=1)
    source.release([message.position for message in take(source, 10)[:4]])
    source.stop()
    publish(mosquitto, numbered(5, begin=10), qos=1)
    restarted = make(url)
    restarted.start()
    assert numbers(take(restarted, 11)) == list(range(4, 15))
    assert restarted.status().n_redelivered == 6
    restarted.stop()
    restarted.start()
    wait_for_state(restarted, "connected")
    assert restarted.status().n_reconnects == 0, "nothing was lost: it was stopped"


def test_two_collectors_that_take_each_others_session_both_say_what_to_do(
    make: Make, mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retries, "LONGEST_RETRY_S", 0.2)
    sources = [make(mosquitto.url("t/#", "client_id=same")) for _ in range(2)]
    for source in sources:
        source.start()
    for source in sources:
        wait_for_state(source, "failed")
        assert "give each its own with client_id=" in source.status().detail
        assert "'same'" in source.status().detail


def test_two_collectors_without_sessions_both_read_everything(make: Make, mosquitto: Mosquitto) -> None:
    sources = [make(mosquitto.url("t/#")) for _ in range(2)]
    for source in sources:
        source.start()
        wait_for_state(source, "connected")
    publish(mosquitto, numbered(20))
    assert [numbers(take(source, 20)) for source in sources] == [list(range(20))] * 2


def test_the_client_identifier_is_fixed_where_a_session_hangs_on_it(make: Make) -> None:
    def client_id(url: str) -> str:
        source = make(url)
        assert isinstance(source, MqttSource)
        return source.client_id

    fixed = client_id("mqtt://user:secret@host/t/#?qos=1")
    assert fixed == client_id("mqtt://user:other@host/t/#?qos=1")
    assert len(fixed) == 23, "longer ones may be refused (MQTT 3.1.1, 3.1.3.1)"
    others = ["mqtt://host/t/#?qos=1", "mqtt://user:secret@host/u/#?qos=1", "mqtt://user:secret@host/t/#?qos=1&name=b"]
    assert len({fixed, *map(client_id, others)}) == 4
    assert client_id("mqtt://host/t/#") != client_id("mqtt://host/t/#")
    assert client_id("mqtt://host/t/#?qos=1&client_id=me") == "me"


def test_a_refused_topic_is_a_failed_source(make: Make) -> None:
    with scripted_broker(ACCEPTED, b"\x90\x03\x00\x01\x80") as port:
        source = make(f"mqtt://127.0.0.1:{port}/secret/#")
        source.start()
        wait_for_state(source, "failed")
        assert "refuses the topic secret/#" in source.status().detail
        source.stop()


def test_a_broker_that_is_not_ready_is_tried_again(make: Make) -> None:
    with scripted_broker(UNAVAILABLE) as port:
        source = make(f"mqtt://127.0.0.1:{port}/t/#")
        source.start()
        wait_until(lambda: "server unavailable" in source.status().detail)
        assert source.status().state == "connecting"
        source.stop()


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\x20\x02\x00\x01",  # no MQTT 3.1.1
        b"\xff" * 8,
        ACCEPTED + b"\x90\x02\x00\x01",  # grants nothing
        ACCEPTED + b"\x30\x05\x00\x02\xff\xff1",  # a topic that is no UTF-8
    ],
)
def test_what_is_no_broker_of_ours_is_never_a_traceback(
    make: Make, answer: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mqtt_connection, "_ANSWER_TIMEOUT_S", 0.5)
    with scripted_broker(answer) as port:
        source = make(f"mqtt://127.0.0.1:{port}/t/#")
        source.start()
        wait_until(lambda: "next try at" in source.status().detail)
        assert source.status().state == "connecting"
        source.stop()


def test_a_server_that_never_answers_is_given_up_and_tried_again() -> None:
    clock = ManualClock()
    with scripted_broker(b"") as port:
        source = MqttSource(SourceSpec("mqtt", "127.0.0.1", port, "t/#", name="t"), clock=clock)
        source.start()
        wait_for_state(source, "connecting")

        def given_up() -> bool:
            clock.advance(ns=NS_PER_SECOND)
            return "is it an MQTT broker?" in source.status().detail

        try:
            wait_until(given_up)
        finally:
            source.stop()


def test_a_contested_session_that_has_become_stable_is_connected_again(mosquitto: Mosquitto) -> None:
    clock = ManualClock()
    source = MqttSource(SourceSpec("mqtt", "127.0.0.1", mosquitto.port, "t/#", name="t"), clock=clock)
    source.start()
    wait_for_state(source, "connected")
    for _ in range(3):
        source._retries.fail(lived_ns=0)
    source._announce()
    assert source.status().state == "failed"
    clock.advance(seconds=31)
    wait_for_state(source, "connected")
    source.stop()


def test_a_server_with_thousands_of_open_files_still_reads(make: Make, mosquitto: Mosquitto) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 2_000:
        pytest.skip("this machine allows too few open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2_000), hard))
    opened = [os.open(os.devnull, os.O_RDONLY) for _ in range(1_100)]
    try:
        source = make(mosquitto.url("t/#"))
        source.start()
        wait_for_state(source, "connected")
        source.stop()
    finally:
        for number in opened:
            os.close(number)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_nothing_shows_the_password(make: Make) -> None:
    source = make(f"mqtt://desk:s3cret@127.0.0.1:{free_port()}/t/#")
    source.start()
    wait_until(lambda: "next try" in source.status().detail)
    assert "s3cret" not in repr(source.spec) + source.status().detail + repr(vars(source))
