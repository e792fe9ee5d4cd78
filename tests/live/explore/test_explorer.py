from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from pipelines.aggregates.canvas import Canvas
from pipelines.aggregates.quantise import CountQuantiser
from pipelines.core.dictionary import Dictionary
from pipelines.core.schema import TRADES
from pipelines.core.spec import TableSpec
from pipelines.live.explore.answer import ExploreAnswer, Failure
from pipelines.live.explore.explorer import Explorer
from pipelines.live.explore.request import ExploreRequest, Snapped
from pipelines.store.series import Series
from pipelines.store.table import Table
from tests.batches import trades
from tests.live.explore.drawn import expected_codes, series_of
from tests.waiting import wait_until

PATIENCE_S = 20.0


def request(number: int) -> ExploreRequest:
    """Requests of different numbers have different pictures."""
    return ExploreRequest("trades", "A", "price", number * 1_000_000, (number + 1) * 1_000_000)


def picture(snapped: Snapped, *, is_final: bool = True) -> ExploreAnswer:
    canvas = Canvas(snapped.column_log2, snapped.first_column, 1, 1.0, 0, 0, 1)
    codes, histogram = np.zeros((1, 1), np.uint8), np.zeros(256, np.int64)
    depends_ns = (snapped.start_ns, snapped.end_ns)
    return ExploreAnswer(snapped, canvas, codes, histogram, CountQuantiser(), "raster", 0, depends_ns, is_final)


class SlowWays:
    """Draws nothing, when it is told to: the test decides which picture is finished first."""

    def __init__(self) -> None:
        self.begun: queue.Queue[Snapped] = queue.Queue()
        self.n_draws = 0
        self.is_coarse_first = False
        self.error: Exception | None = None
        self._permits: dict[Snapped, threading.Event] = {}
        self._lock = threading.Lock()

    def permit(self, number: int) -> None:
        self._permit(request(number).snapped()).set()

    def wait_until_begun(self, number: int) -> None:
        assert self.begun.get(timeout=PATIENCE_S) == request(number).snapped()

    def draw(self, snapped: Snapped, series: Series | None) -> Iterator[ExploreAnswer]:
        with self._lock:
            self.n_draws += 1
        self.begun.put(snapped)
        if self.is_coarse_first:
            yield picture(snapped, is_final=False)
        assert self._permit(snapped).wait(PATIENCE_S)
        if self.error is not None:
            raise self.error
        yield picture(snapped)

    def _permit(self, snapped: Snapped) -> threading.Event:
        with self._lock:
            return self._permits.setdefault(snapped, threading.Event())


class Inbox:
    """Takes what is delivered to one viewer."""

    def __init__(self) -> None:
        self.answers: queue.Queue[ExploreAnswer | Failure] = queue.Queue()

    def __call__(self, answer: ExploreAnswer | Failure) -> None:
        self.answers.put(answer)

    def next(self) -> ExploreAnswer | Failure:
        return self.answers.get(timeout=PATIENCE_S)

    def expect(self, number: int, *, is_final: bool = True) -> None:
        answer = self.next()
        assert isinstance(answer, ExploreAnswer)
        assert (answer.snapped, answer.is_final) == (request(number).snapped(), is_final)


@pytest.fixture
def ways() -> SlowWays:
    return SlowWays()


@pytest.fixture
def table() -> Table:
    return Table(TableSpec(TRADES))


def explorer_of(ways: SlowWays, table: Table, **options: int) -> Iterator[Explorer]:
    dictionary = Dictionary()
    dictionary.encode_one("A")
    explorer = Explorer({"trades": table}, dictionary, ways=ways, **options)
    explorer.start()
    yield explorer
    for number in range(100):
        ways.permit(number)
    explorer.stop()


@pytest.fixture
def single(ways: SlowWays, table: Table) -> Iterator[Explorer]:
    """An explorer with one thread."""
    yield from explorer_of(ways, table, n_threads=1, max_waiting=3)


@pytest.fixture
def double(ways: SlowWays, table: Table) -> Iterator[Explorer]:
    """An explorer with two threads."""
    yield from explorer_of(ways, table)


def outcomes(explorer: Explorer) -> tuple[int, int, int, int]:
    explorer.stop()
    seen = explorer.statistics()
    assert seen.asked == seen.answered + seen.failed + seen.dropped + seen.n_open
    return seen.answered, seen.failed, seen.dropped, seen.n_open


