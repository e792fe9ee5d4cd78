"""What the hover says of a place."""

from __future__ import annotations

import numpy as np
import pytest

from pipelines.core.clock import NS_PER_SECOND as S
from pipelines.core.clock import SystemClock
from pipelines.views.ticks.hover import row_under
from pipelines.views.ticks.lens import Lens, Shown
from tests.live.hand_feed import NOON_NS, HandFeed


def looked_at(feed: HandFeed, look: str) -> tuple[Lens, Shown]:
    options = {"key": "BTC", "span_ns": 60 * S, "look": look, "zone": "UTC"}
    lens = Lens(feed, kind="trades", value="price", clock=SystemClock(), **options)
    assert lens.advance()
    shown = lens.picture()
    assert shown is not None
    return lens, shown


@pytest.fixture
def feed() -> HandFeed:
    feed = HandFeed()
    feed.add(NOON_NS - np.arange(40)[::-1] * S, 100 + np.arange(40) / 10)
    feed.add([NOON_NS - 20 * S] * 3, [250.25, 250.25, 250.25])
    return feed


def test_a_spike_tells_its_raw_row_and_how_many_rows_are_in_its_cell(feed: HandFeed) -> None:
    lens, shown = looked_at(feed, "points")
    said = row_under(shown, lens.series, NOON_NS - 20 * S, 250.25)
    assert said == {"time": str(NOON_NS - 20 * S), "value": "250.25", "cell": "count: 3"}


def test_a_point_is_found_where_it_is_widened_to_and_no_further(feed: HandFeed) -> None:
    lens, shown = looked_at(feed, "points")
    column_ns, pitch = shown.canvas.column_ns, shown.canvas.pitch
    beside = row_under(shown, lens.series, NOON_NS - 20 * S - column_ns, 250.25 - pitch)
    assert beside["value"] == "250.25"
    assert row_under(shown, lens.series, NOON_NS - 20 * S, 250.25 - 3 * pitch) == {}


def test_a_line_tells_the_row_of_the_column_that_is_nearest(feed: HandFeed) -> None:
    lens, shown = looked_at(feed, "line")
    assert row_under(shown, lens.series, NOON_NS - 20 * S, 240.0) == {
        "time": str(NOON_NS - 20 * S),
        "value": "250.25",
        "cell": "rows in this column: 4",
    }
    assert row_under(shown, lens.series, NOON_NS - 20 * S, 99.0)["value"] == "101.9"
