"""The window of one key as a HoloViews Buffer."""

from __future__ import annotations

import holoviews as hv
import numpy as np
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from pipelines.core.clock import NS_PER_SECOND, ManualClock
from pipelines.live.window_buffer import WindowBuffer
from tests.live.hand_feed import NOON_NS, HandFeed

SPAN_NS = 16 * NS_PER_SECOND


def buffer_of(feed: HandFeed, key: str = "BTC", span_ns: int = SPAN_NS) -> WindowBuffer:
    return WindowBuffer(feed, kind="trades", key=key, columns=("price",), span_ns=span_ns)


def seconds(buffer: WindowBuffer) -> list[float]:
    return ((buffer.time_ns - NOON_NS) / NS_PER_SECOND).tolist()


def at(*moments_s: float) -> np.ndarray:
    return NOON_NS + (np.array(moments_s) * NS_PER_SECOND).astype(np.int64)


def test_a_pull_takes_what_is_new_and_tells_the_subscribers() -> None:
    feed, told = HandFeed(), []
    buffer = buffer_of(feed)
    buffer.add_subscriber(lambda data: told.append(data["price"].tolist()))
    feed.add(at(-2, -1), [10.0, 11.0])
    assert buffer.pull() == 2
    feed.add(at(-0.5), [12.0])
    assert buffer.pull() == 1
    assert told == [[10.0, 11.0], [10.0, 11.0, 12.0]]


def test_a_quiet_pull_tells_nobody() -> None:
    feed, told = HandFeed(), []
    buffer = buffer_of(feed)
    feed.add(at(-2))
    buffer.pull()
    buffer.add_subscriber(told.append)
    assert buffer.pull() == 0
    feed.publish()  # something else came into the feed
    assert buffer.pull() == 0
    assert told == []


def test_time_is_exact_to_the_nanosecond_and_shared_with_the_frame() -> None:
    feed = HandFeed()
    buffer = buffer_of(feed)
    feed.add([NOON_NS - 2, NOON_NS - 1])
    buffer.pull()
    assert buffer.time_ns.tolist() == [NOON_NS - 2, NOON_NS - 1]
    stamps = buffer.data["time"].to_numpy()
    assert stamps.dtype == "datetime64[ns]"
    assert np.shares_memory(stamps, buffer.time_ns)
    assert np.shares_memory(buffer.data["price"].to_numpy(), buffer.column("price"))


def test_rows_leave_when_they_are_older_than_the_span() -> None:
    feed = HandFeed()
    buffer = buffer_of(feed)
    feed.add(at(-15, -10, -1))
    buffer.pull()
    feed.clock.advance(seconds=8)
    feed.add(at(8))
    buffer.pull()
    assert seconds(buffer) == [-1, 8]


def test_a_row_that_is_too_old_among_younger_ones_leaves_too() -> None:
    feed = HandFeed()
    buffer = buffer_of(feed)
    buffer.pull()
    feed.add(at(-15))
    buffer.pull()
    feed.add(at(-2, -14, -1))
    buffer.pull()
    before = buffer.data
    feed.clock.advance(seconds=5)
    feed.add(at(4))
    buffer.pull()
    assert seconds(buffer) == [-2, -1, 4]
    assert before["time"].astype("int64").tolist() == at(-15, -2, -14, -1).tolist()


def test_another_key_starts_from_its_own_history() -> None:
    feed = HandFeed(symbols=("BTC", "ETH"))
    buffer = buffer_of(feed)
    feed.add(at(-2), [1.0])
    feed.add(at(-3, -1), [2.0, 3.0], symbol="ETH")
    buffer.pull()
    buffer.key = "ETH"
    assert buffer.pull() == 2
    assert buffer.data["price"].tolist() == [2.0, 3.0]
    buffer.key = "unknown"
    buffer.pull()
    assert len(buffer.data) == 0


def test_a_key_that_nobody_has_seen_yet_begins_with_its_first_row() -> None:
    feed = HandFeed()
    buffer = buffer_of(feed, key="NEW")
    assert buffer.pull() == 0
    feed.dictionary.encode_one("NEW")
    feed.add(at(-1), symbol="NEW")
    assert buffer.pull() == 1


def test_it_reads_again_where_the_live_edge_was_wrong() -> None:
    feed = HandFeed(
        clock=ManualClock(NOON_NS + 365 * 86_400 * NS_PER_SECOND)
    )  # before the skew of a recording is known
    buffer = buffer_of(feed)
    feed.add(at(-1))
    assert buffer.pull() == 0
    feed.clock.advance(seconds=-365 * 86_400)
    feed.add(at(0))
    assert buffer.pull() == 2