def test_the_newest_request_of_a_viewer_wins(single: Explorer, ways: SlowWays) -> None:
    ann, bob = Inbox(), Inbox()
    single.ask("ann", request(0), ann)
    ways.wait_until_begun(0)
    for number in (1, 2, 3):
        assert single.ask("bob", request(number), bob)
    for number in range(4):
        ways.permit(number)
    ann.expect(0)
    bob.expect(3)
    assert outcomes(single) == (2, 0, 2, 0)
    assert bob.answers.empty()


def test_a_viewer_who_asks_often_keeps_the_place_but_gets_no_better_one(single: Explorer, ways: SlowWays) -> None:
    order: queue.Queue[str] = queue.Queue()
    single.ask("first", request(0), lambda answer: order.put("first"))
    ways.wait_until_begun(0)
    single.ask("ann", request(1), lambda answer: order.put("ann"))
    single.ask("bob", request(2), lambda answer: order.put("bob"))
    single.ask("ann", request(3), lambda answer: order.put("ann"))
    for number in range(4):
        ways.permit(number)
    assert [order.get(timeout=PATIENCE_S) for _ in range(3)] == ["first", "ann", "bob"]


def test_an_older_picture_never_comes_after_a_newer_one_but_is_kept(double: Explorer, ways: SlowWays) -> None:
    ann, bob = Inbox(), Inbox()
    double.ask("ann", request(1), ann)
    ways.wait_until_begun(1)
    double.ask("ann", request(2), ann)
    ways.wait_until_begun(2)
    ways.permit(2)
    ann.expect(2)
    double.ask("bob", request(1), bob)  # waits for the picture that is being drawn, or finds it
    ways.permit(1)
    bob.expect(1)
    assert outcomes(double) == (2, 0, 1, 0)
    assert ann.answers.empty()
    assert ways.n_draws == 2


def test_a_coarse_picture_comes_first_and_an_exact_one_follows(single: Explorer, ways: SlowWays) -> None:
    ways.is_coarse_first = True
    ann = Inbox()
    single.ask("ann", request(1), ann)
    ann.expect(1, is_final=False)
    ways.permit(1)
    ann.expect(1)
    assert outcomes(single) == (1, 0, 0, 0)


def test_those_who_look_at_the_same_share_one_drawing(double: Explorer, ways: SlowWays) -> None:
    inboxes = [Inbox() for _ in range(5)]
    for number, inbox in enumerate(inboxes):
        double.ask(number, request(1), inbox)
    ways.wait_until_begun(1)
    ways.permit(1)
    assert len({id(inbox.next()) for inbox in inboxes}) == 1
    assert outcomes(double) == (5, 0, 0, 0)
    assert ways.n_draws == 1


def test_who_joins_a_drawing_that_rows_have_overtaken_gets_them_too(
    double: Explorer, ways: SlowWays, table: Table
) -> None:
    ann, ben = Inbox(), Inbox()
    double.ask("ann", request(1), ann)
    ways.wait_until_begun(1)
    table.append(trades([request(1).snapped().end_ns - 1]))
    double.ask("ben", request(1), ben)
    wait_until(lambda: double.statistics().shared == 1)
    ways.permit(1)
    ann.expect(1)
    ben.expect(1)
    ways.wait_until_begun(1)
    ben.expect(1)
    assert ways.n_draws == 2
    assert outcomes(double) == (2, 0, 0, 0)


def test_an_answer_is_kept_until_a_row_comes_into_its_range(single: Explorer, ways: SlowWays, table: Table) -> None:
    ann = Inbox()
    ways.permit(0)

    def draws_after_asking() -> int:
        single.ask("ann", request(0), ann)
        ann.expect(0)
        return ways.n_draws

    end_ns = request(0).snapped().end_ns
    assert draws_after_asking() == 1
    table.append(trades([end_ns, end_ns + 5]))
    assert draws_after_asking() == 1
    table.append(trades([end_ns - 1]))
    assert draws_after_asking() == 2
    assert single.statistics().kept == 1
    assert single.statistics().drawn == {"raster": 2}


