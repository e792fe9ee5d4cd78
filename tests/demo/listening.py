"""A real subscriber for the tests of what publishes."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

__all__ = ["Listener", "listening"]


class Listener:
    """What a subscriber received: topics and payloads, in order."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, bytes]] = []
        self.subscribed = threading.Event()
        self._came = threading.Condition()

    def on_message(self, _client: Client, _userdata: object, message: MQTTMessage) -> None:
        """Note what came: paho calls it in its own thread."""
        with self._came:
            self.messages.append((message.topic, message.payload))
            self._came.notify_all()

    def wait_for(self, n_messages: int, timeout_s: float = 20.0) -> list[tuple[str, bytes]]:
        """Wait until so many messages came; fails where they don't."""
        with self._came:
            came = self._came.wait_for(lambda: len(self.messages) >= n_messages, timeout_s)
        assert came, f"{len(self.messages)} of {n_messages} messages came"
        return list(self.messages)


@contextlib.contextmanager
def listening(port: int, topic: str, *, qos: int = 0) -> Iterator[Listener]:
    """Subscribe to `topic` at the broker on the loopback port `port`."""
    listener = Listener()
    client = Client(CallbackAPIVersion.VERSION2)
    client.on_message = listener.on_message
    client.on_connect = lambda *_: client.subscribe(topic, qos)
    client.on_subscribe = lambda *_: listener.subscribed.set()
    client.connect("127.0.0.1", port)
    client.loop_start()
    try:
        assert listener.subscribed.wait(10)
        yield listener
    finally:
        client.disconnect()
        client.loop_stop()
