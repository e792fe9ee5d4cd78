"""What a viewer sees: the live view, or what they zoomed to."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pipelines.core.clock import NS_PER_SECOND as S
from pipelines.live.explore.request import ExploreRequest
from pipelines.views.ticks.lens import Lens, Viewport
from tests.live.hand_feed import NOON_NS, HandFeed


@pytest.fixture
def feed() -> HandFeed:
    feed = HandFeed(symbols=("BTC", "ETH"))
    feed.add(NOON_NS - np.arange(600)[::-1] * S // 10, 100 + np.arange(600) / 10)
    feed.add([NOON_NS], [2_500.0], symbol="ETH")
    return feed


def lens_on(feed: HandFeed, **options: Any) -> Lens:
    look: dict[str, Any] = {"key": "BTC", "span_ns": 60 * S, "look": "points", "zone": "UTC"}
    return Lens(feed, kind="trades", value="price", clock=feed.clock, **look | options)


def test_it_shows_the_frame_of_the_live_view_and_tells_when_there_is_another(feed: HandFeed) -> None:
    lens = lens_on(feed)
    assert lens.advance()
    shown = lens.picture()
    assert shown is not None
    assert np.count_nonzero(shown.codes) > 300
    assert not lens.advance()
    feed.clock.advance(seconds=1)
    feed.add([feed.clock.now_ns()], [101.0])
    assert lens.advance()


def test_two_viewers_of_the_same_share_one_view(feed: HandFeed) -> None:
    one, two = lens_on(feed), lens_on(feed)
    one.advance()
    two.advance()
    assert len(feed.views) == 1
    one.close()
    two.close()
    feed.clock.advance(seconds=31)
    feed.publish()
    assert len(feed.views) == 0


@pytest.mark.parametrize(
    ("width_px", "n_columns"), [(299, 224), (447, 224), (448, 448), (894, 448), (895, 895), (5_000, 1_789)]
)
def test_the_canvas_has_no_more_columns_than_the_screen(feed: HandFeed, width_px: int, n_columns: int) -> None:
    lens = lens_on(feed)
    lens.width_px = width_px
    lens.advance()
    shown = lens.picture()
    assert shown is not None
    assert shown.canvas.n_columns == n_columns


def test_a_viewport_is_answered_with_all_rows_that_the_feed_keeps(feed: HandFeed) -> None:
    lens = lens_on(feed, span_ns=10 * S)
    lens.advance()
    lens.picture()
    lens.look_at(Viewport(NOON_NS - 50 * S, NOON_NS - 40 * S, (100.0, 130.0)))
    assert lens.advance()
    shown = lens.picture()
    assert shown is not None
    assert shown.canvas.start_ns <= NOON_NS - 50 * S < NOON_NS - 40 * S <= shown.canvas.end_ns
    assert np.count_nonzero(shown.codes) >= 100
    assert not lens.advance()
    lens.look_at(None)
    assert lens.advance()


def test_rows_that_come_into_a_viewport_are_seen_and_others_change_nothing(feed: HandFeed) -> None:
    lens = lens_on(feed)
    lens.advance()
    lens.picture()
    lens.look_at(Viewport(NOON_NS - 50 * S, NOON_NS - 40 * S, (100.0, 130.0)))
    lens.advance()
    lens.picture()
    feed.clock.advance(seconds=1)
    feed.add([NOON_NS + S], [100.0])
    assert not lens.advance()
    feed.add([NOON_NS - 45 * S], [129.0])
    assert lens.advance()


def test_an_answer_to_an_earlier_question_is_not_shown(feed: HandFeed, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(feed.explorer, "ask", lambda *question: asked.append(question) or True)
    lens = lens_on(feed)
    lens.advance()
    shown = lens.picture()
    lens.look_at(Viewport(NOON_NS - 50 * S, NOON_NS - 40 * S, (100.0, 130.0)))
    assert not lens.advance()
    lens.look_at(Viewport(NOON_NS - 20 * S, NOON_NS - 19 * S, (100.0, 130.0)))
    assert not lens.advance()
    (_, first, deliver), (_, second, _) = asked
    assert isinstance(first, ExploreRequest)
    monkeypatch.undo()
    feed.explorer.ask(0, first, deliver)
    assert not lens.advance()
    feed.explorer.ask(0, second, deliver)
    assert lens.advance()
    later = lens.picture()
    assert shown is not None
    assert later is not None
    assert later.canvas.column_log2 < shown.canvas.column_log2


def test_where_there_is_no_room_for_another_view_it_says_so(feed: HandFeed) -> None:
    feed.views._memory_bytes = 0
    lens = lens_on(feed)
    assert not lens.advance()
    assert "--memory" in lens.trouble
    assert lens.picture() is None


def test_the_axis_moves_on_with_the_day_while_it_follows(feed: HandFeed) -> None:
    lens = lens_on(feed)
    lens.advance()
    assert lens.picture() is not None
    origin_ns = lens.axis.origin_ns
    feed.clock.advance(seconds=5 * 86_400)
    feed.add([feed.clock.now_ns()], [100.0])
    lens.advance()
    shown = lens.picture()
    assert shown is not None
    assert shown.axis.origin_ns == origin_ns + 5 * 86_400 * S


@pytest.mark.parametrize("y_range", [(100.0, 100.0), (100.0, 100.0 + 1e-12), (-1e301, 1e301)])
def test_a_viewport_that_nothing_can_be_drawn_on_is_explained(feed: HandFeed, y_range: tuple[float, float]) -> None:
    lens = lens_on(feed)
    lens.advance()
    lens.picture()
    lens.look_at(Viewport(NOON_NS - S, NOON_NS, y_range))
    assert not lens.advance()
    assert "range of values" in lens.trouble
    lens.look_at(Viewport(NOON_NS - S, NOON_NS, (100.0, 200.0)))
    assert lens.advance()
    assert lens.trouble == ""


def test_a_view_that_had_no_room_or_failed_is_tried_again(feed: HandFeed) -> None:
    feed.views._memory_bytes = 0
    lens = lens_on(feed)
    assert not lens.advance()
    feed.views._memory_bytes = 1 << 30
    assert not lens.advance()
    feed.clock.advance(seconds=1.1)
    assert lens.advance()
    assert lens.trouble == ""
    assert lens.picture() is not None
    lens._subscription._view.failure = "ValueError: poisoned"
    feed.views._entries.clear()  # as the views do with one that failed
    lens._retry_ns = feed.clock.monotonic_ns() + 1
    lens.advance()
    assert lens.trouble == "ValueError: poisoned"
    feed.clock.advance(seconds=1.1)
    lens.advance()
    assert lens.trouble == ""
