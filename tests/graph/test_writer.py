from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from streamz import Stream

from pipelines.core.batch import Batch
from pipelines.core.clock import NS_PER_SECOND as S
from pipelines.core.clock import ManualClock
from pipelines.core.ledger import KindCounts, Ledger
from pipelines.core.spec import AggregateSpec, FeedSpec, Retention
from pipelines.graph.build import Graph, build
from pipelines.graph.context import Context
from pipelines.graph.skew import SkewEstimate
from pipelines.graph.writer import Writer
from pipelines.store.table import Table
from tests.batches import readings
from tests.graph.fakes import ListDecoder, ListSource, numbered
from tests.waiting import wait_until

NOW = 1_700_000_000 * S

LARGE = b"x" * (1 << 20)

MEANINGS: dict[bytes, Any] = {
    b"good": readings([NOW, NOW + 1], key=[0, 1]),
    b"named": readings([NOW, NOW + 1], identity=[1, 2]),
    b"late": readings([NOW - 100 * S]),
    b"far": readings([NOW + 9_000 * S]),
    b"poison": "no reading in it",
    b"bug": ZeroDivisionError("a bug in the decoder"),
    b"full": MemoryError("nothing left"),
    LARGE: readings([NOW]),
}


class Feed:
    """A graph over a source in memory, run in the test's own thread."""

    def __init__(self) -> None:
        self.source = ListSource()
        self.spec = FeedSpec(
            self.source.spec,
            Retention(window_ns=60 * S),
            (AggregateSpec("last", "readings"), AggregateSpec("rates", "readings")),
        )
        tables = {table.schema.kind: Table(table) for table in self.spec.tables}
        self.context = Context(ManualClock(NOW), Ledger(), tables, SkewEstimate())
        self.graph: Graph = build(self.spec, self.context, ListDecoder(MEANINGS))
        self.published = threading.Event()
        self.writer = Writer(
            source=self.source,
            graph=self.graph,
            context=self.context,
            coalesce_ns=1,
            prepare=lambda: None,
            publish=self.publish,
            patience_s=lambda: 0.25,
        )

    def publish(self) -> None:
        self.context.ledger.publish()
        self.published.set()

    def write(self, *payloads: bytes) -> None:
        self.writer.write(numbered(*payloads))
        self.publish()

    @property
    def counts(self) -> KindCounts:
        return self.context.ledger.snapshot.total

    @property
    def released(self) -> list[int]:
        return [position.offset for position in self.source.released]


@pytest.fixture
def feed() -> Iterator[Feed]:
    feed = Feed()
    yield feed
    feed.writer.stop()


def test_rows_are_stored_and_reach_the_aggregates(feed: Feed) -> None:
    feed.write(b"good")
    assert feed.counts == KindCounts(received=2, stored=2)
    assert feed.context.tables["readings"].n_rows == 2
    assert feed.graph.aggregates["last", "readings"].snapshot().codes.tolist() == [0, 1]
    assert feed.context.skew.ns == 1


def test_every_record_meets_one_fate(feed: Feed) -> None:
    feed.write(b"good", b"poison")
    feed.write(b"named", b"named")
    feed.write(b"late", b"far")
    assert feed.counts == KindCounts(received=9, stored=4, duplicate=2, late=1, rejected=2)
    assert feed.counts.unaccounted == 0
    reasons = [letter.reason for letter in feed.context.ledger.snapshot.dead_letters]
    assert reasons == ["no reading in it", "event time is over 60 s ahead of the clock"]


def test_positions_are_released_once_the_pass_is_done(feed: Feed) -> None:
    seen: list[int] = []
    sink = feed.graph.rows["readings"].sink(lambda batch: seen.append(len(feed.source.released)))
    feed.write(b"good", b"poison")
    assert seen == [0]
    assert feed.released == [0, 1]
    assert sink is not None


def test_while_passes_take_long_fewer_of_the_messages_that_wait_go_into_one(feed: Feed) -> None:
    passes: list[int] = []

    def take_long(batch: Batch) -> None:
        passes.append(len(batch))
        feed.context.clock.advance(seconds=0.005 * len(batch))

    sink = feed.graph.rows["readings"].sink(take_long)
    for message in numbered(*[LARGE] * 10):
        feed.source.queue.put(message)
    feed.writer.start()
    wait_until(lambda: len(feed.released) == 10)
    assert passes == [4, 2, 1, 1, 1, 1]
    assert sink is not None


def test_a_pass_that_a_node_still_holds_keeps_later_positions_back(feed: Feed) -> None:
    held: list[Any] = []

    class Hold(Stream):
        """Holds the first batch's reference, as an asynchronous node does."""

        def update(self, x: Any, who: Any = None, metadata: Any = None) -> None:
            if not held:
                self._retain_refs(metadata)
                held.extend(metadata)

    node = Hold(feed.graph.rows["readings"])
    feed.writer.write(numbered(b"good", b"good"))
    feed.writer.write(numbered(b"good", first=2))
    assert feed.released == []
    node._release_refs(held)
    assert feed.released == [0, 1, 2]


