"""What the rest of `live` needs of a feed, wherever it runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

from pipelines.core.dictionary import Dictionary
from pipelines.core.ledger import LedgerSnapshot
from pipelines.core.spec import View, ViewSpec
from pipelines.live.explore.explorer import Explorer
from pipelines.live.frames.frame import Frame
from pipelines.live.frames.views import Views
from pipelines.live.status import FeedStatus
from pipelines.live.streams.stream import ViewStream
from pipelines.store.table import Table

__all__ = ["FrameSource", "LocalSource", "PageFeed", "PageFeeds", "PublishedFeed"]


class PublishedFeed(Protocol):
    """What a feed publishes of its keys and itself, wherever it runs."""

    @property
    def dictionary(self) -> Dictionary:
        """Names of keys."""
        ...

    def snapshot(self, aggregate: str, kind: str) -> Any:
        """Return an aggregate's newest published snapshot; None where there is none, or none has come yet."""
        ...

    def live_edge_ns(self) -> int:
        """Return what time it is at the source, nanoseconds UTC."""
        ...

    def status(self) -> FeedStatus:
        """Return how the feed stands."""
        ...


class FrameSource(Protocol):
    """Where live pictures come from.

    Attributes
    ----------
    wakes : set of callable
        Called, in any thread, when there may be something new. They carry no data and return at once.
    """

    wakes: set[Callable[[], None]]

    @property
    def name(self) -> str:
        """What it is called."""
        ...

    @property
    def dictionary(self) -> Dictionary:
        """Names of keys."""
        ...

    @property
    def kinds(self) -> tuple[str, ...]:
        """Which kinds of rows there may be."""
        ...

    def has_rows(self, kind: str, key: str) -> bool:
        """Tell whether there are rows of a kind and key."""
        ...

    def shown_edge_ns(self) -> int:
        """Return the time that a following picture ends at, nanoseconds UTC."""
        ...

    def stream(self, view: View) -> ViewStream:
        """Begin to send a view, from the loop that sends; raises `SpecError` where it can't be."""
        ...

    def still(self, view: ViewSpec, timeout_s: float) -> Frame | None:
        """Return a picture of a view, for pages that no server answers; None where it does not come in time."""
        ...


class PageFeed(FrameSource, PublishedFeed, Protocol):
    """What pages need of a feed besides."""

    @property
    def generation(self) -> int:
        """Changes each time something was published."""
        ...


class PageFeeds(Protocol):
    """The feeds of a process, by name."""

    def __iter__(self) -> Iterator[PageFeed]:
        """Go through them in their order."""
        ...

    def __len__(self) -> int:
        """Return how many there are."""
        ...

    def __getitem__(self, name: str) -> PageFeed:
        """Return one; raises `KeyError`."""
        ...


class LocalSource(PublishedFeed, Protocol):
    """What a view is drawn from, in the process of its feed."""

    @property
    def views(self) -> Views:
        """Live pictures."""
        ...

    @property
    def explorer(self) -> Explorer:
        """Pictures of any range."""
        ...

    @property
    def tables(self) -> Mapping[str, Table]:
        """Rows by kind."""
        ...

    @property
    def skew_ns(self) -> int:
        """How far the source's clock is ahead of ours, as estimated."""
        ...

    @property
    def ledger(self) -> LedgerSnapshot:
        """What became of every record."""
        ...
