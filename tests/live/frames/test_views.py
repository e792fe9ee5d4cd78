"""Which views exist, what they have read, and when they are drawn."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from pipelines.core.clock import NS_PER_SECOND as S
from pipelines.core.errors import SpecError
from pipelines.core.spec import ViewSpec
from tests.live.frames.stage import BTC, ETH, Stage
from tests.live.hand_feed import NOON_NS


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_a_view_is_drawn_once_for_all_who_look_at_it(stage: Stage) -> None:
    stage.feed.add([NOON_NS], [1.0])
    first, second = stage.views.subscribe(BTC), stage.views.subscribe(BTC)
    assert first.frame is None
    assert stage.step()
    assert first.frame is second.frame
    assert len(stage.drawings) == len(stage.views) == 1


def test_it_reads_every_row_of_its_key_once(stage: Stage) -> None:
    stage.feed.add([NOON_NS] * 3, [1.0, 2.0, 3.0])
    stage.feed.add([NOON_NS], [99.0], symbol="ETH")
    stage.views.subscribe(BTC)
    stage.step()
    stage.feed.add([NOON_NS - 1, NOON_NS], [4.0, 5.0])
    stage.step()
    stage.step()
    assert stage.drawings[0].prices == [1, 2, 3, 4, 5]


def test_a_key_that_comes_later_is_shown_from_its_first_row(stage: Stage) -> None:
    later = ViewSpec("feed", "trades", "SOL", "price", span_ns=60 * S)
    subscription = stage.views.subscribe(later)
    assert not stage.step()
    stage.feed.dictionary.encode(["SOL"])
    assert not stage.step()
    stage.feed.add([NOON_NS], [7.0], symbol="SOL")
    assert stage.step()
    assert subscription.frame is not None


def test_without_new_rows_and_with_a_standing_edge_there_is_no_new_frame(stage: Stage) -> None:
    stage.feed.add([NOON_NS], [1.0])
    subscription = stage.views.subscribe(BTC)
    stage.views.step(NOON_NS)
    frame = subscription.frame
    stage.feed.clock.advance(seconds=1)
    assert not stage.views.step(NOON_NS)
    assert subscription.frame is frame
    assert stage.views.step(NOON_NS + S)
    assert subscription.frame is not frame


def test_frames_are_at_most_thirty_a_second(stage: Stage) -> None:
    stage.views.subscribe(BTC)
    n_frames = 0
    for number in range(100):
        stage.feed.add([NOON_NS + number], [1.0])
        n_frames += stage.step(seconds=0.01)
    assert 28 <= n_frames <= 31
    stage.step()
    assert len(stage.drawings[0].prices) == 100


def test_a_column_tells_when_it_last_changed(stage: Stage) -> None:
    stage.feed.add([NOON_NS], [1.0])
    subscription = stage.views.subscribe(BTC)
    stage.views.step(NOON_NS)
    for number in range(1, 3):
        stage.feed.clock.advance(seconds=0.05)
        stage.feed.add([NOON_NS], [1.0])
        stage.views.step(NOON_NS)
        assert subscription.frame is not None
        assert subscription.frame.generations.tolist() == [1, 1 + number]
    stage.feed.clock.advance(seconds=0.05)
    stage.views.step(NOON_NS + S)  # scrolled by a column
    assert subscription.frame.generations.tolist() == [3, 4]


def test_a_better_drawing_takes_over_when_it_has_caught_up(stage: Stage) -> None:
    stage.feed.add([NOON_NS] * 2, [1.0, 2.0])
    subscription = stage.views.subscribe(BTC)
    stage.step()
    stage.drawings[0].wants_rebuild = True
    stage.feed.add([NOON_NS], [3.0])
    assert stage.step()
    assert [drawing.prices for drawing in stage.drawings] == [[1, 2, 3], [1, 2, 3]]
    assert subscription.frame is not None
    assert subscription.frame.generations.tolist() == [3, 3]
    stage.feed.add([NOON_NS], [4.0])
    stage.step()
    assert [drawing.prices for drawing in stage.drawings] == [[1, 2, 3], [1, 2, 3, 4]]
    assert subscription.frame is not None
    assert subscription.frame.generation == 4


def test_a_view_is_kept_for_half_a_minute_after_its_last_subscriber(stage: Stage) -> None:
    stage.feed.add([NOON_NS], [1.0])
    first, second = stage.views.subscribe(BTC), stage.views.subscribe(BTC)
    first.close()
    first.close()
    stage.step(seconds=100)
    assert len(stage.views) == 1
    second.close()
    stage.step(seconds=29)
    with stage.views.subscribe(BTC) as back:
        assert back.frame is not None
    stage.step(seconds=29)
    assert len(stage.views) == 1
    stage.step(seconds=2)
    assert len(stage.views) == 0


def test_memory_is_taken_from_views_that_nobody_looks_at_and_else_refused() -> None:
    stage = Stage(memory_bytes=1_500)
    stage.feed.add([NOON_NS], [1.0])
    stage.feed.add([NOON_NS], [1.0], symbol="ETH")
    shorter, longer = (replace(ETH, span_ns=span_ns) for span_ns in (S, 90 * S))
    with stage.views.subscribe(BTC):
        stage.step()
        stage.views.subscribe(ETH).close()
        stage.step()
        with stage.views.subscribe(shorter):
            assert len(stage.views) == 2
            stage.step()
            with pytest.raises(SpecError, match="--memory"):
                stage.views.subscribe(longer)
        stage.views.subscribe(longer)


def test_a_kind_that_the_feed_has_not_is_refused(stage: Stage) -> None:
    with pytest.raises(SpecError, match="no quotes: there are trades"):
        stage.views.subscribe(ViewSpec("feed", "quotes", "BTC", "bid"))


def test_a_view_that_fails_says_why_and_leaves_the_others_alone(stage: Stage) -> None:
    stage.feed.add([NOON_NS], [1.0])
    stage.feed.add([NOON_NS], [2.0], symbol="ETH")
    btc, eth = stage.views.subscribe(BTC), stage.views.subscribe(ETH)
    stage.step()
    stage.drawings[0].poisoned = True
    stage.feed.add([NOON_NS], [1.0])
    stage.feed.add([NOON_NS], [2.0], symbol="ETH")
    assert stage.step()
    assert stage.errors == ["view of trades: poisoned"]
    assert btc.failure == "ValueError: poisoned"
    assert not eth.failure
    assert len(stage.drawings[1].prices) == 2
    assert len(stage.drawings) == 2
    again = stage.views.subscribe(BTC)
    stage.step()
    assert again.frame is not None
    btc.close()
    assert len(stage.views) == 2


def test_a_view_that_fails_when_another_has_taken_its_place_leaves_that_one_alone() -> None:
    stage = Stage()
    stage.feed.add([NOON_NS], [1.0])
    stage.views.subscribe(BTC).close()
    stage.step()
    replaced: list[Any] = []

    def fail() -> None:
        stage.views._memory_bytes = 1
        stage.views.subscribe(ETH).close()  # which takes the room of the one that is being drawn
        stage.views._memory_bytes = 1 << 30
        replaced.append(stage.views.subscribe(BTC))
        raise ValueError("poisoned")

    stage.drawings[0].draw = fail
    stage.feed.add([NOON_NS], [2.0])
    stage.step()
    assert stage.errors
    stage.step()
    assert replaced[0].frame is not None