def test_after_a_poison_message_the_next_arrives(feed: Feed) -> None:
    feed.write(b"poison")
    feed.write(b"bug")
    feed.write(b"good")
    assert feed.counts.stored == 2
    assert feed.counts.rejected == 2
    assert feed.counts.unaccounted == 0
    assert feed.released == [0, 0, 0]
    assert feed.context.faults["decode"].n_errors == 1


def test_a_failing_branch_starves_no_sibling_and_holds_no_position(feed: Feed) -> None:
    def fail(batch: Any) -> None:
        raise KeyError("a user's bug")

    seen: list[int] = []
    nodes = [feed.graph.rows["readings"].sink(fail), feed.graph.rows["readings"].sink(lambda b: seen.append(len(b)))]
    feed.write(b"good")
    feed.write(b"good")
    assert seen == [2, 2]
    assert feed.released == [0, 0]
    assert sum(fault.n_errors for fault in feed.context.faults.values()) == 2
    assert feed.context.stopped_by == ""
    assert nodes


def test_a_failure_behind_a_users_node_holds_no_position_either(feed: Feed) -> None:
    def fail(batch: Any) -> None:
        raise KeyError("a user's bug")

    rows = feed.graph.rows["readings"]
    node = rows.map(lambda batch: batch).map(lambda batch: batch).sink(fail)
    for _ in range(3):
        feed.write(b"good")
    assert feed.released == [0, 0, 0]
    assert node


@pytest.mark.parametrize("attach", ["buffer", "delay", "rate_limit", "timed_window"])
def test_a_users_node_may_need_an_event_loop(feed: Feed, attach: str) -> None:
    seen: list[Any] = []
    arguments = [4] if attach == "buffer" else [0.001]
    node = getattr(feed.graph.rows["readings"], attach)(*arguments).sink(seen.append)
    feed.write(b"good")
    feed.write(b"good")
    wait_until(lambda: seen and feed.released == [0, 0])
    assert feed.context.faults == {}
    assert node


def test_rows_that_a_table_failed_on_are_no_duplicates_when_they_come_again(
    feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(batch: Any) -> None:
        raise OSError("once")

    with monkeypatch.context() as patch:
        patch.setattr(feed.context.tables["readings"], "append", fail)
        feed.write(b"named")
    feed.context.stopped_by = ""
    feed.write(b"named")
    assert feed.counts == KindCounts(received=4, stored=2, rejected=2)


def test_a_step_that_fails_half_way_counts_each_record_once(feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(batch: Any, rows: Any) -> None:
        raise ValueError("no")

    feed.write(b"good")
    monkeypatch.setattr(Batch, "select", fail)
    feed.write(b"late")
    assert feed.counts == KindCounts(received=3, stored=2, rejected=1)


def test_one_message_that_the_decoder_fails_on_costs_no_other(feed: Feed) -> None:
    feed.write(b"good", b"bug", b"good")
    assert feed.counts == KindCounts(received=5, stored=4, rejected=1)
    assert feed.counts.unaccounted == 0


def test_a_table_that_fails_stops_the_feed_and_releases_nothing(feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(batch: Any) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(feed.context.tables["readings"], "append", fail)
    feed.write(b"good")
    assert feed.context.stopped_by == "readings.append: OSError: no space left"
    assert feed.released == []
    assert feed.counts.unaccounted == 0


def test_what_is_fatal_stops_the_feed_whatever_the_policy(feed: Feed) -> None:
    feed.writer.start()
    for message in numbered(b"full"):
        feed.source.queue.put(message)
    wait_until(lambda: feed.source.n_stops == 1)
    assert "nothing left" in feed.context.stopped_by
    assert feed.released == []


def test_fifty_restarts_from_several_threads_leave_one_writer(feed: Feed) -> None:
    def restart() -> None:
        for _ in range(50):
            feed.writer.start()
            feed.writer.stop()

    threads = [threading.Thread(target=restart) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    feed.writer.start()
    feed.writer.start()
    assert [thread.name for thread in threading.enumerate()].count("writer list") == 1
    for message in numbered(b"good"):
        feed.source.queue.put(message)
    wait_until(lambda: feed.released == [0])


def test_no_more_messages_are_waited_for_while_those_that_wait_fill_a_pass(
    feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed.source, "coalesce_messages", 512)
    writer = Writer(
        source=feed.source,
        graph=feed.graph,
        context=feed.context,
        coalesce_ns=3_600 * S,
        prepare=lambda: None,
        publish=feed.publish,
        patience_s=lambda: 3_600.0,
    )
    writer.pass_size.n_bytes = len(LARGE)
    for message in numbered(LARGE, LARGE, LARGE):
        feed.source.queue.put(message)
    writer.start()
    try:
        wait_until(lambda: feed.released == [0, 1, 2])  # one by itself, then two, since that took no time
    finally:
        feed.source.stop()
        writer.stop()


def test_no_longer_is_waited_for_more_messages_than_until_it_is_time_to_publish(
    feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed.source, "coalesce_messages", 2)
    hours = {"coalesce_ns": 3_600 * S, "patience_s": lambda: 0.001}
    writer = Writer(
        source=feed.source,
        graph=feed.graph,
        context=feed.context,
        prepare=lambda: None,
        publish=feed.publish,
        **hours,
    )
    for message in numbered(b"good"):
        feed.source.queue.put(message)
    writer.start()
    wait_until(lambda: feed.released == [0])
    writer.stop()
