from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from bokeh.document import Document
from bokeh.document.events import ColumnDataChangedEvent, ColumnsPatchedEvent, ColumnsStreamedEvent, ModelChangedEvent
from bokeh.models import ColumnDataSource
from hypothesis import given
from hypothesis import strategies as st

from pipelines.core.clock import NS_PER_SECOND
from pipelines.views.candles.columns import (
    Columns,
    bring_up_to_date,
    candle_columns,
    n_decimals_of,
    wall_seconds,
)
from pipelines.views.candles.key_bars import KeyBars
from tests.views.candles.bar_feed import BarFeed

START = 1_723_118_400


class Sent:
    """A source in a document, and what is sent of it."""

    def __init__(self) -> None:
        self.source = ColumnDataSource(data={})
        self.events: list[Any] = []
        document = Document()
        document.add_root(self.source)
        document.on_change(self.events.append)

    def show(self, columns: Columns) -> list[type]:
        """Bring it up to date, and return which kinds of events went out."""
        self.events.clear()
        is_new = bring_up_to_date(self.source, columns)
        assert is_new == bool(self.events)
        for name, column in columns.items():
            np.testing.assert_array_equal(self.source.data[name], column, err_msg=name)
        return [type(event) for event in self.events]


def columns_of(feed: BarFeed, bars: KeyBars) -> Columns:
    bars.update()
    return candle_columns(bars.candles, bars.first_ordinal, "UTC", 1)


def test_of_the_forming_bar_only_what_changed_is_sent() -> None:
    feed, sent = BarFeed(), Sent()
    bars = KeyBars(feed, kind="trades", code=0, period="1s")
    feed.add(START + np.arange(50), 10.0)
    sent.show(columns_of(feed, bars))
    feed.add(START + 49.5, 10.0)
    assert sent.show(columns_of(feed, bars)) == [ColumnsPatchedEvent]
    assert sent.events[0].patches == {"volume": [(49, 2.0)], "buys": [(49, 2.0)], "count": [(49, 2)]}


def test_a_new_bar_is_streamed() -> None:
    feed, sent = BarFeed(), Sent()
    bars = KeyBars(feed, kind="trades", code=0, period="1s", max_bars=50)
    feed.add(START + np.arange(50), 10.0)
    sent.show(columns_of(feed, bars))
    feed.add([START + 49.5, START + 50], 10.0)
    assert sent.show(columns_of(feed, bars)) == [ColumnsPatchedEvent, ColumnsStreamedEvent]
    assert [len(column) for column in sent.events[1].data.values()] == [1] * len(sent.source.data)


def test_nothing_is_sent_where_nothing_changed() -> None:
    feed, sent = BarFeed(), Sent()
    bars = KeyBars(feed, kind="trades", code=0, period="1s")
    feed.add(START, 10.0, size=0.0)  # without a VWAP, which is not a number
    sent.show(columns_of(feed, bars))
    assert sent.show(columns_of(feed, bars)) == []


def test_a_bar_that_comes_between_others_sends_all() -> None:
    feed, sent = BarFeed(), Sent()
    bars = KeyBars(feed, kind="trades", code=0, period="1s")
    feed.add([START, START + 2], 10.0)
    sent.show(columns_of(feed, bars))
    feed.add(START + 1, 11.0)
    assert sent.show(columns_of(feed, bars)) in ([ModelChangedEvent], [ColumnDataChangedEvent])


@given(st.lists(st.tuples(st.floats(-3, 6), st.integers(1, 9)), min_size=1, max_size=30))
def test_whatever_comes_the_browser_has_the_bars(steps: list[tuple[float, int]]) -> None:
    feed, sent, second = BarFeed(), Sent(), float(START)
    bars = KeyBars(feed, kind="trades", code=0, period="1s", max_bars=6)
    for step, price in steps:
        second += step
        feed.add(second, price)
        sent.show(columns_of(feed, bars))


def test_patching_the_browsers_bars_leaves_ours() -> None:
    feed, sent = BarFeed(), Sent()
    bars = KeyBars(feed, kind="trades", code=0, period="1s")
    feed.add(START, 10.0)
    sent.show(columns_of(feed, bars))
    before = bars.candles
    feed.add(START, 12.0)
    sent.show(columns_of(feed, bars))
    assert before.close.tolist() == [10.0]


def test_the_noise_of_adding_is_not_shown() -> None:
    feed = BarFeed()
    bars = KeyBars(feed, kind="trades", code=0, period="1s")
    feed.add([START] * 3, 10.0, size=0.1)
    assert columns_of(feed, bars)["volume"].tolist() == [0.3]


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", "America/New_York"])
def test_times_are_those_of_clocks_on_the_wall(zone: str) -> None:
    fall = int(datetime(2024, 11, 3, 5, tzinfo=UTC).timestamp())  # New York sets its clocks back an hour later
    times = (fall + np.arange(0, 3 * 3_600, 600)) * NS_PER_SECOND
    shown = [datetime.fromtimestamp(wall, UTC).strftime("%d %H:%M") for wall in wall_seconds(times, zone).tolist()]
    clocks = [datetime.fromtimestamp(ns // NS_PER_SECOND, ZoneInfo(zone)) for ns in times.tolist()]
    assert shown == [clock.strftime("%d %H:%M") for clock in clocks]


@pytest.mark.parametrize(
    ("values", "n_decimals"), [([1.0, 200.0], 0), ([61_800.1, 2.25], 2), ([0.1 + 0.2], 1), ([1 / 3], 8)]
)
def test_values_have_the_decimals_that_they_need(values: list[float], n_decimals: int) -> None:
    assert n_decimals_of(np.array(values)) == n_decimals
