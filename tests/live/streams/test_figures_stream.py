from __future__ import annotations

import pytest

from pipelines.core.clock import NS_PER_SECOND
from pipelines.core.errors import SpecError
from pipelines.core.spec import FiguresSpec
from pipelines.live.streams.figures_stream import FiguresStream
from pipelines.live.streams.stream import Range
from pipelines.sources.contract import SourceStatus
from tests.live.wire.bars_and_rows import ShownFigures
from tests.views.fakes import START_NS, FakeFeed


def told(stream: FiguresStream, shown: ShownFigures, now_s: float) -> dict[str, object]:
    """Poll at a time, and return the names and values that are told."""
    stream.poll(round(now_s * NS_PER_SECOND))
    before = dict(shown.figures)
    if stream.generation > shown.generation:
        for message in stream.messages(shown.generation):
            shown.apply(message)
    return {name: value for name, value in shown.figures.items() if name not in before or before[name] != value}


def test_a_key_has_its_value_its_quote_how_it_moved_and_how_busy_it_is() -> None:
    feed, shown = FakeFeed(), ShownFigures()
    feed.trade("A", 100.0)
    feed.clock.advance(seconds=10)
    feed.trade("A", 101.0)
    feed.trade("B", 9.0)
    feed.quote("A", 100.5, 101.25)
    feed.skew_ns = -7
    told(FiguresStream(feed, FiguresSpec("market", "A")), shown, 0)
    assert shown.figures == {
        "kind": "trades",
        "value": 101.0,
        "bid": 100.5,
        "ask": 101.25,
        "spread": 0.75,
        "change": 1.0,
        "share": 0.01,
        "per_second": shown.figures["per_second"],
        "newest": START_NS + 10 * NS_PER_SECOND,
        "skew": -7,
        "level": "ok",
        "word": "live",
        "why": "127.0.0.1:1883",
    }
    assert 0.1 <= shown.figures["per_second"] <= 0.2


def test_rows_of_another_key_and_time_that_passes_tell_nothing() -> None:
    feed, shown = FakeFeed(), ShownFigures()
    feed.trade("A", 1.0)
    stream = FiguresStream(feed, FiguresSpec("market", "A"))
    told(stream, shown, 0)
    feed.clock.advance(seconds=120)
    assert told(stream, shown, 1).keys() == {"change", "share"}  # of a minute in which nothing came
    feed.trade("B", 1.0)
    feed.clock.advance(seconds=120)
    assert told(stream, shown, 2) == {}
    feed.trade("A", 2.0)
    assert {"value", "newest"} <= told(stream, shown, 3).keys()


def test_a_key_that_never_came_tells_how_the_feed_stands() -> None:
    feed, shown = FakeFeed(), ShownFigures()
    stream = FiguresStream(feed, FiguresSpec("market", ""))
    feed.source = SourceStatus("connecting", "connection refused")
    assert told(stream, shown, 0)["kind"] is None
    assert [shown.figures[name] for name in ("level", "word", "why")] == ["wait", "connecting", "connection refused"]
    feed.source = SourceStatus("connected")
    feed.trade("B", 1.0)
    assert told(stream, shown, 1)["word"] == "live"


def test_a_source_that_is_gone_is_told_though_nothing_comes() -> None:
    feed, shown = FakeFeed(), ShownFigures()
    feed.trade("A", 1.0)
    stream = FiguresStream(feed, FiguresSpec("market", "A"))
    told(stream, shown, 0)
    feed.source = SourceStatus("connecting", "connection lost")
    assert told(stream, shown, 1) == {"level": "wait", "word": "connecting", "why": "connection lost"}


def test_a_sensor_has_no_quote() -> None:
    feed, shown = FakeFeed(kinds=("readings",)), ShownFigures()
    feed.read("boiler", 3.0)
    told(FiguresStream(feed, FiguresSpec("market", "boiler")), shown, 0)
    assert (shown.figures["kind"], shown.figures["value"]) == ("readings", 3.0)
    assert [shown.figures[name] for name in ("bid", "ask", "spread")] == [None] * 3


def test_figures_are_looked_at_five_times_a_second_at_most() -> None:
    feed = FakeFeed()
    stream = FiguresStream(feed, FiguresSpec("market", "A"))
    for now_ms in range(0, 1_000, 20):
        feed.trade("A", now_ms)
        stream.poll(now_ms * 1_000_000)
    assert stream.generation == 5


def test_there_is_no_range_of_figures_to_look_at() -> None:
    with pytest.raises(SpecError, match="no picture"):
        FiguresStream(FakeFeed(), FiguresSpec("market", "A")).look(Range(0, 1, 0.0, 1.0, 300), lambda: None)
