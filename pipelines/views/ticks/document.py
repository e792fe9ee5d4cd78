"""Frames over the document of a page: for notebooks, and for servers without the route."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final
from weakref import WeakKeyDictionary, WeakSet, ref

from tornado.ioloop import PeriodicCallback

from pipelines.core.clock import NS_PER_SECOND, Clock, SystemClock
from pipelines.core.errors import StreamshadeError
from pipelines.core.spec import View
from pipelines.live.broadcast.hub import Hub
from pipelines.live.broadcast.ticket import process_tickets
from pipelines.live.broadcast.viewer import Viewer
from pipelines.live.source import FrameSource
from pipelines.live.wire.replies import welcome

__all__ = ["DocumentViewers"]

_BEAT_MS: Final = 50
_WORKERS: Final = ThreadPoolExecutor(1, thread_name_prefix="pick")
_SILENT_NS: Final = 90 * NS_PER_SECOND
"""Who has said nothing for so long is gone: a browser pings, in a hidden tab once a minute."""


class _Document:
    """The way to one browser. It has one message under way at a time, so pictures go by the browser's own pace."""

    def __init__(self, tell: Callable[[Any], None], client: str, forget: Callable[[str], object], clock: Clock) -> None:
        self.viewer: Viewer | None = None
        self._tell, self._client, self._forget, self._clock = tell, client, forget, clock
        self._n_under_way = 0
        self.heard()

    @property
    def is_congested(self) -> bool:
        return self._n_under_way > 0

    @property
    def is_silent(self) -> bool:
        return self._clock.monotonic_ns() - self._heard_ns > _SILENT_NS

    def heard(self, *, taken: bool = False) -> None:
        self._heard_ns = self._clock.monotonic_ns()
        self._n_under_way -= taken

    def send(self, message: bytes | str) -> None:
        self._n_under_way += 1
        self._tell({"client": self._client, "data": message})

    def close(self, reason: str) -> None:
        self._forget(self._client)
        self._tell({"client": self._client, "closed": reason})


class DocumentViewers:
    """The browsers that one picture is shown in without the route.

    Parameters
    ----------
    feed : FrameSource
        Where the frames come from.
    rights : mapping of str to View
        What they may see, by the names that the page calls it; it may change.
    tell : callable
        Sends a message to all browsers, each of which takes what has its name.
    clock : Clock
        Tells who is gone.

    Notes
    -----
    *Threads.* One: the loop on which `hear` was called first. From other threads, as a notebook's browser is heard
    from, what it says is handed on to that loop.
    """

    def __init__(
        self,
        feed: FrameSource,
        rights: Mapping[str, View],
        tell: Callable[[Any], None],
        *,
        clock: Clock | None = None,
    ) -> None:
        self._feed, self._rights, self._tell = feed, rights, tell
        self._clock = clock or SystemClock()
        self._documents: dict[str, _Document] = {}
        self._loop = _running_loop()
        self._is_closed = False

    def __len__(self) -> int:
        return len(self._documents)

    def hear(self, message: Mapping[str, Any]) -> None:
        """Take what a browser says: that it has opened, closed or taken a message, or a message of the protocol."""
        loop = _running_loop()
        self._loop = self._loop or loop
        if loop is self._loop:
            self._take(message)
        elif self._loop is not None:
            self._loop.call_soon_threadsafe(self._take, message)

    def close(self) -> None:
        """Send no more, not even that: the page may be gone."""
        self._is_closed = True
        for document in tuple(self._documents.values()):
            if document.viewer is not None:
                document.viewer.close()

    def _take(self, message: Mapping[str, Any]) -> None:
        client = str(message["client"])
        document = self._documents.get(client)
        if document is None or document.viewer is None:
            if "opened" in message and not self._is_closed:
                self._open(client)
            elif "closed" not in message:
                self._say({"client": client, "closed": ""})  # it slept for long, and starts again
            return
        document.heard(taken="taken" in message)
        if "closed" in message:
            document.viewer.close()
        elif "text" in message:
            document.viewer.receive(str(message["text"]))

    def _say(self, message: Mapping[str, Any]) -> None:
        if not self._is_closed:
            self._tell(message)

    def _open(self, client: str) -> None:
        document = _Document(self._say, client, lambda client: self._documents.pop(client, None), self._clock)
        self._documents[client] = document
        try:
            document.viewer = _beat_of(self._feed, self._clock).connect(document, self._rights)
        except StreamshadeError as error:
            document.close(str(error))
            return
        document.send(welcome())


class _Beat:
    """What sends the frames of one feed to documents of one loop, for as long as there are any."""

    def __init__(self, feed: FrameSource, loop: asyncio.AbstractEventLoop, clock: Clock) -> None:
        held = ref(feed)

        def sources() -> Mapping[str, FrameSource]:
            alive = held()
            return {} if alive is None else {alive.name: alive}

        self._documents: WeakSet[_Document] = WeakSet()
        self._hub = Hub(
            sources=sources, tickets=process_tickets(), clock=clock, post=partial(_post, loop), workers=_WORKERS
        )
        self._timer = PeriodicCallback(self._tick, _BEAT_MS)

    def connect(self, document: _Document, rights: Mapping[str, View]) -> Viewer:
        viewer = self._hub.connect(document, rights)
        self._documents.add(document)
        if not self._timer.is_running():
            self._timer.start()
        return viewer

    def _tick(self) -> None:
        for document in tuple(self._documents):
            if document.is_silent and document.viewer is not None:
                document.viewer.close()
        self._hub.beat()
        if len(self._hub) == 0:
            self._timer.stop()


_beats: WeakKeyDictionary[FrameSource, WeakKeyDictionary[asyncio.AbstractEventLoop, _Beat]] = WeakKeyDictionary()


def _beat_of(feed: FrameSource, clock: Clock) -> _Beat:
    loop = asyncio.get_running_loop()
    beats = _beats.setdefault(feed, WeakKeyDictionary())
    if loop not in beats:
        beats[loop] = _Beat(feed, loop, clock)
    return beats[loop]


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _post(loop: asyncio.AbstractEventLoop, act: Callable[[], None]) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(act)
