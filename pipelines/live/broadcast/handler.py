"""`/frames`: a WebSocket on the server's own loop."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final
from urllib.parse import urlparse

from bokeh.server.util import check_allowlist
from bokeh.settings import settings
from tornado.ioloop import PeriodicCallback
from tornado.websocket import WebSocketHandler

from pipelines.core.clock import SystemClock
from pipelines.live.broadcast.counts import ViewCounts
from pipelines.live.broadcast.hub import Hub
from pipelines.live.broadcast.pace import Pace
from pipelines.live.broadcast.socket import Socket
from pipelines.live.broadcast.ticket import process_tickets
from pipelines.live.broadcast.viewer import Viewer
from pipelines.live.feeds import process_feeds, remote_feeds
from pipelines.live.guard import Guarded
from pipelines.live.wire.requests import MAX_MESSAGE_BYTES, ProtocolError

__all__ = ["FramesHandler", "process_counts", "process_hub"]

_BEAT_MS: Final = 50

_PING_S: Final = 120
"""Who does not answer for so long has gone without a word. Longer than a laptop or a browser stalls."""

_hub: Hub | None = None


def process_hub() -> Hub:
    """Return what serves this process's frames. The first call binds it to the loop that runs."""
    global _hub
    if _hub is None:
        loop = asyncio.get_running_loop()
        _hub = Hub(
            sources=lambda: {feed.name: feed for feed in process_feeds()},
            tickets=process_tickets(),
            clock=SystemClock(),
            post=lambda act: _post(loop, act),
            workers=ThreadPoolExecutor(1, thread_name_prefix="pick"),
        )
        PeriodicCallback(_hub.beat, _BEAT_MS).start()
        if (remote := remote_feeds()) is not None:
            remote.sent_here = lambda: _counts_of(_hub)
    return _hub


def process_counts() -> Mapping[str, ViewCounts]:
    """Return what was sent of views, by what they are called: by all processes that serve at one port together."""
    remote = remote_feeds()
    return remote.sent_by_all() if remote is not None and remote.is_one_of_several else process_hub().counts


def _counts_of(hub: Hub | None) -> Mapping[str, ViewCounts]:
    return {} if hub is None else hub.counts


def _post(loop: asyncio.AbstractEventLoop, act: Callable[[], None]) -> None:
    """Have something done on the loop; nothing where the server has ended while its feeds still run."""
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(act)


class FramesHandler(Guarded, WebSocketHandler):
    """One client's socket.

    Notes
    -----
    *Threads.* The server's loop.
    """

    def initialize(self, hub: Callable[[], Hub] = process_hub) -> None:
        """Take what serves it."""
        self._hub = hub
        self._viewer: Viewer | None = None
        self._socket = Socket(self)
        self._pace = Pace()

    @property
    def max_message_size(self) -> int:
        """Most bytes that a client may send at once."""
        return MAX_MESSAGE_BYTES

    @property
    def ping_interval(self) -> float:
        """How often it is found out whether the client is still there: one whose tab is hidden says nothing."""
        return _PING_S

    def check_origin(self, origin: str) -> bool:
        """Allow the origins that Panel's own socket allows."""
        allowed: set[str] = self.application.websocket_origins  # type: ignore[attr-defined]
        return bool(check_allowlist(urlparse(origin).netloc.lower(), set(settings.allowed_ws_origin()) or allowed))

    def open(self, *_: Any) -> None:
        """Take a client on."""
        self.set_nodelay(True)
        try:
            self._viewer = self._hub().connect(self._socket)
        except ProtocolError as error:
            self._socket.close(str(error))

    def on_message(self, message: str | bytes) -> Awaitable[None] | None:
        """Hand on what the client says. Who does not read answers, or takes too much time, is not heard for a while."""
        if self._viewer is None:
            return None
        hub = self._hub()
        began_ns = hub.now_ns()
        self._viewer.receive(message)
        rest_s = self._pace.rest_s(began_ns, hub.now_ns())
        if rest_s is None and not self._socket.is_congested:
            return None
        return self._rest(rest_s or 0.0)

    def on_close(self) -> None:
        """Forget the client."""
        if self._viewer is not None:
            self._viewer.close()

    async def _rest(self, rest_s: float) -> None:
        """Wait: until then nothing is read of what the client says."""
        await asyncio.sleep(rest_s)
        await self._socket.drain()
