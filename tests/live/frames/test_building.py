"""How views share the writer's time, and whose rows are held while they are built."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from pipelines.core.clock import NS_PER_SECOND as S
from pipelines.live.frames.make_drawing import make_drawing
from pipelines.live.frames.views import Views
from tests.batches import trades
from tests.live.frames.stage import BTC, ETH, LONGER_THAN_A_SLICE_NS, MANY, Stage, generations
from tests.live.hand_feed import NOON_NS, HandFeed


def test_a_long_history_is_built_in_slices_and_says_how_far_it_is() -> None:
    stage = Stage()
    subscription = stage.watch("BTC", n_rows=10_000)["BTC"]
    stage.slow_down(LONGER_THAN_A_SLICE_NS)
    progress = []
    while not progress or progress[-1] < 1.0:
        stage.views.step(NOON_NS)
        assert subscription.frame is not None
        progress.append(subscription.frame.progress)
    assert progress == pytest.approx([1 / 3, 2 / 3, 0.99, 1.0])
    assert len(stage.drawings[0].prices) == 10_000


def test_many_views_that_all_change_share_a_slice_and_who_waited_longest_comes_first() -> None:
    stage = Stage(symbols=MANY)
    watched = stage.watch(*MANY)
    stage.step()
    stage.slow_down(S // 1_000)
    before = generations(watched)
    for number in range(1, 31):
        for key in MANY:
            stage.feed.tables["trades"].append(trades([NOON_NS], key=stage.feed.dictionary.find(key)))
        assert stage.step()
        drawn = np.subtract(generations(watched), before)
        assert number <= drawn.sum() <= 4 * number, "more than a slice, or nothing"
        assert drawn.max() - drawn.min() <= 1, "one is drawn again before another"
        assert stage.views.is_behind
    assert drawn.min() >= 5


def test_what_a_slice_left_over_is_drawn_in_the_next_steps_without_new_rows() -> None:
    stage = Stage(symbols=MANY)
    watched = stage.watch(*MANY)
    stage.step()
    assert not stage.views.is_behind
    for key in MANY:
        stage.feed.tables["trades"].append(trades([NOON_NS], key=stage.feed.dictionary.find(key)))
    before = generations(watched)
    stage.slow_down(S // 2_000)
    n_steps = 1
    while stage.views.step(NOON_NS) and stage.views.is_behind:
        n_steps += 1
    assert np.subtract(generations(watched), before).tolist() == [1] * len(MANY)
    assert n_steps > 2


def test_views_that_are_ready_and_views_that_are_built_wait_for_each_other_by_turns() -> None:
    stage = Stage(symbols=MANY)
    ready = stage.watch(*MANY[:8])
    stage.step()
    stage.slow_down(LONGER_THAN_A_SLICE_NS)
    built = stage.watch(*MANY[8:], n_rows=40_960)
    before = generations(ready)
    for number in range(1, 25):
        for key in MANY[:8]:
            stage.feed.tables["trades"].append(trades([NOON_NS], key=stage.feed.dictionary.find(key)))
        stage.views.step(NOON_NS)
        assert np.subtract(generations(ready), before).sum() == number
        assert sum(generations(built)) == number
        assert stage.views.is_behind
    assert np.subtract(generations(ready), before).tolist() == [3] * 8
    assert generations(built) == [6] * 4


def test_few_drawings_are_built_at_a_time_and_all_in_the_end() -> None:
    stage = Stage(symbols=MANY)
    watched = stage.watch(*MANY, n_rows=8_192)
    stage.slow_down(LONGER_THAN_A_SLICE_NS)
    n_open = []
    for _ in range(100):
        stage.views.step(NOON_NS)
        frames = [subscription.frame for subscription in watched.values()]
        n_open.append(sum(frame is not None and frame.progress < 1.0 for frame in frames))
    assert max(n_open) == 4
    assert n_open[-1] == 0
    assert [len(drawing.prices) for drawing in stage.drawings] == [8_192] * len(MANY)


def test_views_without_rows_keep_nobody_from_being_built() -> None:
    stage = Stage(symbols=MANY)
    for key in MANY[:8]:
        stage.views.subscribe(replace(BTC, key=key))
    stage.slow_down(LONGER_THAN_A_SLICE_NS)
    watched = stage.watch("S11", n_rows=8_192)
    for _ in range(9 * 5):
        stage.views.step(NOON_NS)
    assert watched["S11"].frame is not None
    assert watched["S11"].frame.progress == 1.0
    stage.slow_down(0)
    stage.views.step(NOON_NS)
    assert not stage.views.is_behind


@pytest.mark.parametrize("look", [{}, {"glyph": "line", "reduction": "any"}], ids=["points", "line"])
@pytest.mark.parametrize("end", ["rest", "leave", "make room", "fail"])
def test_rows_are_held_for_a_view_that_is_built_and_no_longer(look: dict[str, Any], end: str) -> None:
    stage = Stage(symbols=("BTC", "ETH"), memory_bytes=1 << 28)
    stage.drawing = make_drawing
    stage.feed.add(NOON_NS + np.arange(40_960), np.zeros(40_960))
    subscription = stage.views.subscribe(replace(BTC, **look))
    stage.slow_down(LONGER_THAN_A_SLICE_NS)
    stage.views.step(NOON_NS)
    table = stage.feed.tables["trades"]
    before = stage.views.n_bytes
    rows = weakref.ref(table.series(0).segments[0].wide)
    table.evict(NOON_NS + 7_200 * S)
    assert table.n_rows == 0
    assert rows() is not None
    assert stage.views.n_bytes - before >= 40_960 * 29, "rows that nobody counts"
    match end:
        case "rest":
            stage.views.rest()
            assert stage.views.n_bytes - before < 40_960
        case "leave":
            subscription.close()
            stage.slow_down(S)
            for _ in range(31):
                stage.views.step(NOON_NS)
            assert len(stage.views) == 0
        case "make room":
            subscription.close()
            stage.views._memory_bytes = 1
            stage.views.subscribe(ETH)
            stage.views.step(NOON_NS)
        case "fail":
            stage.drawings[0].draw = None
            stage.views.step(NOON_NS)
            assert stage.errors
    gc.collect()
    assert rows() is None


def test_a_view_that_had_to_rest_while_it_was_built_is_built_anew() -> None:
    stage = Stage()
    subscription = stage.watch("BTC", n_rows=10_000)["BTC"]
    stage.slow_down(LONGER_THAN_A_SLICE_NS)
    stage.views.step(NOON_NS)
    stage.views.rest()
    assert subscription.frame is not None
    resting = subscription.frame
    stage.views.step(NOON_NS)
    assert (subscription.frame.generations > resting.generation).all(), "the rest of the picture before is left over"
    while subscription.frame.progress < 1.0:
        stage.views.step(NOON_NS)
    assert len(stage.drawings[-1].prices) == 10_000


def test_rows_that_were_evicted_before_they_were_read_are_left_out() -> None:
    stage = Stage()
    stage.feed = HandFeed(symbols=("BTC",), max_rows=8_192, min_rows=0)
    stage.views = Views(
        tables=stage.feed.tables,
        dictionary=stage.feed.dictionary,
        make=stage.make,
        clock=stage.feed.clock,
        memory_bytes=1 << 20,
        on_error=lambda name, error: stage.errors.append(str(error)),
    )
    stage.views.subscribe(BTC)
    stage.feed.add([NOON_NS], [1.0])
    stage.step()
    for first in range(0, 40_960, 4_096):
        stage.feed.tables["trades"].append(trades(NOON_NS + np.arange(4_096), price=np.arange(first, first + 4_096)))
        stage.feed.tables["trades"].evict()
    stage.step()
    assert not stage.errors
    assert stage.drawings[0].prices[-1] == 40_959
    assert len(stage.drawings[0].prices) < 20_000
