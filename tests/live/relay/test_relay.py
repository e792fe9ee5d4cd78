"""What servers show of a collector's feeds is what the feeds show."""

from __future__ import annotations

import math
import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.core.clock import NS_PER_SECOND
from pipelines.core.errors import SpecError
from pipelines.core.spec import BarsSpec, ViewSpec
from pipelines.live.broadcast.counts import ViewCounts
from pipelines.live.key_figures import busiest, key_figures
from pipelines.live.relay.words import News, RelayError, RowWanted, Snapshot, encode, read_ask, read_told
from pipelines.live.streams.stream import Range
from tests.live.relay.hand_relay import VIEW, HandCollector, HandServer, Viewer
from tests.views.fakes import FakeFeed


@pytest.fixture
def feed() -> FakeFeed:
    feed = FakeFeed()
    feed.trade("BTC", 100.0)
    return feed


@pytest.fixture
def collector(feed: FakeFeed) -> HandCollector:
    return HandCollector(feed)


@pytest.fixture
def server(collector: HandCollector) -> HandServer:
    return HandServer(collector)


def go_on(feed: FakeFeed, seconds: float = 1 / 30, price: float = 100.0) -> None:
    feed.clock.advance(seconds=seconds)
    feed.trade("BTC", price)


def shows_the_newest(viewer: Viewer, collector: HandCollector) -> bool:
    (view,) = collector._views.values()
    picture = viewer.look()
    return (
        np.array_equal(picture.codes, view.stream.frame.codes) and picture.y_range == view.stream.frame.canvas.y_range
    )


def test_a_viewer_of_a_server_sees_what_the_collector_draws(server: HandServer, collector: HandCollector) -> None:
    viewer = Viewer(server.feed.stream(VIEW))
    for step in range(200):
        go_on(collector.feed, price=100.0 + step % 7)
        server.exchange()
        assert shows_the_newest(viewer, collector)
    assert np.median(viewer.sizes) < 500


