"""The feeds of this process: made once, started by their first user, shared by all sessions."""

from __future__ import annotations

import atexit
import os
import secrets
import threading
from collections.abc import Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Final

from pipelines.core.clock import SystemClock, parse_duration_ns
from pipelines.core.errors import SpecError
from pipelines.core.size import parse_bytes
from pipelines.core.spec import AggregateSpec, FeedSpec, Retention
from pipelines.graph.catalogue import read_url
from pipelines.live.feed import Feed
from pipelines.live.relay.address import COLLECTOR_VARIABLE, connect
from pipelines.live.relay.remote_feeds import RemoteFeeds
from pipelines.live.source import PageFeeds

if TYPE_CHECKING:
    from pipelines.demo.process import Demo

__all__ = [
    "MEMORY_VARIABLE",
    "SOURCE_VARIABLE",
    "WINDOW_VARIABLE",
    "Feeds",
    "declare",
    "launch_demo",
    "local_feeds",
    "open_feed",
    "process_feeds",
    "remote_feeds",
    "will_be_several",
]

SOURCE_VARIABLE: Final = "STREAMSHADE_SOURCE"
"""URLs of the sources, apart by white space. Unset: the demo."""

WINDOW_VARIABLE: Final = "STREAMSHADE_WINDOW"
MEMORY_VARIABLE: Final = "STREAMSHADE_MEMORY"

_ALWAYS_ON: Final = {
    "trades": ("last", "rates", "bars.1s", "bars.1m"),
    "quotes": ("last", "rates"),
    "readings": ("last", "rates"),
}
"""By kind, what is computed of every key."""


class Feeds:
    """Feeds by name, in the order of their sources.

    Parameters
    ----------
    specs : sequence of FeedSpec
        What to make. Names must differ.

    Raises
    ------
    SpecError
        Where two feeds have one name.
    """

    def __init__(self, specs: Sequence[FeedSpec]) -> None:
        self._feeds: dict[str, Feed] = {}
        for spec in specs:
            if spec.source.name in self._feeds:
                raise SpecError(f"two sources are called {spec.source.name!r}: give one of them another name=")
            self._feeds[spec.source.name] = Feed(spec)

    def __iter__(self) -> Iterator[Feed]:
        return iter(self._feeds.values())

    def __len__(self) -> int:
        return len(self._feeds)

    def __getitem__(self, name: str) -> Feed:
        return self._feeds[name]

    def start(self) -> None:
        """Start every feed. Does nothing where they run."""
        for feed in self:
            feed.start()

    def stop(self) -> None:
        """Stop every feed, and keep what is stored."""
        for feed in self:
            feed.stop()


def declare(urls: Sequence[str], *, window: str = "30m", memory: str = "4G") -> tuple[FeedSpec, ...]:
    """Declare a feed a source URL, with the aggregates that are always on.

    Parameters
    ----------
    urls : sequence of str
        URLs of sources.
    window : str
        How long rows are kept, such as ``30m``.
    memory : str
        Most memory that all feeds together may take, such as ``4G``. An eighth is for live pictures, which all feeds
        get an equal part of, and the rest for rows, which all tables do.

    Raises
    ------
    SpecError
        Where a URL, the window or the memory can't be read.
    """
    sources = [read_url(url) for url in urls]
    n_tables = sum(len(source.kinds) for source in sources)
    n_bytes = parse_bytes(memory)
    retention = Retention(parse_duration_ns(window), n_bytes * 7 // 8 // max(n_tables, 1))
    return tuple(
        FeedSpec(
            source,
            retention,
            tuple(AggregateSpec(name, kind) for kind in source.kinds for name in _ALWAYS_ON.get(kind, ())),
            picture_bytes=n_bytes // 8 // len(sources),
        )
        for source in sources
    )


_ANSWER_S: Final = 1.0
"""How long after the start a collector may take to say which feeds there are, before pages say that it does not."""

_lock = threading.Lock()
_feeds: Feeds | None = None
_remote: RemoteFeeds | None = None
_group = ""
_opened: dict[str, Feed] = {}


def open_feed(url: str, *, window: str = "30m", memory: str = "4G") -> Feed:
    """Return the running feed of a source, for scripts and notebooks: a cell that is run again gets the same feed.

    Parameters
    ----------
    url : str
        URL of the source.
    window, memory : str
        How much is kept, such as ``30m`` and ``4G``. Where they, or an option of the URL, differ from those of the feed
        that runs under the same name, that one is stopped and a new one takes its place.

    Raises
    ------
    SpecError
        Where the URL, the window or the memory can't be read.
    """
    (spec,) = declare([url], window=window, memory=memory)
    with _lock:
        feed = _opened.get(spec.source.name)
        if feed is None or feed.spec != spec:
            if feed is not None:
                feed.stop()
            feed = _opened[spec.source.name] = Feed(spec)
        feed.start()
        return feed


def process_feeds() -> PageFeeds:
    """Return this process's feeds. The first call makes and starts them, as the environment declares.

    With `STREAMSHADE_COLLECTOR` they are those of a collector, which runs elsewhere. Without it and
    `STREAMSHADE_SOURCE` there is the demo: its broker and simulator run in a child process.

    Raises
    ------
    SpecError
        Where the environment declares something that can't be.
    SourceError
        Where the demo can't be started, or the collector does not answer.
    """
    remote = remote_feeds()
    if remote is None:
        return local_feeds()
    remote.wait(_ANSWER_S)
    return remote


def remote_feeds() -> RemoteFeeds | None:
    """Return the feeds of the collector that the environment declares, perhaps before it has answered; else None.

    Raises
    ------
    SpecError
        Where its address can't be read.
    """
    global _remote
    collector = os.environ.get(COLLECTOR_VARIABLE, "")
    with _lock:
        if _remote is None and collector:
            _remote = connect(collector, clock=SystemClock(), group=_group)
            _remote.start()
        return _remote


def will_be_several() -> None:
    """Say that forks of this process will serve at one port: they tell each other what they have sent."""
    global _group
    _group = secrets.token_hex(8)


def local_feeds() -> Feeds:
    """Return the feeds that run in this process, as `process_feeds` does."""
    global _feeds
    with _lock:
        if _feeds is None:
            urls = os.environ.get(SOURCE_VARIABLE, "").split()
            window, memory = os.environ.get(WINDOW_VARIABLE, "30m"), os.environ.get(MEMORY_VARIABLE, "4G")
            declare(urls, window=window, memory=memory)  # before a demo is started for what can't be
            _feeds = Feeds(declare(urls or [_demo().start()], window=window, memory=memory))
            _feeds.start()
        return _feeds


def launch_demo() -> None:
    """Start the demo's child, and leave it to `process_feeds` to wait for it."""
    _demo().launch()


@cache
def _demo() -> Demo:
    from pipelines.demo.process import Demo

    demo = Demo()
    atexit.register(demo.stop)
    return demo


@atexit.register
def _stop_all() -> None:
    for feed in (*(_feeds or ()), *_opened.values()):
        feed.stop()
    if _remote is not None:
        _remote.stop()
