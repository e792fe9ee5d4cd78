"""One row among ten million is seen, wherever one looks from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from pipelines.aggregates.canvas import Canvas
from pipelines.core.batch import Batch
from pipelines.core.clock import NS_PER_SECOND as S
from pipelines.core.schema import TRADES
from pipelines.core.spec import CANVAS_COLUMNS, ViewSpec
from pipelines.live.explore.request import ExploreRequest
from pipelines.live.explore.ways import Ways
from tests.live.hand_feed import NOON_NS, HandFeed

N_ROWS = 10_000_000
SPAN_NS = 1_000 * S
SPIKE = 3_456_789
SPIKE_NS = NOON_NS - SPAN_NS + SPIKE * (SPAN_NS // N_ROWS)
LOOKS: list[dict[str, Any]] = [{}, {"glyph": "line", "reduction": "any"}]


@pytest.fixture(scope="module")
def feed() -> Iterator[HandFeed]:
    feed = HandFeed()
    random = np.random.default_rng(1)
    for first in range(0, N_ROWS, 1_000_000):
        rows = np.arange(first, first + 1_000_000)
        columns = {
            "time": NOON_NS - SPAN_NS + rows * (SPAN_NS // N_ROWS),
            "symbol": np.zeros(len(rows), np.int32),
            "price": np.where(rows == SPIKE, 900.0, random.integers(9_900, 10_100, len(rows)) / 100),
            "size": np.ones(len(rows)),
            "side": np.ones(len(rows), np.int8),
        }
        feed.tables["trades"].append(Batch(TRADES, columns))
    feed.clock.advance(seconds=1)
    yield feed
    feed.tables.clear()


def is_seen(canvas: Canvas, codes: np.ndarray) -> bool:
    scale, translation = canvas.y_transform
    return bool(codes[canvas.column_of(SPIKE_NS) - canvas.first_column, int(900.0 * scale + translation)])


@pytest.mark.parametrize("n_columns", CANVAS_COLUMNS)
@pytest.mark.parametrize("look", LOOKS, ids=["points", "line"])
def test_a_spike_is_seen_in_a_live_view(feed: HandFeed, look: dict[str, Any], n_columns: int) -> None:
    spec = ViewSpec("feed", "trades", "BTC", "price", span_ns=SPAN_NS + S, n_columns=n_columns, **look)
    with feed.views.subscribe(spec) as subscription:
        frame = subscription.frame
    assert frame is not None
    assert frame.progress == 1.0
    assert is_seen(frame.canvas, frame.codes)
    assert frame.value_range[1] > 900


@pytest.mark.parametrize("look", LOOKS, ids=["points", "line"])
def test_a_spike_is_seen_at_every_zoom(feed: HandFeed, look: dict[str, Any]) -> None:
    series, ways = feed.tables["trades"].series(0), Ways()
    span_ns = SPAN_NS
    while span_ns > 1_000:
        start_ns = SPIKE_NS - span_ns // 3
        request = ExploreRequest("trades", "BTC", "price", start_ns, start_ns + span_ns, **look)
        for answer in ways.draw(request.snapped(), series):
            assert is_seen(answer.canvas, answer.codes)
        span_ns //= 4
