"""Publishes messages to an MQTT broker: no faster than the broker takes them, and paced where they have a time."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.reasoncodes import ReasonCode

from pipelines.core.clock import NS_PER_SECOND, Clock, SystemClock
from pipelines.core.errors import SourceError, SpecError
from pipelines.core.pace import Pace
from pipelines.core.url import SourceSpec, parse_source

__all__ = ["Outgoing", "Publisher", "PublisherStatistics", "paced", "parse_target"]

_DEFAULT_PORT: Final = {"mqtt": 1_883, "mqtts": 8_883}


class Outgoing(NamedTuple):
    """A message to be published.

    Parameters
    ----------
    due_ns : int or None
        When it is due, on the clock of its stream, nanoseconds. None: at once after the one before.
    topic : str
        Where it goes.
    payload : bytes
        Its bytes.
    n_rows : int
        How many rows it holds, where that is known.
    """

    due_ns: int | None
    topic: str
    payload: bytes
    n_rows: int = 0


@dataclass(frozen=True, slots=True)
class PublisherStatistics:
    """What a publisher has done.

    Parameters
    ----------
    n_messages, n_bytes : int
        What has left this process (QoS 0) or was acknowledged (QoS 1), and the bytes of all payloads handed over.
    n_lost : int
        Messages that were lost with a connection.
    n_reconnects : int
        How often the connection was made again.
    """

    n_messages: int
    n_bytes: int
    n_lost: int
    n_reconnects: int


class Publisher:
    """A connection to an MQTT broker to publish by, made again when it is lost.

    Parameters
    ----------
    target : SourceSpec
        Where the broker is and who we are there, from `parse_target`.
    qos : int
        0 or 1.
    max_in_flight : int
        `publish` waits while so many messages have not left this process (QoS 0) or are not acknowledged (QoS 1).
    timeout_s : float
        How long to wait for the broker: for its answer, for room in flight, for it to come back.

    Notes
    -----
    *Threads.* One thread publishes. The network's thread is paho's.

    *Delivery.* QoS 1: at least once, in order, also over a lost connection. QoS 0: what was in flight when a connection
    was lost is lost with it, and counted.
    """

    def __init__(self, target: SourceSpec, *, qos: int = 0, max_in_flight: int = 256, timeout_s: float = 15.0) -> None:
        self.target = target
        self.qos = qos
        self.max_in_flight = max_in_flight
        self.timeout_s = timeout_s
        self._changed = threading.Condition()
        self._connected = False
        self._refused = ""
        self._n_connects = self._n_started = self._n_settled = self._n_lost = self._n_bytes = 0
        self._client = self._make_client()

    def connect(self) -> None:
        """Connect and wait until the broker agrees.

        Raises
        ------
        SourceError
            Where there is no broker, or it refuses. Says which, never the password.
        """
        try:
            self._client.connect(self.target.host, self.target.port or _DEFAULT_PORT[self.target.scheme], keepalive=30)
        except OSError as error:
            raise SourceError(f"no MQTT broker at {self.target.redacted}: {_reason(error)}") from error
        self._client.loop_start()
        with self._changed:
            self._changed.wait_for(lambda: self._connected or self._refused, self.timeout_s)
            refused = self._refused if not self._connected else ""
            answered = self._connected or bool(refused)
        if refused or not answered:
            self._client.loop_stop()
            why = refused or f"no answer within {self.timeout_s:g} s"
            raise SourceError(f"the MQTT broker at {self.target.redacted} did not let us in: {why}")

    def publish(self, topic: str, payload: bytes) -> None:
        """Publish one message, waiting for a connection and for room in flight.

        Raises
        ------
        SourceError
            Where neither comes within `timeout_s`.
        """
        while True:
            self._wait_for(lambda: self._connected and self._n_in_flight < self.max_in_flight)
            with self._changed:
                self._n_started += 1
            # not under the lock: paho calls back while it holds its own
            info = self._client.publish(topic, payload, self.qos)
            if info.rc == MQTTErrorCode.MQTT_ERR_SUCCESS or self.qos > 0:
                self._n_bytes += len(payload)
                return
            with self._changed:
                self._n_started -= 1

    def flush(self) -> None:
        """Wait until nothing is in flight; raises `SourceError` where that takes longer than `timeout_s` to move."""
        while self._n_in_flight:
            n_settled = self._n_settled
            self._wait_for(lambda before=n_settled: self._n_settled != before or not self._n_in_flight)  # type: ignore[misc]

    def close(self) -> None:
        """Disconnect. What is in flight is given up: `flush` first."""
        self._client.disconnect()
        self._client.loop_stop()
        self._connected = False

    def statistics(self) -> PublisherStatistics:
        """Return what was done so far. Safe from any thread."""
        with self._changed:
            return PublisherStatistics(
                self._n_settled - self._n_lost, self._n_bytes, self._n_lost, max(0, self._n_connects - 1)
            )

    @property
    def _n_in_flight(self) -> int:
        return self._n_started - self._n_settled

    def _wait_for(self, condition: Callable[[], bool]) -> None:
        with self._changed:
            if self._changed.wait_for(lambda: bool(self._refused) or condition(), self.timeout_s) and not self._refused:
                return
            why = self._refused or f"it took nothing for {self.timeout_s:g} s"
        raise SourceError(f"the MQTT broker at {self.target.redacted} is lost: {why}")

    def _make_client(self) -> Client:
        client = Client(CallbackAPIVersion.VERSION2)
        if self.target.user is not None:
            client.username_pw_set(self.target.user, self.target.password)
        if self.target.scheme == "mqtts":
            client.tls_set()
        client.max_inflight_messages_set(self.max_in_flight)
        client.reconnect_delay_set(1, 4)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        return client

    def _on_connect(
        self, _client: Client, _userdata: Any, _flags: ConnectFlags, reason: ReasonCode, _properties: Any
    ) -> None:
        with self._changed:
            if reason.is_failure:
                self._refused = str(reason)
            elif self.qos == 0:  # paho forgets what it had not sent on the old connection
                self._n_lost += self._n_in_flight
                self._n_settled = self._n_started
            self._connected = not reason.is_failure
            self._n_connects += 1
            self._changed.notify_all()

    def _on_disconnect(
        self, _client: Client, _userdata: Any, _flags: DisconnectFlags, _reason: ReasonCode, _properties: Any
    ) -> None:
        with self._changed:
            if not self._n_connects:
                self._refused = "it closed the connection without an answer"
            self._connected = False
            self._changed.notify_all()

    def _on_publish(self, _client: Client, _userdata: Any, _mid: int, _reason: ReasonCode, _properties: Any) -> None:
        with self._changed:
            self._n_settled = min(self._n_settled + 1, self._n_started)
            self._changed.notify_all()


def parse_target(url: str) -> SourceSpec:
    """Read the URL that messages are published to; its path is the topic.

    Raises
    ------
    SpecError
        Where it is no MQTT URL, or its path is no topic to publish to.
    """
    if "?" in url:
        raise SpecError("a URL to publish to has no options: write them as options of the command")
    target = parse_source(url, known_options=dict.fromkeys(_DEFAULT_PORT, ()), formats=())
    if not target.host:
        raise SpecError("a URL to publish to names a broker, such as mqtt://127.0.0.1:1883/market")
    topic = target.path.strip("/")
    if not topic or "#" in topic or "+" in topic:
        raise SpecError(f"the path of {target.redacted} must be a topic, without # and +: mqtt://host:1883/market")
    return target


def paced(
    messages: Iterable[Outgoing],
    *,
    wait: Callable[[float], bool],
    speed: float = 1.0,
    clock: Clock | None = None,
) -> Iterator[Outgoing]:
    """Hand on messages when they are due, counted from the first.

    A message that is overdue is handed on at once, so that the pace is met again after a stall.

    Parameters
    ----------
    messages : iterable of Outgoing
        In order.
    wait : callable
        Waits for so many seconds; returns True where it was told to end. ``threading.Event().wait`` is one.
    speed : float
        How many times faster than recorded; 0 is unpaced.
    clock : Clock, optional
        Whose monotonic time is the pace; by default the machine's.
    """
    pace = Pace(clock or SystemClock(), speed)
    for message in messages:
        if wait(max(pace.left_ns(message.due_ns), 0) / NS_PER_SECOND):
            return
        yield message


def _reason(error: OSError) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "connection refused; is it running, and is this its port?"
    if isinstance(error, socket.gaierror):
        return "the host name is not known"
    return error.strerror or str(error) or type(error).__name__
