"""Collector and servers anywhere: short streams of a Redis server, of which the newest counts."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import threading
from collections import deque
from collections.abc import Callable
from typing import Any, Final

import redis
import redis.asyncio
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from pipelines.core.errors import SpecError

__all__ = ["RedisInlet", "RedisOutlet"]

_LOG: Final = logging.getLogger(__name__)

_FIELD: Final = b"m"
_MOST_IN_STREAM: Final = {"view": 256, "server": 1_024}
_MOST_BYTES: Final = 8 << 20
"""How many messages of a topic are kept, by what it begins with, and how many bytes of them; of others the newest."""

_MOST_TOPICS: Final = 4_096
_MOST_ASKS: Final = 512
_LIFE_MS: Final = 60_000
_BLOCK_MS: Final = 1_000
_RETRY_S: Final = 0.5
_MOST_WAITING: Final = 64 << 20
"""Bytes that wait for a Redis that is slow or away: the oldest go."""

_SILENT_S: Final = 5.0
_SILENT_ASK_S: Final = 2.0
"""How long an answer of Redis is waited for, before the connection is made anew."""

_CLAIM_MS: Final = 3_000
_CLAIM_S: Final = 1.0
"""For how long a collector that says nothing keeps its name, and how often it says something."""


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
        self._client: Any = redis.asyncio.Redis.from_url(
            url, socket_timeout=_SILENT_S, socket_connect_timeout=_SILENT_S, retry=AsyncRetry(NoBackoff(), 0)
        )
        self.failure = ""
        self._is_stopping = False
        self._name, self._prefix, self._token = name, _prefix(name), secrets.token_bytes(12)
        self._sizes: dict[str, deque[int]] = {}
        self._n_lost = 0
        self._waiting: dict[int, tuple[str, bytes]] = {}
        self._n_waiting_bytes = self._number = 0
        self._has_some = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self, receive: Callable[[bytes], None]) -> None:
        """As `Outlet` says."""
        try:
            place = await self._newest_ask()
            is_ours = await self._await_claim()
        except (RedisError, OSError) as error:
            await self._client.aclose()
            raise SpecError(f"can't reach Redis: {error}") from error
        if not is_ours:
            await self._client.aclose()
            raise SpecError(f"another collector publishes as {self._name!r} there: end it, or take another name")
        works = self._read(place, receive), self._write(), self._keep_claim()
        self._tasks = [asyncio.create_task(work) for work in works]

    def publish(self, topic: str, message: bytes) -> None:
        """As `Outlet` says."""
        self._put(topic, message)

    def send(self, server: str, message: bytes) -> None:
        """As `Outlet` says."""
        self._put(f"server:{server}", message)

    async def stop(self) -> None:
        """As `Outlet` says."""
        self._is_stopping = True  # redis-py may take a cancellation for a connection that was lost
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_SILENT_S)
        with contextlib.suppress(RedisError, OSError):
            if await self._client.get(self._claim) == self._token:
                await self._client.delete(self._claim)
        await self._client.aclose()

    @property
    def _claim(self) -> str:
        return self._prefix + "collector"

    async def _await_claim(self) -> bool:
        """Tell whether the name is ours, waiting for one to lose it who has ended without a word."""
        for _ in range(_CLAIM_MS // 200 + 2):
            if await self._client.set(self._claim, self._token, nx=True, px=_CLAIM_MS):
                return True
            await asyncio.sleep(0.2)
        return False

    async def _keep_claim(self) -> None:
        while not self.failure and not self._is_stopping:
            await asyncio.sleep(_CLAIM_S)
            with contextlib.suppress(RedisError, OSError):
                await self._client.set(self._claim, self._token, nx=True, px=_CLAIM_MS)
                if await self._client.get(self._claim) == self._token:
                    await self._client.pexpire(self._claim, _CLAIM_MS)
                else:
                    self.failure = f"another collector publishes as {self._name!r} since this one stood still"

    async def _newest_ask(self) -> bytes:
        newest = await self._client.xrevrange(self._prefix + "asks", count=1)
        place: bytes = newest[0][0] if newest else b"0-0"
        return place

    def _put(self, topic: str, message: bytes) -> None:
        self._number += 1
        self._waiting[self._number] = topic, message
        self._n_waiting_bytes += len(message)
        while self._n_waiting_bytes > _MOST_WAITING:
            self._n_waiting_bytes -= len(self._waiting.pop(next(iter(self._waiting)))[1])
            self._n_lost += 1
        self._has_some.set()

    async def _write(self) -> None:
        is_trouble = False
        while not self._is_stopping:
            await self._has_some.wait()
            self._has_some.clear()
            waiting, self._waiting, self._n_waiting_bytes = self._waiting, {}, 0
            pipeline = self._client.pipeline(transaction=False)
            for topic, message in waiting.values():
                key = self._prefix + topic
                pipeline.xadd(key, {_FIELD: message}, maxlen=self._n_kept(topic, len(message)), approximate=False)
                pipeline.pexpire(key, _LIFE_MS)
            try:
                await pipeline.execute()
            except (RedisError, OSError) as error:
                self._n_lost += len(waiting)
                if not is_trouble:
                    _LOG.warning("Redis can't be written to (%s): trying again", error)
                is_trouble = True
                await asyncio.sleep(_RETRY_S)
                continue
            if self._n_lost:
                _LOG.warning("Redis is written to again: %d messages were lost", self._n_lost)
            is_trouble, self._n_lost = False, 0

    def _n_kept(self, topic: str, n_bytes: int) -> int:
        """Return how many of the newest messages of a topic are kept after one more."""
        most = _MOST_IN_STREAM.get(topic.partition(":")[0], 1)
        if most == 1:
            return 1
        sizes = self._sizes.pop(topic, None) or deque(maxlen=most)
        self._sizes[topic] = sizes
        sizes.append(n_bytes)
        while len(sizes) > 1 and sum(sizes) > _MOST_BYTES:
            sizes.popleft()
        if len(self._sizes) > _MOST_TOPICS:
            del self._sizes[next(iter(self._sizes))]
        return len(sizes)

    async def _read(self, place: bytes, receive: Callable[[bytes], None]) -> None:
        key = self._prefix + "asks"
        while not self._is_stopping:
            try:
                place = place or await self._newest_ask()
                found = await self._client.xread({key: place}, block=_BLOCK_MS)
            except (RedisError, OSError):
                await asyncio.sleep(_RETRY_S)
                place = b""  # a Redis that was started anew may count from before
                continue
            for _, entries in found or ():
                for place, fields in entries:  # noqa: B007 - where to go on from
                    if _FIELD in fields:
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
        at_once = Retry(NoBackoff(), 0)
        self._reading: Any = redis.Redis.from_url(
            url, socket_timeout=_SILENT_S, socket_connect_timeout=_SILENT_ASK_S, retry=at_once
        )
        self._asking: Any = redis.Redis.from_url(url, socket_timeout=_SILENT_ASK_S, retry=at_once)
        self._name, self._prefix, self._own = name, _prefix(name), f"server:{server}"
        self._places: dict[str, bytes] = {}
        self._topics: frozenset[str] = frozenset()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def __str__(self) -> str:
        return f"Redis under {self._name!r}"

    def start(self, receive: Callable[[bytes], None], lost: Callable[[], None]) -> None:
        """As `Inlet` says."""
        self._stopping.clear()
        self._thread = threading.Thread(target=self._work, args=(receive, lost), name="relay", daemon=True)
        self._thread.start()

    def listen(self, topics: frozenset[str]) -> None:
        """As `Inlet` says."""
        if topics != self._topics:
            self._topics = topics
            self._wake()

    def ask(self, message: bytes) -> None:
        """As `Inlet` says."""
        with contextlib.suppress(RedisError, OSError):
            self._add("asks", {_FIELD: message}, _MOST_ASKS)

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
        with contextlib.suppress(RedisError, OSError):
            self._add(self._own, {b"w": b""}, _MOST_IN_STREAM["server"])

    def _add(self, topic: str, fields: dict[bytes, bytes], most: int) -> None:
        pipeline = self._asking.pipeline(transaction=False)
        pipeline.xadd(self._prefix + topic, fields, maxlen=most)
        pipeline.pexpire(self._prefix + topic, _LIFE_MS)
        pipeline.execute()

    def _work(self, receive: Callable[[bytes], None], lost: Callable[[], None]) -> None:
        is_trouble = False
        while not self._stopping.is_set():
            try:
                messages = self._read()
            except (RedisError, OSError) as error:
                if not is_trouble:
                    _LOG.warning("%s can't be read (%s): trying again", self, error)
                is_trouble, self._places = True, {}  # a Redis that was started anew may count from before
                self._stopping.wait(_RETRY_S)
                continue
            if is_trouble:
                is_trouble = False
                lost()
            for message in messages:
                receive(message)

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
