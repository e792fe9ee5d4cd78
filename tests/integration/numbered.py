"""Numbered readings through a broker: what was lost shows, and what came twice."""

from __future__ import annotations

import json
import threading

import paho.mqtt.client as paho

from pipelines.core.clock import SystemClock

__all__ = ["QUERY", "Publisher", "subscribe_for_later"]

QUERY = "qos=1&format=json&kind=readings&key=n&client_id=collector"


class Publisher:
    """Publishes readings with the values 0, 1, 2... by QoS 1, through any restart of the broker."""

    def __init__(self, port: int, topic: str) -> None:
        self.topic = topic
        self._acknowledged: set[int] = set()
        self._changed = threading.Condition()
        self._client = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id="publisher", clean_session=False)
        self._client.max_queued_messages_set(0)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_publish = self._on_publish
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def publish(self, numbers: range) -> None:
        """Queue readings with these numbers."""
        for number in numbers:
            reading = {"time": SystemClock().now_ns(), "sensor": "s", "value": number, "n": number}
            self._client.publish(self.topic, json.dumps(reading), qos=1)

    def wait(self, n_messages: int, timeout_s: float = 60) -> None:
        """Wait until the broker has acknowledged so many."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self._acknowledged) >= n_messages, timeout_s)

    def close(self) -> None:
        """Let go of the connection."""
        self._client.disconnect()
        self._client.loop_stop()

    def _on_publish(self, client: paho.Client, userdata: object, mid: int, *_: object) -> None:
        with self._changed:
            self._acknowledged.add(mid)
            self._changed.notify_all()


def subscribe_for_later(port: int, topic: str) -> None:
    """Make the broker keep messages for the client ``collector`` from now on."""
    subscribed = threading.Event()
    client = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id="collector", clean_session=False)
    client.on_subscribe = lambda *_: subscribed.set()
    client.connect("127.0.0.1", port)
    client.loop_start()
    client.subscribe(topic, qos=1)
    assert subscribed.wait(10)
    client.disconnect()
    client.loop_stop()
