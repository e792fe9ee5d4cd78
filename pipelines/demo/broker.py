"""The MQTT broker that the demo brings along."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Final

from amqtt.adapters import StreamReaderAdapter, StreamWriterAdapter
from amqtt.broker import Broker
from amqtt.contexts import BrokerConfig, ListenerConfig, ListenerType

__all__ = ["EmbeddedBroker"]

_LISTENER: Final = "default"
_MAX_WAITING_BYTES: Final = 32 << 20
"""What may wait for one subscriber."""
_STOP_TIMEOUT_S: Final = 1.0


class EmbeddedBroker:
    """An MQTT 3.1.1 broker on a free loopback port. It keeps nothing, and knows no users.

    Notes
    -----
    *Threads.* Lives on one event loop.

    *Delivery.* QoS 0 and 1 within one connection. A subscriber that is more than 32 MiB behind loses QoS 0 messages,
    as with any broker whose memory is bounded; `n_dropped` counts them.
    """

    def __init__(self) -> None:
        self.n_dropped = 0
        self._connections: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def start(self) -> int:
        """Start to listen; returns the port."""
        logging.getLogger("amqtt").setLevel(logging.CRITICAL)  # it reports every packet and every client that leaves
        logging.getLogger("transitions").setLevel(logging.WARNING)
        # the listener is ours, so that the system chooses the port and the broker's memory is bounded
        config = BrokerConfig(
            listeners={_LISTENER: ListenerConfig(type=ListenerType.EXTERNAL)},
            plugins={"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
        )
        self._broker = Broker(config)
        await self._broker.start()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def stop(self) -> None:
        """Stop listening and let go of all clients."""
        self._server.close()
        # clients go first: amqtt waits for ever for a client that is just about to come
        for writer in self._connections.values():
            writer.transport.abort()
        if self._connections:
            await asyncio.wait(self._connections, timeout=_STOP_TIMEOUT_S)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._broker.shutdown(), _STOP_TIMEOUT_S)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = asyncio.current_task()
        assert connection is not None
        self._connections[connection] = writer
        connection.add_done_callback(self._connections.pop)
        await self._broker.external_connected(StreamReaderAdapter(reader), _BoundedWriter(writer, self), _LISTENER)


class _BoundedWriter(StreamWriterAdapter):
    """Never waits for a subscriber. amqtt keeps a task for every message that waits, without an end."""

    def __init__(self, writer: asyncio.StreamWriter, broker: EmbeddedBroker) -> None:
        super().__init__(writer)
        self._transport = writer.transport
        self._broker = broker

    def write(self, data: bytes) -> None:
        is_publish_qos_0 = data[:1] and data[0] & 0xF6 == 0x30
        if is_publish_qos_0 and self._transport.get_write_buffer_size() > _MAX_WAITING_BYTES:
            self._broker.n_dropped += 1
        else:
            super().write(data)

    async def drain(self) -> None:
        await asyncio.sleep(0)
