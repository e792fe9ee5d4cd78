"""Collector and servers anywhere: short streams of a Redis server, of which the newest counts."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable
from typing import Any, Final

import redis
import redis.asyncio
from redis.exceptions import RedisError

from pipelines.core.errors import SpecError

__all__ = ["RedisInlet", "RedisOutlet"]

_LOG: Final = logging.getLogger(__name__)

_FIELD: Final = b"m"
_MOST_IN_STREAM: Final = {"view": 256, "server": 4_096}
"""How many messages are kept, by what a topic begins with; of others the newest."""

_MOST_ASKS: Final = 4_096
_LIFE_MS: Final = 60_000
_BLOCK_MS: Final = 1_000
_RETRY_S: Final = 0.5
_MOST_WAITING: Final = 64 << 20
"""Bytes that wait for a Redis that is slow or away: the oldest go."""


class RedisOutlet:
    """An `Outlet` over Redis.

    Parameters
    ----------
    url : str
        Of the server, as redis-py reads it.
    name : str
        What the collector is called there: servers name it to find it.
    """

    def __init__(self, url: str, *, name: str) -> None:
        self._client: Any = redis.asyncio.Redis.from_url(url)
        self._prefix = _prefix(name)
        self._waiting: dict[int, tuple[str, bytes]] = {}
        self._n_waiting_bytes = self._number = 0
        self._has_some = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self, receive: Callable[[bytes], None]) -> None:
        """As `Outlet` says."""
        try:
            newest = await self._client.xrevrange(self._prefix + "asks", count=1)
        except (RedisError, OSError) as error:
            raise SpecError(f"can't reach Redis: {error}") from error
        place = newest[0][0] if newest else b"0-0"
        self._tasks = [asyncio.create_task(self._read(place, receive)), asyncio.create_task(self._write())]

    def publish(self, topic: str, message: bytes) -> None:
        """As `Outlet` says."""
        self._put(topic, message)

    def send(self, server: str, message: bytes) -> None:
        """As `Outlet` says."""
        self._put(f"server:{server}", message)

    async def stop(self) -> None:
        """As `Outlet` says."""
        for task in self._tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await self._client.aclose()

    def _put(self, topic: str, message: bytes) -> None:
        self._number += 1
        self._waiting[self._number] = topic, message
        self._n_waiting_bytes += len(message)
        while self._n_waiting_bytes > _MOST_WAITING:
            self._n_waiting_bytes -= len(self._waiting.pop(next(iter(self._waiting)))[1])
        self._has_some.set()

    async def _write(self) -> None:
        while True:
            await self._has_some.wait()
            self._has_some.clear()
            waiting, self._waiting, self._n_waiting_bytes = self._waiting, {}, 0
            pipeline = self._client.pipeline(transaction=False)
            for topic, message in waiting.values():
                key = self._prefix + topic
                most = _MOST_IN_STREAM.get(topic.partition(":")[0], 1)
                pipeline.xadd(key, {_FIELD: message}, maxlen=most, approximate=False)
                pipeline.pexpire(key, _LIFE_MS)
            try:
                await pipeline.execute()
            except (RedisError, OSError) as error:
                _LOG.warning("Redis can't be written to (%s): trying again", error)
                await asyncio.sleep(_RETRY_S)

    async def _read(self, place: bytes, receive: Callable[[bytes], None]) -> None:
        key = self._prefix + "asks"
        while True:
            try:
                found = await self._client.xread({key: place}, block=_BLOCK_MS)
            except (RedisError, OSError):
                await asyncio.sleep(_RETRY_S)
                continue
            for _, entries in found or ():
                for place, fields in entries:  # noqa: B007 - where to go on from
                    receive(fields[_FIELD])


class RedisInlet:
    """An `Inlet` over Redis.

    Parameters
    ----------
    url : str
        Of the server, as redis-py reads it.
    name : str
        What the collector is called there.
    server : str
        What this server is called.
    """

    def __init__(self, url: str, *, name: str, server: str) -> None:
        self._reading: Any = redis.Redis.from_url(url)
        self._asking: Any = redis.Redis.from_url(url, socket_timeout=2.0)
        self._name, self._prefix, self._own = name, _prefix(name), f"server:{server}"
        self._places: dict[str, bytes] = {}
        self._topics: frozenset[str] = frozenset()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def __str__(self) -> str:
        return f"Redis under {self._name!r}"

    def start(self, receive: Callable[[bytes], None]) -> None:
        """As `Inlet` says."""
        self._stopping.clear()
        self._thread = threading.Thread(target=self._work, args=(receive,), name="relay", daemon=True)
        self._thread.start()

    def listen(self, topics: frozenset[str]) -> None:
        """As `Inlet` says."""
        if topics != self._topics:
            self._topics = topics
            self._wake()

    def ask(self, message: bytes) -> None:
        """As `Inlet` says."""
        with contextlib.suppress(RedisError, OSError):
            self._asking.xadd(self._prefix + "asks", {_FIELD: message}, maxlen=_MOST_ASKS)

    def stop(self) -> None:
        """As `Inlet` says."""
        self._stopping.set()
        self._wake()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self._reading.close()
        self._asking.close()

    def _wake(self) -> None:
        """End the reader's wait."""
        key = self._prefix + self._own
        with contextlib.suppress(RedisError, OSError):
            self._asking.xadd(key, {b"w": b""}, maxlen=_MOST_IN_STREAM["server"])
            self._asking.pexpire(key, _LIFE_MS)

    def _work(self, receive: Callable[[bytes], None]) -> None:
        while not self._stopping.is_set():
            try:
                for message in self._read():
                    receive(message)
            except (RedisError, OSError):
                self._stopping.wait(_RETRY_S)

    def _read(self) -> list[bytes]:
        """Return what came, waiting for a second at most."""
        topics = self._topics | {self._own}
        places = {self._prefix + topic: self._places.get(topic, b"0-0") for topic in topics}
        messages = []
        for key, entries in self._reading.xread(places, block=_BLOCK_MS) or ():
            self._places[key.decode().removeprefix(self._prefix)] = entries[-1][0]
            messages += [fields[_FIELD] for _, fields in entries if _FIELD in fields]
        self._places = {topic: place for topic, place in self._places.items() if topic in topics}
        return messages


def _prefix(name: str) -> str:
    return f"streamshade:{name}:"