def test_rows_evicted_before_they_were_pulled_are_counted() -> None:
    feed = HandFeed(max_rows=64, min_rows=0)
    buffer = buffer_of(feed)
    feed.add(at(-1))
    buffer.pull()
    feed.add(NOON_NS + np.arange(10_000))
    feed.tables["trades"].evict()
    feed.publish()
    n_new = buffer.pull()
    assert n_new + buffer.n_missed == 10_000
    assert buffer.n_missed > 0


def test_after_it_is_closed_nothing_comes_and_nothing_is_kept() -> None:
    feed, told = HandFeed(), []
    buffer = buffer_of(feed)
    buffer.add_subscriber(lambda data: told.append(len(data)))
    feed.add(at(-1))
    buffer.pull()
    buffer.close()
    feed.add(at(0))
    assert buffer.pull() == 0
    assert told == [1, 0]
    assert len(buffer.data) == 0


@pytest.mark.parametrize("n_rows", [10_000, 200_000])
def test_a_pull_costs_the_new_rows_and_not_the_window(n_rows: int) -> None:
    feed = HandFeed()
    buffer = buffer_of(feed, span_ns=3_600 * NS_PER_SECOND)
    feed.add(NOON_NS - n_rows + np.arange(n_rows))
    buffer.pull()
    n_moved = buffer.n_moved
    for step in range(50):
        feed.add(NOON_NS + 10 * step + np.arange(10))
        assert buffer.pull() == 10
    assert buffer.n_moved == n_moved


@pytest.mark.parametrize("element", [hv.Curve, hv.Points, hv.Scatter, hv.Dataset])
def test_stock_elements_take_its_data(element: type[hv.Dataset]) -> None:
    feed = HandFeed()
    buffer = buffer_of(feed)
    feed.add(at(-2, -1), [10.0, 11.0])
    buffer.pull()
    made = element(buffer.data, ["time", "price"] if element is hv.Points else "time")
    assert made.range("time") == tuple(buffer.data["time"].to_numpy())
    assert len(made) == 2


def test_a_stock_plot_is_sent_the_new_rows_and_shows_the_window() -> None:
    feed = HandFeed()
    buffer = buffer_of(feed)
    plot = hv.renderer("bokeh").get_plot(hv.DynamicMap(lambda data: hv.Curve(data, "time", "price"), streams=[buffer]))
    for second, price in enumerate([10.0, 11.0, 12.0] * 8):
        feed.clock.advance(seconds=1)
        feed.add(at(second), [price])
        buffer.pull()
        assert plot.handles["cds"].data["price"].tolist() == buffer.data["price"].tolist()
    assert buffer._chunk_length == 1


class BufferModel(RuleBasedStateMachine):
    """A buffer beside plain lists: rows out of order, time going on, keys changing."""

    def __init__(self) -> None:
        super().__init__()
        self.feed = HandFeed(symbols=("BTC", "ETH"))
        self.buffer = buffer_of(self.feed)
        self.stored: dict[str, list[tuple[int, float]]] = {"BTC": [], "ETH": []}
        self.views: list[tuple[np.ndarray, np.ndarray]] = []
        self.n_stored = 0

    @rule(ages_s=st.lists(st.floats(-1, 40), min_size=1, max_size=30), symbol=st.sampled_from(["BTC", "ETH"]))
    def store(self, ages_s: list[float], symbol: str) -> None:
        times = [self.feed.clock.now_ns() - int(age_s * NS_PER_SECOND) for age_s in ages_s]
        prices = [float(self.n_stored + row) for row in range(len(times))]
        self.n_stored += len(times)
        self.stored[symbol] += zip(times, prices, strict=True)
        self.feed.add(times, prices, symbol=symbol)

    @rule(seconds=st.floats(0, 6))
    def wait(self, seconds: float) -> None:
        self.feed.clock.advance(seconds=seconds)
        self.feed.publish()

    @rule(symbol=st.sampled_from(["BTC", "ETH"]))
    def choose(self, symbol: str) -> None:
        self.buffer.key = symbol

    @rule()
    def look(self) -> None:
        self.views.append((self.buffer.time_ns, self.buffer.time_ns.copy()))

    @invariant()
    def it_holds_the_rows_of_the_span(self) -> None:
        self.buffer.pull()
        if self.buffer.series is None:
            assert len(self.buffer.data) == 0
            return
        begin_ns = self.buffer.begin_ns
        step_ns = SPAN_NS // 16
        oldest_ns = self.feed.clock.now_ns() - SPAN_NS
        assert oldest_ns - step_ns < begin_ns <= oldest_ns
        expected = sorted(row for row in self.stored[self.buffer.key] if row[0] >= begin_ns)
        found = zip(self.buffer.time_ns.tolist(), self.buffer.column("price").tolist(), strict=True)
        assert sorted(found) == expected
        assert len(self.buffer.data) == len(expected)

    @invariant()
    def older_views_are_whole(self) -> None:
        assert all(np.array_equal(view, copy) for view, copy in self.views)


TestBufferModel = BufferModel.TestCase