def test_an_error_is_an_answer_and_the_thread_goes_on(single: Explorer, ways: SlowWays) -> None:
    ann = Inbox()
    ways.error = ValueError("no such colour")
    ways.permit(1)
    single.ask("ann", request(1), ann)
    assert ann.next() == Failure(request(1).snapped(), "ValueError: no such colour")
    ways.error = None
    single.ask("ann", request(1), ann)
    ann.expect(1)
    assert outcomes(single) == (1, 1, 0, 0)


def test_a_viewer_that_fails_to_take_an_answer_hurts_nobody_else(single: Explorer, ways: SlowWays) -> None:
    def fail(answer: ExploreAnswer | Failure) -> None:
        raise RuntimeError("gone")

    ann = Inbox()
    single.ask("broken", request(1), fail)
    single.ask("ann", request(1), ann)
    ways.permit(1)
    ann.expect(1)
    assert outcomes(single) == (1, 0, 1, 0)


def test_only_so_many_viewers_wait(single: Explorer, ways: SlowWays) -> None:
    single.ask("running", request(0), Inbox())
    ways.wait_until_begun(0)
    assert [single.ask(number, request(number), Inbox()) for number in (1, 2, 3, 4)] == [True, True, True, False]
    assert single.ask(3, request(5), Inbox())  # whoever waits may still change their mind
    assert single.statistics().n_open == 4


def test_who_leaves_gets_nothing_more_and_may_come_back(single: Explorer, ways: SlowWays) -> None:
    ann = Inbox()
    single.ask("ann", request(1), ann)
    ways.wait_until_begun(1)
    single.ask("ann", request(2), ann)
    single.leave("ann")
    single.ask("ann", request(3), ann)
    for number in (1, 2, 3):
        ways.permit(number)
    ann.expect(3)
    assert outcomes(single) == (1, 0, 2, 0)


def test_starting_and_stopping_again_and_again_leaves_no_thread_and_no_request(ways: SlowWays, table: Table) -> None:
    explorer = Explorer({"trades": table}, Dictionary(), ways=ways)
    n_before = threading.active_count()
    ann = Inbox()
    assert not explorer.ask("ann", request(1), ann)
    ways.permit(1)
    for _ in range(20):
        explorer.start()
        explorer.start()
        assert explorer.ask("ann", request(1), ann)
        explorer.stop()
        explorer.stop()
    assert threading.active_count() == n_before
    answered, failed, dropped, n_open = outcomes(explorer)
    assert (answered + dropped, failed, n_open) == (21, 0, 0)
    assert answered == ann.answers.qsize()


def test_what_a_table_holds_is_drawn_and_a_key_that_nobody_knows_is_an_empty_picture(table: Table) -> None:
    dictionary = Dictionary()
    dictionary.encode_one("A")
    table.append(trades(np.arange(0, 1_000_000, 1_000)))
    explorer = Explorer({"trades": table}, dictionary)
    explorer.start()
    known, unknown = Inbox(), Inbox()
    explorer.ask("ann", request(0), known)
    explorer.ask("bob", replace(request(0), key="Z"), unknown)
    drawn, empty = known.next(), unknown.next()
    explorer.stop()
    assert isinstance(drawn, ExploreAnswer)
    assert isinstance(empty, ExploreAnswer)
    assert (drawn.n_rows, drawn.way, drawn.is_final) == (1_000, "raster", True)
    assert np.array_equal(drawn.codes, expected_codes(drawn, series_of(table)))
    assert (empty.n_rows, empty.histogram[0]) == (0, empty.codes.size)


def test_the_books_balance_whatever_viewers_do(double: Explorer, ways: SlowWays) -> None:
    random = np.random.default_rng(1)
    for number in range(20):
        ways.permit(number)
    delivered: queue.Queue[int] = queue.Queue()
    n_asked = 0

    def ask_often(seed: int) -> None:
        random = np.random.default_rng(seed)
        for number in random.integers(0, 20, 200).tolist():
            double.ask(int(random.integers(5)), request(number), lambda answer: delivered.put(1))
            if number == 0:
                double.leave(int(random.integers(5)))

    threads = [threading.Thread(target=ask_often, args=(seed,)) for seed in random.integers(0, 99, 4).tolist()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    n_asked = 4 * 200
    answered, failed, dropped, n_open = outcomes(double)
    assert (answered + dropped, failed, n_open) == (n_asked, 0, 0)
    assert delivered.qsize() == answered
