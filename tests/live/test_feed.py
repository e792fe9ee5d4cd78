from __future__ import annotations

import gc
import itertools
import weakref
from collections.abc import Iterator

import numpy as np
import pytest

from pipelines.core.clock import NS_PER_SECOND as S
from pipelines.core.clock import ManualClock
from pipelines.core.spec import FeedSpec, ViewSpec
from pipelines.graph.catalogue import read_url
from pipelines.live import feed as feed_module
from pipelines.live.feed import Feed
from tests.batches import trades
from tests.graph.fakes import ListSource
from tests.live.hand_feed import NOON_NS
from tests.waiting import wait_until

VIEW = ViewSpec("feed", "trades", "BTC", "price", span_ns=60 * S, n_columns=300, n_rows=40)


class SlowClock(ManualClock):
    """Each look at it takes longer than a slice of drawing."""

    def __init__(self) -> None:
        super().__init__(NOON_NS)
        self._ticks = itertools.count(NOON_NS, S // 100)

    def monotonic_ns(self) -> int:
        return next(self._ticks)


@pytest.fixture
def feed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Feed]:
    monkeypatch.setattr(feed_module, "open_source", lambda spec, clock: ListSource(spec))
    source = read_url("sim://market?kind=trades&name=feed")
    feed = Feed(FeedSpec(source), clock=SlowClock())
    feed.dictionary.encode(["BTC"])
    yield feed
    feed.stop()


def add_rows(feed: Feed, n_rows: int) -> None:
    feed.tables["trades"].append(trades(NOON_NS + np.arange(n_rows), price=100 + np.arange(n_rows) % 7))


def test_a_feed_that_stops_holds_no_rows_for_views_that_are_not_built_yet(feed: Feed) -> None:
    add_rows(feed, 40_960)
    table = feed.tables["trades"]
    with feed.views.subscribe(VIEW):
        feed.views.step(NOON_NS)
        rows = weakref.ref(table.series(0).segments[0].wide)
        table.evict(NOON_NS + 7_200 * S)
        assert rows() is not None
        feed.stop()
        gc.collect()
        assert rows() is None


def test_a_feed_without_messages_goes_on_with_what_a_slice_was_too_short_for(feed: Feed) -> None:
    add_rows(feed, 1 << 20)
    with feed.views.subscribe(VIEW) as subscription:
        feed.start()
        wait_until(lambda: feed.status().warm)
        wait_until(lambda: subscription.frame is not None and subscription.frame.progress == 1.0)  # after 512 slices
