"""A real mosquitto and a real subscriber for the tests of what publishes."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

__all__ = ["Listener", "free_port", "listening", "mosquitto"]


class Listener:
    """What a subscriber received: topics and payloads, in order."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, bytes]] = []
        self.subscribed = threading.Event()
        self._came = threading.Condition()

    def on_message(self, _client: Client, _userdata: object, message: MQTTMessage) -> None:
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


@contextlib.contextmanager
def mosquitto(path: str, folder: Path, *, port: int | None = None, users: Path | None = None) -> Iterator[int]:
    """Run a mosquitto on a loopback port, and end it."""
    port = port or free_port()
    access = f"allow_anonymous false\npassword_file {users}" if users else "allow_anonymous true"
    config = folder / "mosquitto.conf"
    config.write_text(f"listener {port} 127.0.0.1\n{access}\npersistence false\nmax_queued_messages 0\nuser root\n")
    with (folder / "mosquitto.log").open("ab") as log:
        server = subprocess.Popen([path, "-c", str(config)], stdout=log, stderr=log, start_new_session=True)
        try:
            _await_port(port, server)
            yield port
        finally:
            server.terminate()
            server.wait(10)


def free_port() -> int:
    """Return a loopback port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _await_port(port: int, server: subprocess.Popen[bytes]) -> None:
    pause = threading.Event()
    for _ in range(500):
        assert server.poll() is None, "mosquitto ended at once"
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        pause.wait(0.02)
    raise AssertionError("mosquitto does not listen")
