"""Everything that `/frames` of one process serves: channels, viewers, and the beat at which they are sent to."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor
from typing import Final, TypeVar

from pipelines.core.clock import NS_PER_SECOND, Clock
from pipelines.core.errors import SpecError
from pipelines.core.spec import View
from pipelines.live.broadcast.channel import Channel
from pipelines.live.broadcast.counts import ViewCounts, label_of
from pipelines.live.broadcast.ticket import Tickets
from pipelines.live.broadcast.transport import Transport
from pipelines.live.broadcast.viewer import Viewer
from pipelines.live.source import FrameSource
from pipelines.live.wire.requests import ProtocolError

__all__ = ["Hub"]

_LOG: Final = logging.getLogger(__name__)

_SLICE_NS: Final = NS_PER_SECOND // 200
"""How long viewers are sent to before the loop does something else."""

_T = TypeVar("_T")


class Hub:
    """Sends frames to viewers.

    Parameters
    ----------
    sources : callable
        Gives the feeds by name.
    tickets : Tickets
        Tells what viewers may see.
    clock : Clock
        Paces frames.
    post : callable
        Has a function called on the loop that sends, soon. From any thread.
    workers : Executor
        Do what would hold up the loop.
    max_viewers : int
        Most clients at a time.

    Attributes
    ----------
    channels : dict of View to Channel
        The views that are watched.
    counts : dict of str to ViewCounts
        What was sent, by `label_of` the view, of those that are not watched any more too.

    Notes
    -----
    *Threads.* One, the loop that sends, but for `wake`, which any thread may call.
    """

    def __init__(
        self,
        *,
        sources: Callable[[], Mapping[str, FrameSource]],
        tickets: Tickets,
        clock: Clock,
        post: Callable[[Callable[[], None]], None],
        workers: Executor,
        max_viewers: int = 10_000,
    ) -> None:
        self.channels: dict[View, Channel] = {}
        self.counts: dict[str, ViewCounts] = {}
        self._viewers: dict[Viewer, None] = {}
        self.tickets = tickets
        self._sources, self._clock, self._post = sources, clock, post
        self._workers = workers
        self._max_viewers = max_viewers
        self._pass: Iterator[Viewer] | None = None
        self._is_woken = False

    def __len__(self) -> int:
        return len(self._viewers)

    def connect(self, transport: Transport, rights: Mapping[str, View] | None = None) -> Viewer:
        """Take on a client, which may see what its ticket says, or `rights`.

        Raises
        ------
        ProtocolError
            Where there are too many.
        """
        if len(self._viewers) >= self._max_viewers:
            raise ProtocolError(f"{self._max_viewers:,} viewers are connected: no more are taken on")
        viewer = Viewer(self, transport, rights)
        self._viewers[viewer] = None
        return viewer

    def forget(self, viewer: Viewer) -> None:
        """Serve a client no more."""
        self._viewers.pop(viewer, None)

    def wake(self) -> None:
        """Say that there may be new frames. Any thread; returns at once."""
        if not self._is_woken:
            self._is_woken = True
            self._post(self.beat)

    def beat(self) -> None:
        """Send what is due, for some milliseconds; the rest soon."""
        self._is_woken = False
        now_ns = self._clock.monotonic_ns()
        is_continued = self._pass is not None
        if self._pass is None:
            for channel in tuple(self.channels.values()):
                channel.poll(now_ns)
            self._pass = iter(tuple(self._viewers))
        for viewer in self._pass:
            self._flush(viewer, now_ns)
            if self._clock.monotonic_ns() - now_ns >= _SLICE_NS:
                self.wake()
                return
        self._pass = None
        if is_continued:
            self.wake()  # there may have been frames since it began

    def _flush(self, viewer: Viewer, now_ns: int) -> None:
        try:
            viewer.flush(now_ns)
        except Exception:  # it keeps nobody else from being sent to
            _LOG.exception("a viewer could not be sent to")
            viewer.close("something went wrong: see the server's log")

    def open_channel(self, view: View) -> Channel:
        """Return the channel of a view, for one pane more.

        Raises
        ------
        SpecError
            Where there is no such feed, or the view can't be.
        """
        channel = self.channels.get(view)
        if channel is None or channel.stream.failure:
            source = self._sources().get(view.feed)
            if source is None:
                raise SpecError(f"there is no feed {view.feed!r} here")
            channel = self.channels[view] = Channel(source, view, self.counts.setdefault(label_of(view), ViewCounts()))
            source.wakes.add(self.wake)
        channel.n_panes += 1
        channel.counts.n_viewers += 1
        channel.poll(self._clock.monotonic_ns())
        return channel

    def leave_channel(self, channel: Channel) -> None:
        """Let go of a channel, for one pane."""
        channel.n_panes -= 1
        channel.counts.n_viewers -= 1
        if channel.n_panes == 0:
            channel.stream.close()
            if self.channels.get(channel.view) is channel:
                del self.channels[channel.view]
            if all(other.source is not channel.source for other in self.channels.values()):
                channel.source.wakes.discard(self.wake)

    def aside(self, work: Callable[[], _T], then: Callable[[_T | None], None]) -> None:
        """Do what may take some milliseconds beside the loop, one at a time, and then something on it.

        Where it fails, that is logged, and there is None for what follows.
        """

        def do() -> None:
            result = None
            try:
                result = work()
            except Exception:
                _LOG.exception("what a viewer asked for could not be done")
            self._post(lambda: then(result))

        self._workers.submit(do)

    def now_ns(self) -> int:
        """Return our monotonic clock."""
        return self._clock.monotonic_ns()

    def wall_ns(self) -> int:
        """Return our clock, nanoseconds UTC."""
        return self._clock.now_ns()
