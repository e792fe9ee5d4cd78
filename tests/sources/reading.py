"""What the tests of sources do with them: open, publish to their broker, wait for a state, take."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from pipelines.core.message import Message
from pipelines.core.url import SourceSpec, parse_source
from pipelines.sources.catalogue import SCHEME_OPTIONS, make_source
from pipelines.sources.contract import Source
from pipelines.sources.recording import TimedPayload
from tests.servers import Mosquitto
from tests.waiting import wait_until

__all__ = ["open_source", "publish", "simulated", "take", "take_all", "wait_for_state"]


def simulated(_spec: SourceSpec) -> Callable[[], Iterator[TimedPayload]]:
    """Stand in for a simulator: numbers without end, a microsecond apart."""

    def payloads() -> Iterator[TimedPayload]:
        number = 0
        while True:
            yield 1_000 * number, b"%d" % number
            number += 1

    return payloads


def open_source(url: str) -> Source:
    """Make the source of `url`, not yet started."""
    return make_source(parse_source(url, known_options=SCHEME_OPTIONS, formats=()), simulated=simulated)


def publish(broker: Mosquitto, payloads: Iterable[bytes], *, qos: int = 0, topic: str = "t/a", login: str = "") -> None:
    """Publish to a broker from a client of one's own, and wait until the broker has it all."""
    client = paho.Client(CallbackAPIVersion.VERSION2)
    if login:
        client.username_pw_set(*login.split(":"))
    client.max_queued_messages_set(0)
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    try:
        for sent in [client.publish(topic, payload, qos) for payload in payloads]:
            sent.wait_for_publish(20)
    finally:
        client.disconnect()
        client.loop_stop()


def wait_for_state(source: Source, state: str) -> None:
    """Wait until the source says that it is in `state`."""
    wait_until(lambda: source.status().state == state, what=f"state {state}, not {source.status()}")


def take(source: Source, n_messages: int) -> list[Message]:
    """Take exactly `n_messages` from the source's queue."""
    taken: list[Message] = []

    def done() -> bool:
        taken.extend(_take_some(source, n_messages - len(taken)))
        return len(taken) == n_messages

    wait_until(done, what=f"{n_messages} messages")
    return taken


def take_all(source: Source, *, until: Callable[[list[Message]], bool]) -> list[Message]:
    """Take and release what comes until `until` is true of it."""
    taken: list[Message] = []

    def done() -> bool:
        messages = _take_some(source, 4_096)
        source.release([message.position for message in messages])
        taken.extend(messages)
        return until(taken)

    wait_until(done, 60.0)
    return taken


def _take_some(source: Source, n_messages: int) -> list[Message]:
    return source.queue.take(max_messages=n_messages, timeout_s=0.05)
