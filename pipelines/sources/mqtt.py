"""Messages from an MQTT broker."""

from __future__ import annotations

import hashlib
import socket
import threading
import uuid
from collections import deque
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from typing import Final

from pipelines.core.clock import NS_PER_SECOND, Clock, SystemClock
from pipelines.core.errors import SourceError, SpecError
from pipelines.core.message import Message, Position
from pipelines.core.url import SourceSpec
from pipelines.sources.contract import SourceState, SourceStatus
from pipelines.sources.mqtt_connection import DEFAULT_PORT, MqttConnection
from pipelines.sources.queue import MessageQueue
from pipelines.sources.reader import Reader
from pipelines.sources.retries import LONGEST_RETRY_S, STABLE_NS, Retries
from pipelines.sources.wake import Wake

__all__ = ["MqttSource"]

_STEP_S: Final = 1.0
_COALESCE_MESSAGES: Final = {0: 512, 1: 10}
"""By quality of service: mosquitto stops after 20 messages that are not acknowledged."""


class MqttSource:
    """Subscribes to a topic filter of an MQTT 3.1.1 broker, and never gives up.

    Options of the URL: ``qos`` (0 or 1, by default 0) and ``client_id``. With ``qos=1`` the client identifier is by
    default derived from this machine's name, the source's name and its URL without secrets, so that a restart resumes
    its session. Collectors that would agree in all of that (or a container whose name changes) want a ``client_id`` of
    their own each; another topic filter wants another one too, for the broker keeps a session's old filters. With
    ``qos=0`` there is no session, and the default identifier is random.

    A broker that is down, or a name that can't be resolved, is tried again after 0.1 s to 10 s, for ever. A refused
    user or topic, or a session that another collector takes from us again and again, is state ``"failed"``, tried again
    every 10 s, so that putting the broker right heals it.

    Parameters
    ----------
    spec : SourceSpec
        Host, port, user, password, and the topic filter as its path.
    clock : Clock
        Stamps messages.

    Raises
    ------
    SpecError
        Where the URL names no host or no valid topic filter, or an option can't be.

    Notes
    -----
    *Threads.* Owns one thread, which does all of paho's work. Everything public may be called from any thread.

    *Delivery.* A partition is one connection, ordered, offsets from 0. With ``qos=1`` at least once: a message is
    acknowledged after its release, on the connection it came by and no other. After a lost connection, `stop`, or a
    crash the broker sends again what was not acknowledged and what came meanwhile, as far as it keeps it (mosquitto:
    1,000 messages unless ``max_queued_messages`` says otherwise; over its own restart only with ``persistence true``).
    With ``qos=0`` at most once: what the broker sends while we are away, or drops because we are slow, is lost.
    """

    def __init__(self, spec: SourceSpec, *, clock: Clock | None = None) -> None:
        self._qos = spec.whole("qos", 0)
        if self._qos not in (0, 1):
            raise SpecError(f"qos={self._qos} in {spec.redacted}: expected 0 or 1")
        _check_host(spec)
        _check_filter(spec)
        self.spec = spec
        self.queue = MessageQueue()
        self.coalesce_messages = _COALESCE_MESSAGES[self._qos]
        self.client_id = spec.option("client_id", "") or _default_client_id(spec, self._qos)
        self._clock = clock or SystemClock()
        self._address = f"{spec.host}:{spec.port or DEFAULT_PORT}"
        self._reader = Reader(f"source {spec.name}", queue=self.queue, read=self._read, interrupt=self._interrupt)
        self._wake: Wake | None = None
        self._released: deque[Position] = deque()
        self._n_connections = self._n_reconnects = self._n_redelivered = 0
        self._was_lost = False
        self._retries = Retries()

    def start(self) -> None:
        """Begin to connect. Does nothing where it was started and not stopped since."""
        self._reader.start()

    def stop(self) -> None:
        """Disconnect, and wait for the thread to end. With ``qos=1`` the broker keeps the session."""
        self._reader.stop()

    def release(self, positions: Sequence[Position]) -> None:
        """Note what may be acknowledged; the source's thread does it at once."""
        if self._qos == 1:
            self._released.extend(positions)
            self._interrupt()

    def status(self) -> SourceStatus:
        """Return how the source stands."""
        return SourceStatus(*self._reader.standing, self._n_reconnects, self._n_redelivered)

    def _interrupt(self) -> None:
        wake = self._wake
        if wake is not None:
            wake.ring()

    def _read(self, stopping: threading.Event) -> None:
        self._retries = Retries()
        self._was_lost = False
        self._reader.standing = ("connecting", f"connecting to {self._address}")
        with closing(Wake()) as wake:
            self._wake = wake
            while not stopping.is_set():
                connection = self._make_connection(wake.socket)
                try:
                    with closing(connection):
                        self._stay_connected(connection, stopping)
                except SourceError as error:
                    self._wait(stopping, "failed", str(error), LONGEST_RETRY_S)
                except OSError as error:
                    self._retry(stopping, connection, error)

    def _make_connection(self, wake: socket.socket) -> MqttConnection:
        self._n_connections += 1
        return MqttConnection(
            self.spec,
            client_id=self.client_id,
            qos=self._qos,
            partition=f"connection {self._n_connections}",
            clock=self._clock,
            deliver=self._put,
            wake=wake,
        )

    def _stay_connected(self, connection: MqttConnection, stopping: threading.Event) -> None:
        connection.open()
        announced = False
        while not stopping.is_set():
            connection.step(_STEP_S)
            connection.acknowledge(self._take_released())
            if connection.subscribed_ns is not None and not announced:
                announced = True
                self._n_reconnects += self._was_lost
                self._was_lost = False
                self._announce()
            if self._retries.contested and (self._lived_ns(connection) or 0) >= STABLE_NS:
                self._retries.settle()
                self._announce()
        connection.acknowledge(self._take_released())
        connection.leave()

    def _announce(self) -> None:
        if self._retries.contested:
            self._reader.standing = ("failed", self._contested())
        else:
            self._reader.standing = ("connected", f"{self.spec.path} at {self._address}, qos {self._qos}")

    def _retry(self, stopping: threading.Event, connection: MqttConnection, error: OSError) -> None:
        lived_ns = self._lived_ns(connection)
        self._was_lost = self._was_lost or lived_ns is not None
        self._retries.fail(lived_ns=lived_ns)
        state: SourceState = "failed" if self._retries.contested else "connecting"
        reason = self._contested() if self._retries.contested else f"{self._address}: {_in_words(error)}"
        self._wait(stopping, state, reason, self._retries.delay_s())

    def _wait(self, stopping: threading.Event, state: SourceState, reason: str, delay_s: float) -> None:
        next_try = datetime.fromtimestamp(self._clock.now_ns() / NS_PER_SECOND + delay_s, UTC)
        self._reader.standing = (state, f"{reason}; next try at {next_try:%H:%M:%S} UTC")
        stopping.wait(delay_s)

    def _contested(self) -> str:
        return (
            f"{self._address} has ended several connections in a row soon after they were made, as it does where "
            f"another collector uses the same client_id {self.client_id!r}: give each its own with client_id="
        )

    def _lived_ns(self, connection: MqttConnection) -> int | None:
        since_ns = connection.subscribed_ns
        return None if since_ns is None else self._clock.monotonic_ns() - since_ns

    def _put(self, message: Message, redelivered: bool) -> None:
        self._n_redelivered += redelivered
        self.queue.put(message)

    def _take_released(self) -> list[Position]:
        return [self._released.popleft() for _ in range(len(self._released))]


