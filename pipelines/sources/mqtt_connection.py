"""One connection to an MQTT broker, from CONNECT until it is lost or left."""

from __future__ import annotations

import selectors
import socket
import struct
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Final

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.reasoncodes import ReasonCode

from pipelines.core.clock import NS_PER_SECOND, Clock
from pipelines.core.errors import SourceError
from pipelines.core.message import Message, Position
from pipelines.core.url import SourceSpec

__all__ = ["DEFAULT_PORT", "MqttConnection"]

DEFAULT_PORT: Final = 1883

_KEEPALIVE_S: Final = 30
_CONNECT_TIMEOUT_S: Final = 5.0
_ANSWER_TIMEOUT_S: Final = 10
_LEAVE_TIMEOUT_NS: Final = NS_PER_SECOND // 2
_READS_A_STEP: Final = 64
_TRANSIENT: Final = "Server unavailable"


class MqttConnection:
    """Connects, subscribes, hands on messages, acknowledges.

    The sockets are waited for here rather than in paho's own loop, which uses `select` and so fails in a server that
    has more than 1,024 files open.

    Parameters
    ----------
    spec : SourceSpec
        Host, port, user, password, and the topic filter as its path.
    client_id : str
        What the broker knows us by.
    qos : {0, 1}
        With 1 the broker keeps our session, and what we have not acknowledged, when the connection ends.
    partition : str
        The partition of this connection's messages: acknowledgements of any other are ignored.
    clock : Clock
        Stamps messages.
    deliver : callable
        Gets each message, and whether the broker marked it as sent before.
    wake : socket
        Readable when `step` shall return early; `step` empties it.

    Notes
    -----
    *Threads.* One thread uses it; a byte on `wake` reaches it from any other.
    """

    def __init__(
        self,
        spec: SourceSpec,
        *,
        client_id: str,
        qos: int,
        partition: str,
        clock: Clock,
        deliver: Callable[[Message, bool], None],
        wake: socket.socket,
    ) -> None:
        self.spec = spec
        self.partition = partition
        self.subscribed_ns: int | None = None
        self._qos = qos
        self._clock = clock
        self._deliver = deliver
        self._wake = wake
        self._opened_ns = clock.monotonic_ns()
        self._refusal: Exception | None = None
        self._n_messages = 0
        self._unacknowledged: deque[tuple[int, int]] = deque()  # offset and packet identifier, in order of arrival
        self._selector = selectors.DefaultSelector()
        self._interest = selectors.EVENT_READ
        self._client = self._make_client(client_id)

    def open(self) -> None:
        """Connect to the broker; it answers in a later `step`.

        Raises
        ------
        OSError
            Where it can't be reached.
        """
        self._client.connect(self.spec.host, self.spec.port or DEFAULT_PORT, keepalive=_KEEPALIVE_S)
        self._selector.register(self._socket(), self._interest)
        self._selector.register(self._wake, selectors.EVENT_READ)

    def step(self, timeout_s: float) -> None:
        """Read and write what can be, waiting for `timeout_s` at most.

        Raises
        ------
        OSError
            Where the connection is lost, or the broker does not answer.
        SourceError
            Where the broker refuses us or the topic.
        """
        self._check(self._client.loop_misc())
        self._watch_for_writing()
        for key, ready in self._selector.select(timeout_s):
            if key.fileobj is self._wake:
                self._wake.recv(4_096)
            else:
                self._transfer(ready)
        waited_ns = self._clock.monotonic_ns() - self._opened_ns
        if self.subscribed_ns is None and waited_ns > _ANSWER_TIMEOUT_S * NS_PER_SECOND:
            raise TimeoutError(f"no answer within {_ANSWER_TIMEOUT_S} s: is it an MQTT broker?")

    def acknowledge(self, positions: Sequence[Position]) -> None:
        """Acknowledge every message of this connection up to these positions, in order."""
        upto = max((position.offset for position in positions if position.partition == self.partition), default=-1)
        waiting = self._unacknowledged
        while waiting and waiting[0][0] <= upto:
            self._client.ack(waiting.popleft()[1], 1)

    def leave(self) -> None:
        """Take leave of the broker and wait until it has read that. A session that it keeps, it goes on keeping.

        A socket that is closed while there is something to read resets the connection, and what the broker had not read
        yet, acknowledgements among it, is gone. So a second handle keeps it open until the broker closes it.
        """
        deadline_ns = time.monotonic_ns() + _LEAVE_TIMEOUT_NS
        with suppress(OSError), self._socket().dup() as rest:
            self._client.disconnect()
            rest.settimeout(_LEAVE_TIMEOUT_NS / NS_PER_SECOND)
            while rest.recv(1 << 16) and time.monotonic_ns() < deadline_ns:
                pass

    def close(self) -> None:
        """Let go of the connection, whatever its state."""
        client = self._client
        client.on_connect = client.on_subscribe = client.on_message = None  # they hold us, and we hold the client
        connection = client.socket()
        if connection is not None:
            connection.close()
        self._selector.close()

    def _make_client(self, client_id: str) -> paho.Client:
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            clean_session=self._qos == 0,
            protocol=paho.MQTTv311,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        client.connect_timeout = _CONNECT_TIMEOUT_S
        if self.spec.user is not None:
            client.username_pw_set(self.spec.user, self.spec.password)
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        return client

    def _on_connect(self, client: paho.Client, _data: Any, _flags: Any, reason: ReasonCode, _properties: Any) -> None:
        if reason.is_failure:
            text = f"the broker refuses us{_as_user(self.spec.user)}: {str(reason).lower()}"
            self._refusal = ConnectionError(text) if str(reason) == _TRANSIENT else SourceError(text)
        else:
            client.subscribe(self.spec.path, self._qos)

    def _on_subscribe(
        self, _client: paho.Client, _data: Any, _mid: int, reasons: list[ReasonCode], _properties: Any
    ) -> None:
        if reasons[0].is_failure:
            self._refusal = SourceError(f"the broker refuses the topic {self.spec.path}{_as_user(self.spec.user)}")
        else:
            self.subscribed_ns = self._clock.monotonic_ns()

    def _on_message(self, _client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        offset = self._n_messages
        self._n_messages += 1
        if message.qos == 1:
            self._unacknowledged.append((offset, message.mid))
        position = Position(self.partition, offset)
        self._deliver(Message(bytes(message.payload), position, self._clock.now_ns(), message.topic), message.dup)

    def _socket(self) -> Any:
        connection = self._client.socket()
        if connection is None:
            raise ConnectionError("the connection was lost")
        return connection

    def _watch_for_writing(self) -> None:
        wants = selectors.EVENT_WRITE if self._client.want_write() else 0
        interest = selectors.EVENT_READ | wants
        if interest != self._interest:
            self._selector.modify(self._socket(), interest)
            self._interest = interest

    def _transfer(self, ready: int) -> None:
        if ready & selectors.EVENT_WRITE:
            self._check(self._client.loop_write())
        if ready & selectors.EVENT_READ:
            self._read()

    def _read(self) -> None:
        try:
            for _ in range(_READS_A_STEP):
                n_before = self._n_messages
                self._check(self._client.loop_read())
                if self._n_messages == n_before:
                    break
        except (IndexError, UnicodeError, struct.error) as error:  # paho does not check every packet
            raise ConnectionError("what answers does not keep to MQTT 3.1.1") from error

    def _check(self, code: MQTTErrorCode) -> None:
        if self._refusal is not None:
            raise self._refusal
        if code == MQTTErrorCode.MQTT_ERR_CONN_LOST:
            raise ConnectionError("the broker closed the connection")
        if code == MQTTErrorCode.MQTT_ERR_NO_CONN:
            raise ConnectionError("the connection was lost")
        if code != MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise ConnectionError(paho.error_string(code).rstrip(".").lower())


def _as_user(user: str | None) -> str:
    return "" if user is None else f" as user {user}"
