from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.live import feeds
from pipelines.live.feeds import open_feed, process_feeds
from tests.recorded import write_recording
from tests.waiting import wait_until

URL = "sim://market?rate=2000&symbols=3&seed=1&name=of-test"


@pytest.fixture(autouse=True)
def fresh_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No feed of this process yet; in the end none is left running."""
    opened: dict[str, feeds.Feed] = {}
    monkeypatch.setattr(feeds, "_opened", opened)
    monkeypatch.setattr(feeds, "_feeds", None)
    yield
    for feed in [*opened.values(), *(feeds._feeds or ())]:
        feed.stop()


def n_sources() -> int:
    return sum(thread.name == "source of-test" for thread in threading.enumerate())


def test_a_cell_that_is_run_five_times_leaves_one_source() -> None:
    first = open_feed(URL)
    assert all(open_feed(URL) is first for _ in range(5))
    wait_until(lambda: first.status().ledger.total.stored)
    assert n_sources() == 1


def test_a_feed_that_is_declared_otherwise_takes_the_place_of_the_old_one() -> None:
    first = open_feed(URL)
    second = open_feed(URL, window="1m")
    assert second is not first
    assert first.status().source.state == "stopped"
    assert n_sources() == 1


def test_all_sessions_share_the_feeds_that_the_environment_declares(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(feeds.SOURCE_VARIABLE, f"{URL} sim://market?rate=10&name=other")
    monkeypatch.setenv(feeds.WINDOW_VARIABLE, "7m")
    shared = process_feeds()
    assert process_feeds() is shared
    assert [feed.name for feed in shared] == ["of-test", "other"]
    assert shared["other"].spec.retention.window_ns == 420_000_000_000
    assert n_sources() == 1
    history = wait_until(lambda: shared["of-test"].status().ledger.total.stored)
    assert process_feeds()["of-test"].status().ledger.total.stored >= history


def test_a_picture_of_a_stream_that_ended_shows_its_end_whenever_it_is_opened(tmp_path: Path) -> None:
    feed = open_feed(f"file://{write_recording(tmp_path / 'r.gz')}?format=binance&kind=trades&speed=0")
    wait_until(lambda: feed.status().source.state == "ended" and feed.status().ledger.n_messages == 3_000)
    newest_ns = feed.tables["trades"].newest_ns
    assert newest_ns is not None
    assert newest_ns <= feed.shown_edge_ns() <= newest_ns + 1_000_000_000


def test_a_feed_that_is_stopped_keeps_what_it_stored_and_goes_on() -> None:
    feed = open_feed(URL)
    wait_until(lambda: feed.status().window_records["trades"])
    feed.stop()
    kept = feed.status().window_records["trades"]
    assert kept > 0
    feed.start()
    wait_until(lambda: feed.status().window_records["trades"] > kept)
    assert feed.status().ledger.total.unaccounted == 0
