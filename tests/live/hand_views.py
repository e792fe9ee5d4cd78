"""Pictures for feeds that a test moves by hand: drawn at once, in the thread that asks for them."""

from __future__ import annotations

import threading
from collections.abc import Hashable
from typing import Any

from pipelines.core.spec import View, ViewSpec
from pipelines.live.explore.explorer import Explorer
from pipelines.live.explore.queue import Deliver
from pipelines.live.explore.request import ExploreRequest
from pipelines.live.frames.frame import Frame
from pipelines.live.frames.views import Subscription, Views
from pipelines.live.streams.open import open_stream
from pipelines.live.streams.stream import ViewStream

__all__ = ["AnswersAtOnce", "HandSource", "StepsAtOnce"]


class StepsAtOnce(Views):
    """Views of a feed, built as soon as somebody looks."""

    def __init__(self, feed: Any) -> None:
        super().__init__(
            tables=feed.tables, dictionary=feed.dictionary, clock=feed.clock, memory_bytes=1 << 30, on_error=_raise
        )
        self._feed = feed
        self._stepping = threading.Lock()  # the thread that writes and the one that subscribes

    def step(self, edge_ns: int) -> bool:
        with self._stepping:
            return super().step(edge_ns)

    def subscribe(self, spec: ViewSpec) -> Subscription:
        subscription = super().subscribe(spec)
        for _ in range(1_000):  # each may only take a few milliseconds
            self.step(self._feed.shown_edge_ns())
            if subscription.frame is not None and subscription.frame.progress == 1.0:
                break
        return subscription

    def fail(self, spec: ViewSpec, reason: str) -> None:
        """Let a view end as one does that can't be drawn any more."""
        self._entries.pop(spec).view.failure = reason


class AnswersAtOnce(Explorer):
    """An explorer without threads."""

    def ask(self, viewer: Hashable, request: ExploreRequest, deliver: Deliver) -> bool:
        for answer in self._answer(request.snapped()):
            deliver(answer)
        return True


class HandSource:
    """What a feed says of itself, made of the tables and views that a test gives it."""

    dictionary: Any
    tables: Any
    views: Any

    @property
    def kinds(self) -> tuple[str, ...]:
        return tuple(self.tables)

    @property
    def newest_ns(self) -> int | None:
        return max((t.newest_ns for t in self.tables.values() if t.newest_ns is not None), default=None)

    def has_rows(self, kind: str, key: str) -> bool:
        return self.tables[kind].series(self.dictionary.find(key)) is not None

    def stream(self, view: View) -> ViewStream:
        return open_stream(self, view)  # type: ignore[arg-type]

    def still(self, view: ViewSpec, timeout_s: float) -> Frame | None:
        still: Frame | None = self.views.still(view, timeout_s)
        return still


def _raise(_: str, error: BaseException) -> None:
    raise error