class Story:
    """A random story of one view: rows, losses, late joiners, a collector that is started anew."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.feed = FakeFeed()
        self.feed.trade("BTC", 100.0)
        self.collector = HandCollector(self.feed)
        self.servers = [HandServer(self.collector, name) for name in ("one", "two")]
        self.viewers = {server: [Viewer(server.feed.stream(VIEW))] for server in self.servers}

    def rows(self) -> None:
        for _ in range(self.random.choice([1, 1, 40])):
            price = 100.0 + self.random.random() * self.random.choice([1, 1, 500])
            go_on(self.feed, self.random.choice([0.01, 0.5, 3.0]), price)
            self.collector.run()

    def taken(self) -> None:
        self.random.choice(self.servers).take()

    def looked(self) -> None:
        self.random.choice(self.viewers[self.random.choice(self.servers)]).look()

    def lost(self) -> None:
        self.random.choice(self.servers).inlet.waiting.clear()

    def joined(self) -> None:
        server = self.random.choice(self.servers)
        self.viewers[server].append(Viewer(server.feed.stream(VIEW)))

    def anew(self) -> None:
        self.collector.close()
        self.collector = HandCollector(self.feed)
        for server in self.servers:
            server.connect(self.collector)

    def settle(self) -> None:
        for _ in range(3):
            for server in self.servers:
                go_on(self.feed, 0.2)  # a keyframe is made anew every tenth of a second at most
                server.exchange()
        for server in self.servers:
            server.take()


@given(seed=st.integers(0, 2**32))
@settings(max_examples=20)
def test_whatever_is_lost_on_the_way_the_newest_picture_comes_out_right(seed: int) -> None:
    story = Story(seed)
    acts = [story.rows] * 4 + [story.taken] * 3 + [story.looked] * 3 + [story.lost, story.joined, story.anew]
    for _ in range(60):
        story.random.choice(acts)()
    story.settle()
    for viewers in story.viewers.values():
        for viewer in viewers:
            assert viewer.stream.failure == ""
            assert shows_the_newest(viewer, story.collector)


def test_who_reads_nothing_for_long_gets_a_keyframe_and_a_server_keeps_bounded_memory(
    server: HandServer, collector: HandCollector
) -> None:
    stream = server.feed.stream(VIEW)
    viewer = Viewer(stream)
    server.exchange()
    viewer.look()
    for step in range(3_000):
        go_on(collector.feed, price=100.0 + step * 7 % 13)
        server.exchange()
        stream.poll(0)
    assert sum(step.n_bytes for step in stream._steps) <= 256 << 10
    n_before = len(viewer.sizes)
    assert shows_the_newest(viewer, collector)
    assert sum(viewer.sizes[n_before:]) < 100_000


def test_a_view_that_no_server_wants_is_not_drawn(server: HandServer, collector: HandCollector) -> None:
    first, second = server.feed.stream(VIEW), server.feed.stream(VIEW)
    server.exchange()
    assert len(collector._views) == 1
    first.close()
    server.exchange()
    assert len(collector._views) == 1
    second.close()
    server.exchange()
    assert collector._views == {}


def test_a_server_that_is_gone_wants_nothing(server: HandServer, collector: HandCollector) -> None:
    server.feed.stream(VIEW).look(Range(0, NS_PER_SECOND, 0.0, 1.0, 300), lambda: None)
    server.exchange()
    assert collector._views
    collector.feed.clock.advance(seconds=10)
    collector.run()
    assert collector._views == {}
    assert collector._servers == {}


def test_a_range_is_looked_at_until_nobody_wants_it(server: HandServer, collector: HandCollector) -> None:
    stream, woken = server.feed.stream(VIEW), []
    now_ns = collector.feed.clock.now_ns()
    look = stream.look(Range(now_ns - NS_PER_SECOND, now_ns + NS_PER_SECOND, 90.0, 110.0, 300), lambda: woken.append(1))
    server.exchange()
    server.exchange()
    assert woken
    parts = look.take()
    assert isinstance(parts, bytes)
    assert parts
    assert look.take() is None
    look.close()
    server.exchange()
    assert all(not each.looks for each in collector._servers.values())


def test_why_a_view_or_a_range_can_not_be_drawn_is_told_in_words(server: HandServer) -> None:
    stream = server.feed.stream(VIEW)
    for where in (Range(5, 4, 0.0, 1.0, 300), Range(-(10**19), 0, 0.0, 1.0, 300), Range(0, 1, math.nan, 1.0, 300)):
        with pytest.raises(SpecError):
            stream.look(where, lambda: None)
    with pytest.raises(SpecError, match="no picture"):
        server.feed.stream(BarsSpec("market", "trades", "BTC")).look(Range(0, 1, 0.0, 1.0, 300), lambda: None)
    other = server.feed.stream(ViewSpec("elsewhere", "trades", "BTC", "price"))
    server.exchange()
    other.poll(0)
    assert other.failure == "there is no feed 'elsewhere' here"
    stream.poll(0)
    assert stream.failure == ""


def test_the_row_under_a_pointer_comes_from_the_collector(server: HandServer, collector: HandCollector) -> None:
    stream = server.feed.stream(VIEW)
    server.exchange()
    asked = server.inlet.ask

    def ask(message: bytes) -> None:
        asked(message)
        collector.run()
        server.take()

    server.inlet.ask = ask
    row = stream.row_at(collector.feed.clock.now_ns(), 100.0)
    assert row["value"] == "100.0"
    assert row["time"] == str(collector.feed.clock.now_ns())


def test_pages_see_the_same_names_and_figures(server: HandServer, collector: HandCollector) -> None:
    feed = collector.feed
    for symbol in ("ETH", "BTC", "SOL", "BTC"):
        feed.clock.advance(seconds=1)
        feed.trade(symbol, 3.0)
    feed.quote("BTC", 1.0, 2.0)
    remote = server.feed
    busiest(remote, 9)  # asks for what it needs
    for kind in ("trades", "quotes"):
        remote.snapshot("last", kind)
    server.exchange()
    assert remote.dictionary.names == feed.dictionary.names
    assert busiest(remote, 9) == busiest(feed, 9)
    ours, theirs = key_figures(remote, 0), key_figures(feed, 0)
    assert ours is not None
    assert theirs is not None
    assert (ours.name, ours.kind, ours.value, ours.spread, ours.per_second) == (
        theirs.name, theirs.kind, theirs.value, theirs.spread, theirs.per_second,
    )  # fmt: skip
    assert remote.kinds == feed.kinds
    assert remote.has_rows("trades", "SOL")
    assert not remote.has_rows("quotes", "SOL")
    assert not remote.has_rows("trades", "nobody")
    assert remote.status() == feed.status()


def test_figures_of_keys_whose_names_have_not_come_yet_wait_for_these(
    server: HandServer, collector: HandCollector
) -> None:
    busiest(server.feed, 9)
    server.exchange()
    collector.feed.trade("NEW", 7.0)
    collector.feed.clock.advance(seconds=1)
    server.say_wants()
    collector.run()
    told = [read_told(each) for each in server.inlet.waiting]
    server.inlet.waiting.clear()
    told.sort(key=lambda word: not isinstance(word, Snapshot))
    for word in told:
        server.inlet.receive(encode(word))
        busiest(server.feed, 9)
    assert server.feed.dictionary.name(busiest(server.feed, 9)[-1]) == "NEW"


def test_a_silent_collector_shows_as_a_feed_that_is_not_connected(server: HandServer, collector: HandCollector) -> None:
    assert server.feed.status().ready
    collector.feed.clock.advance(seconds=4)
    status = server.feed.status()
    assert not status.ready
    assert "no word from the collector for 4 s" in status.source.detail
    server.exchange()
    assert server.feed.status().ready


def test_a_collector_that_was_started_anew_may_give_names_other_codes(server: HandServer) -> None:
    other = FakeFeed()
    for price, symbol in enumerate(("ETH", "BTC")):
        other.trade(symbol, 4.0 + price)
    server.feed.snapshot("last", "trades")
    server.exchange()
    server.connect(HandCollector(other))
    server.exchange()
    server.exchange()
    assert server.feed.dictionary.names == ("ETH", "BTC")
    assert server.feed.snapshot("last", "trades").row(0)["price"] == 4.0


def test_what_the_processes_at_a_port_have_sent_is_added_up_and_stays_when_one_is_gone(
    collector: HandCollector,
) -> None:
    server, other = HandServer(collector, "one", group="port"), HandServer(collector, "two", group="port")
    elsewhere = HandServer(collector, "three", group="another port")
    for each, n_frames in ((server, 3), (other, 4), (elsewhere, 5)):
        counts = ViewCounts(n_viewers=1, n_bytes=10 * n_frames)
        counts.n_frames["delta"] = n_frames
        for delay_ms in range(n_frames):
            counts.to_pixel.observe(delay_ms * 100.0)
        each.sent_here = lambda counts=counts: {"view": counts}

    def told(n_seconds: int, *servers: HandServer) -> tuple[int, int, int, int]:
        for _ in range(n_seconds):
            for each in servers:
                collector.feed.clock.advance(seconds=1)
                each.exchange()
        counts = server.sent_by_all()["view"]
        return counts.n_viewers, counts.n_bytes, counts.n_frames["delta"], counts.to_pixel.count

    assert told(2, server, other, elsewhere) == (2, 70, 7, 7)
    assert server.sent_by_all()["view"].to_pixel.percentiles_ms(100) == (300.0,)
    assert told(10, server) == (1, 70, 7, 7)
    assert told(2, server, other) == (2, 70, 7, 7)  # it had stood still
    assert set(collector._totals) == {"port"}


@pytest.mark.parametrize("data", [b"", b"\xff", b"\x80", encode(Snapshot(1, 0, "f", "a", "k", {}))[:-3], b"\xc1" * 99])
def test_what_can_not_be_read_is_refused_in_words_and_harms_nobody(data: bytes, collector: HandCollector) -> None:
    for read in (read_ask, read_told):
        with pytest.raises(RelayError, match="can't be read"):
            read(data)
    collector.receive(data)
    server = HandServer(collector)
    server._receive(data)
    assert server.feed.name == "market"


class Broken:
    """A view, or a range of one, that fails in a way that nobody foresaw."""

    generation, newest_ns, age_ns, failure = 1, None, None, ""

    def fail(self, *_: Any) -> Any:
        raise RuntimeError("a bug")

    poll = look = messages = ask = take = fail

    def close(self) -> None:
        pass


def test_what_fails_at_the_collector_fails_alone_and_those_who_want_it_are_told(
    server: HandServer, collector: HandCollector, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = collector.feed.stream
    other = VIEW.__class__("market", "trades", "ETH", "price")
    monkeypatch.setattr(collector.feed, "stream", lambda view: Broken() if view == other else opened(view))
    healthy, broken = Viewer(server.feed.stream(VIEW)), server.feed.stream(other)
    server.exchange()
    broken.poll(0)
    assert "something went wrong" in broken.failure
    broken.close()
    for _ in range(3):
        go_on(collector.feed)
        server.exchange()
    assert shows_the_newest(healthy, collector)


@pytest.mark.parametrize("name", ["look", "take"])
def test_a_range_that_fails_is_told_of_once(name: str, server: HandServer, collector: HandCollector) -> None:
    stream = server.feed.stream(VIEW)
    server.exchange()
    (view,) = collector._views.values()
    view.stream.look = Broken().look if name == "look" else lambda *_: Broken()
    look = stream.look(Range(0, NS_PER_SECOND, 0.0, 1.0, 300), lambda: None)
    server.exchange()
    assert "something went wrong" in str(look.take())
    server.exchange()
    assert look.take() is None


def test_an_ask_that_fails_and_one_for_what_is_never_sent_harm_nobody(
    server: HandServer, collector: HandCollector, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert server.feed.snapshot("bars.1s", "trades") is None
    server.exchange()
    with monkeypatch.context() as patched:
        patched.setattr(collector, "_reconcile", Broken().fail)
        server.say_wants()
    go_on(collector.feed, 0.2)
    server.exchange()
    assert server.feed.generation == collector.feed.generation


def test_what_a_server_can_not_take_in_or_say_ends_none_of_its_threads(server: HandServer) -> None:
    with_nothing = Snapshot(server._epoch, 0, "market", "last", "trades", {"wrong": 3})
    server._receive(encode(with_nothing))
    told = News(1, server.feed.stream(VIEW).key, 1, 0, None, None, (b"short",))
    server._receive(encode(told))
    server.sent_here = Broken().fail
    server.is_one_of_several = True
    server._clock.advance(seconds=5)
    woken = []
    server._stopping.wait = lambda _: woken.append(server._stopping.set())
    server._tell()
    assert woken


def test_why_a_view_failed_once_is_not_told_to_who_wants_it_later(
    server: HandServer, collector: HandCollector, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(collector.feed, "stream", Broken().fail)
        stream = server.feed.stream(VIEW)
        server.exchange()
        stream.poll(0)
        assert stream.failure
        stream.close()
        server.exchange()
    assert not collector.outlet.newest.keys() & {f"view:{stream.key}"}
    other = HandServer(collector, "two")
    later = Viewer(other.feed.stream(VIEW))
    other.exchange()
    assert shows_the_newest(later, collector)


def test_an_answer_that_got_lost_is_asked_for_again(server: HandServer, collector: HandCollector) -> None:
    stream = server.feed.stream(VIEW)
    server.exchange()
    now_ns = collector.feed.clock.now_ns()
    look = stream.look(Range(now_ns - NS_PER_SECOND, now_ns + NS_PER_SECOND, 90.0, 110.0, 300), lambda: None)
    for seconds, is_answered in ((1, False), (4, False), (1, True)):
        server.say_wants()
        collector.run()
        if not is_answered:
            server.inlet.waiting.clear()
        server.take()
        collector.feed.clock.advance(seconds=seconds)
        look.ask(collector.feed.clock.monotonic_ns())
    server.exchange()
    assert isinstance(look.take(), bytes)
    look.close()
    assert not server._wanted._looks


def test_after_a_connection_was_lost_all_is_asked_for_anew_though_nothing_new_comes(
    server: HandServer, collector: HandCollector
) -> None:
    stream = server.feed.stream(VIEW)
    server.say_wants()
    collector.run()
    server.inlet.waiting.clear()  # and with it the whole
    collector.feed.clock.advance(seconds=0.2)
    server.exchange()
    stream.poll(0)
    assert stream.generation
    assert not stream.is_lacking
    now_ns = collector.feed.clock.now_ns()
    look = stream.look(Range(now_ns - 2, now_ns + 2, 90.0, 110.0, 300), lambda: None)
    server.exchange()
    look.take()
    server._lost()
    collector.feed.clock.advance(seconds=0.2)
    server.exchange()
    assert isinstance(look.take(), bytes)


def test_what_is_told_twice_changes_nothing(server: HandServer, collector: HandCollector) -> None:
    viewer = Viewer(server.feed.stream(VIEW))
    heard: list[bytes] = []
    for each in (collector, HandCollector(collector.feed)):
        server.connect(each)
        for _ in range(20):
            go_on(collector.feed, 0.1)
            server.say_wants()
            each.run()
            heard += server.inlet.waiting
            server.take()
            viewer.look()
    for message in heard:
        server.inlet.receive(message)
    assert shows_the_newest(viewer, each)
    late = Viewer(viewer.stream)
    assert shows_the_newest(late, each)


def test_a_feed_that_a_new_collector_has_not_is_shown_no_more(server: HandServer, collector: HandCollector) -> None:
    other = FakeFeed("sensors")
    other.trade("BTC", 1.0)
    server.connect(HandCollector(other))
    server.exchange()
    assert [feed.name for feed in server] == ["sensors"]


def test_who_comes_late_to_a_quiet_source_gets_its_figures_though_what_was_kept_is_gone(
    server: HandServer, collector: HandCollector
) -> None:
    server.feed.snapshot("last", "trades")
    server.exchange()
    collector.outlet.newest.clear()
    collector.feed.clock.advance(seconds=6)
    late = HandServer(collector, "late")
    late.feed.snapshot("last", "trades")
    late.exchange()
    collector.feed.clock.advance(seconds=1)
    late.exchange()
    assert late.feed.dictionary.names == ("BTC",)
    assert late.feed.snapshot("last", "trades") is not None


def test_names_that_become_more_and_more_are_told_only_so_often(server: HandServer, collector: HandCollector) -> None:
    said: list[str] = []
    publish = collector.outlet.publish
    collector.outlet.publish = lambda topic, message: (said.append(topic), publish(topic, message))
    collector.feed.dictionary.encode([f"S{number}" for number in range(60_000)])
    for number in range(100):
        collector.feed.clock.advance(seconds=0.02)
        collector.feed.dictionary.encode_one(f"T{number}")
        collector.run()
    assert 1 <= said.count("names:market") <= 2


def test_a_silent_collector_is_not_asked_for_rows(server: HandServer, collector: HandCollector) -> None:
    stream = server.feed.stream(VIEW)
    collector.feed.clock.advance(seconds=4)
    asked: list[bytes] = []
    server.inlet.ask = asked.append
    assert stream.row_at(0, 1.0) == {}
    assert not asked
    server.take()


def test_rows_that_nobody_waits_for_any_more_do_not_pile_up(server: HandServer, collector: HandCollector) -> None:
    stream, waiting = server.feed.stream(VIEW), []
    server.exchange()
    collector._rows._workers.submit = waiting.append
    for call in range(1_000):
        collector.receive(encode(RowWanted("one", call, stream.key, None, 0, 1.0)))
    assert len(waiting) == 64
    for find in waiting:
        find()
    collector.run()
    collector.receive(encode(RowWanted("one", 5, stream.key, None, 0, 1.0)))
    assert len(waiting) == 65


def test_a_thousand_viewers_who_come_and_go_leave_nothing_behind(server: HandServer, collector: HandCollector) -> None:
    for number in range(1_000):
        stream = server.feed.stream(VIEW)
        look = stream.look(Range(number, NS_PER_SECOND, 0.0, 1.0, 300), lambda: None)
        if number % 50 == 0:
            server.exchange()
        look.close()
        stream.close()
    server.exchange()
    assert not server._wanted._streams
    assert not server._wanted._looks
    assert not server._calls
    assert not collector._views
    assert all(not each.looks and not each.refused for each in collector._servers.values())
