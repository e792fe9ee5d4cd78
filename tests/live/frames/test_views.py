"""Which views exist, what they have read, and when they are drawn."""

from __future__ import annotations

import gc
import itertools
import weakref
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from pipelines.aggregates.canvas import Canvas
from pipelines.aggregates.quantise import CountQuantiser
from pipelines.core.batch import Batch
from pipelines.core.clock import NS_PER_SECOND as S
from pipelines.core.errors import SpecError
from pipelines.core.spec import ViewSpec
from pipelines.live.frames.drawing import Drawn
from pipelines.live.frames.make_drawing import make_drawing
from pipelines.live.frames.views import Subscription, Views
from pipelines.store.table import Table
from tests.batches import trades
from tests.live.hand_feed import NOON_NS, HandFeed

BTC = ViewSpec("feed", "trades", "BTC", "price", span_ns=60 * S, n_columns=300, n_rows=4)
ETH = ViewSpec("feed", "trades", "ETH", "price", span_ns=60 * S, n_columns=300, n_rows=4)

MANY = tuple(f"S{number}" for number in range(12))
LONGER_THAN_A_SLICE_NS = S // 100


class Ledger:
    """A drawing that only notes what it was given."""

    def __init__(self, spec: ViewSpec, code: int, table: Table) -> None:
        self.prices: list[float] = []
        self.n_bytes = 1_000
        self.next_row = 0
        self.wants_rebuild = False
        self.poisoned = False
        self._code = code
        self._column = 0

    def rebuild(self, table: Table, edge_ns: int) -> Iterator[float]:
        series = table.series(self._code)
        assert series is not None
        self.next_row = series.next_row
        for number, batch in enumerate(series.batches(), start=1):
            self.prices += batch["price"].tolist()
            yield number / (series.n_rows // 4_096 + 1)

    def update(self, batch: Batch) -> None:
        if self.poisoned:
            raise ValueError("poisoned")
        self.prices += batch["price"].tolist()

    def advance(self, edge_ns: int) -> bool:
        moved, self._column = self._column != edge_ns // S, edge_ns // S
        return moved

    def draw(self) -> Drawn | None:
        canvas = Canvas(30, self._column, 2, 0.1, 0, 0, 4)
        codes = np.full((2, 4), len(self.prices) % 256, np.uint8)
        histogram = np.bincount(codes.ravel(), minlength=256)
        value_range = min(self.prices), max(self.prices)
        return Drawn(canvas, codes, np.array([False, True]), histogram, CountQuantiser(), value_range)


class Stage:
    """Views over tables that a test fills by hand."""

    drawing: Callable[..., Any] = Ledger

    def __init__(self, *, memory_bytes: int = 1 << 20, symbols: tuple[str, ...] = ("BTC", "ETH")) -> None:
        self.feed = HandFeed(symbols=symbols)
        self.drawings: list[Any] = []
        self.errors: list[str] = []
        self.views = Views(
            tables=self.feed.tables,
            dictionary=self.feed.dictionary,
            make=self.make,
            clock=self.feed.clock,
            memory_bytes=memory_bytes,
            on_error=lambda name, error: self.errors.append(f"{name}: {error}"),
        )

    def make(self, *args: Any) -> Any:
        self.drawings.append(self.drawing(*args))
        return self.drawings[-1]

    def watch(self, *keys: str, n_rows: int = 1) -> dict[str, Subscription]:
        """Look at keys, each of which has some rows."""
        for key in keys:
            self.feed.add(NOON_NS + np.arange(n_rows), np.zeros(n_rows), symbol=key)
        return {key: self.views.subscribe(replace(BTC, key=key)) for key in keys}

    def slow_down(self, look_ns: int) -> None:
        """Let each look at the clock take some time."""
        ticks = itertools.count(self.feed.clock.monotonic_ns(), look_ns)
        self.feed.clock.monotonic_ns = lambda: next(ticks)

    def step(self, *, seconds: float = 0.05) -> bool:
        self.feed.clock.advance(seconds=seconds)
        return self.views.step(self.feed.clock.now_ns())


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


def test_a_long_history_is_built_in_slices_and_says_how_far_it_is(stage: Stage) -> None:
    subscription = stage.watch("BTC", n_rows=10_000)["BTC"]
    stage.slow_down(LONGER_THAN_A_SLICE_NS)
    progress = []
    while not progress or progress[-1] < 1.0:
        stage.views.step(NOON_NS)
        assert subscription.frame is not None
        progress.append(subscription.frame.progress)
    assert progress == pytest.approx([1 / 3, 2 / 3, 0.99, 1.0])
    assert len(stage.drawings[0].prices) == 10_000


def generations(watched: dict[str, Subscription]) -> list[int]:
    return [0 if subscription.frame is None else subscription.frame.generation for subscription in watched.values()]


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
