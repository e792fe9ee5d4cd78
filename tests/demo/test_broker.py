"""The embedded broker serves real clients and keeps its memory."""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import Self

import pytest

from pipelines.demo import broker as broker_module
from pipelines.demo.broker import EmbeddedBroker
from pipelines.demo.publish import Publisher, parse_target
from tests.demo.listening import listening

PAYLOAD = bytes(20_000)


class BrokerThread:
    """An embedded broker on a loop in a thread of its own."""

    def __enter__(self) -> Self:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.port = asyncio.run_coroutine_threadsafe(self._start(), self.loop).result(10)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self.broker.stop(), self.loop).result(10)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()

    async def _start(self) -> int:
        self.broker = EmbeddedBroker()
        return await self.broker.start()

    def publisher(self) -> Publisher:
        publisher = Publisher(parse_target(f"mqtt://127.0.0.1:{self.port}/ticks"))
        publisher.connect()
        return publisher


@pytest.mark.parametrize("qos", [0, 1])
def test_subscribers_see_every_message_in_order(qos: int) -> None:
    with BrokerThread() as running, listening(running.port, "ticks/#", qos=qos) as listener:
        publisher = running.publisher()
        for number in range(300):
            publisher.publish("ticks/a", b"%d" % number)
        publisher.flush()
        received = listener.wait_for(300)
        publisher.close()
    assert received == [("ticks/a", b"%d" % number) for number in range(300)]


def test_it_listens_on_loopback_only_on_a_port_of_the_systems_choice() -> None:
    with BrokerThread() as one, BrokerThread() as other:
        assert one.port != other.port
        addresses = [server.getsockname()[0] for server in one.broker._server.sockets]
    assert addresses == ["127.0.0.1"]


def test_a_subscriber_that_reads_nothing_costs_bounded_memory_and_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker_module, "_MAX_WAITING_BYTES", 100_000)
    with BrokerThread() as running, socket.create_connection(("127.0.0.1", running.port)) as stuck:
        stuck.sendall(b"\x10\x10\x00\x04MQTT\x04\x02\x00\x00\x00\x04idle")  # CONNECT
        assert stuck.recv(4) == b"\x20\x02\x00\x00"
        stuck.sendall(b"\x82\x0c\x00\x01\x00\x07ticks/#\x00")  # SUBSCRIBE
        assert stuck.recv(5) == b"\x90\x03\x00\x01\x00"
        with listening(running.port, "ticks/#") as listener:
            publisher = running.publisher()
            for number in range(1_000):
                publisher.publish("ticks/a", PAYLOAD)
                if number % 4 == 3:
                    listener.wait_for(number + 1)
            received = listener.messages
            publisher.close()
        assert len(received) == 1_000
        assert running.broker.n_dropped > 0


def test_stopping_closes_every_connection() -> None:
    with BrokerThread() as running:
        client = socket.create_connection(("127.0.0.1", running.port))
        client.sendall(b"\x10\x10\x00\x04MQTT\x04\x02\x00\x00\x00\x04idle")
        assert client.recv(4) == b"\x20\x02\x00\x00"
    client.settimeout(5)
    assert client.recv(1) == b""
    client.close()