def _check_host(spec: SourceSpec) -> None:
    try:
        valid = bool(spec.host.encode("idna"))
    except UnicodeError:
        valid = False
    if not valid:
        raise SpecError(f"{spec.host!r} is no host: write a source such as mqtt://127.0.0.1:1883/topic/#")


def _check_filter(spec: SourceSpec) -> None:
    levels = spec.path.split("/")
    wildcards_alone = all(level in ("#", "+") or not set(level) & {"#", "+"} for level in levels)
    if not spec.path or not wildcards_alone or "#" in levels[:-1]:
        raise SpecError(
            f"{spec.path!r} is no MQTT topic filter: write a topic, with + for any one level and # for all that follow"
        )


def _default_client_id(spec: SourceSpec, qos: int) -> str:
    """Make an identifier of 23 characters, which every broker takes."""
    if qos == 0:
        return f"streamshade-{uuid.uuid4().hex[:11]}"
    what = "\n".join((socket.gethostname(), spec.user or "", spec.redacted, spec.name))
    return f"streamshade-{hashlib.sha256(what.encode()).hexdigest()[:11]}"


def _in_words(error: OSError) -> str:
    if isinstance(error, socket.gaierror):
        return "the name can't be resolved"
    if isinstance(error, ConnectionRefusedError):
        return "nothing listens there"
    if isinstance(error, TimeoutError) and error.errno is None and str(error) == "timed out":
        return "no answer"
    return error.strerror or str(error)
