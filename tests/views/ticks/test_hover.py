"""What the hover says."""

from __future__ import annotations

import numpy as np

from pipelines.views.ticks.hover import describe_row, nearest_row
from pipelines.views.ticks.raster import Canvas
from tests.live.hand_feed import NOON_NS

CANVAS = Canvas(NOON_NS, (0.0, 1_000.0), (90.0, 110.0), 100, 200)
TIME_NS = NOON_NS + np.array([500, 501, 500, 900])
VALUE = np.array([100.0, 100.0, 109.0, 100.0])


def test_it_finds_the_row_that_is_drawn_nearest() -> None:
    assert nearest_row(CANVAS, TIME_NS, VALUE, (NOON_NS + 503, 100.02)) == 1
    assert nearest_row(CANVAS, TIME_NS, VALUE, (NOON_NS + 497, 99.98)) == 0
    assert nearest_row(CANVAS, TIME_NS, VALUE, (NOON_NS + 510, 108.8)) == 2


def test_it_finds_nothing_where_nothing_is_near() -> None:
    assert nearest_row(CANVAS, TIME_NS, VALUE, (NOON_NS + 700, 100.0)) is None
    assert nearest_row(CANVAS, TIME_NS, VALUE, (NOON_NS + 500, 104.0)) is None
    assert nearest_row(CANVAS, TIME_NS[:0], VALUE[:0], (NOON_NS, 100.0)) is None


def test_of_equal_rows_the_last_is_told() -> None:
    assert nearest_row(CANVAS, TIME_NS[[0, 0]], VALUE[[0, 0]], (NOON_NS + 500, 100.0)) == 1


def test_it_names_the_aggregation_and_loses_no_digit() -> None:
    assert describe_row(NOON_NS + 1, 60123.45, 1_234, "points") == {
        "time": "1723118400000000001",
        "value": "60,123.45",
        "cell": "count: 1,234",
    }
    assert describe_row(NOON_NS, 0.1 + 0.2, 1, "line")["value"] == "0.30000000000000004"
    assert describe_row(NOON_NS, 1.0, 1, "line")["cell"] == "any: line"
