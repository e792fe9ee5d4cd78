from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.aggregates.canvas import Canvas
from pipelines.aggregates.point_cells import PointCells
from pipelines.core.spec import CANVAS_COLUMNS
from pipelines.live.explore import tiles
from pipelines.live.explore.answer import ExploreAnswer
from pipelines.live.explore.changes import rows_since, state_of
from pipelines.live.explore.request import ExploreRequest, Snapped
from pipelines.live.explore.ways import Ways
from pipelines.store.series import Series
from tests.live.explore.drawn import START_NS, expected_codes, series_of, table_of, trades_at

SECOND_NS = 1_000_000_000
REQUEST = ExploreRequest("trades", "A", "price", START_NS, START_NS + SECOND_NS, n_columns=300, n_rows=64)
TILES_ALWAYS: dict[str, int] = {"raster_rows": -1}

POINTS: list[dict[str, Any]] = [
    {},
    {"reduction": "any"},
    {"by": "side"},
    {"reduction": "sum", "of": "size"},
    {"reduction": "sum", "of": "size", "by": "side"},
    {"reduction": "min", "of": "price"},
    {"reduction": "max", "of": "size"},
    {"reduction": "mean", "of": "size"},
    {"reduction": "last", "of": "size"},
]
LINES: list[dict[str, Any]] = [
    {"glyph": "line", "reduction": "any"},
    {"glyph": "line"},
    {"glyph": "line", "reduction": "mean", "of": "size"},
]


def exact(ways: Ways, request: ExploreRequest, series: Series) -> ExploreAnswer:
    *_, answer = ways.draw(request.snapped(), series)
    assert answer.is_final
    return answer


def check(answer: ExploreAnswer, series: Series) -> None:
    assert np.array_equal(answer.codes, expected_codes(answer, series))
    assert answer.histogram.tolist() == np.bincount(answer.codes.reshape(-1), minlength=256).tolist()
    assert answer.n_rows == len(series.range(answer.canvas.start_ns, answer.canvas.end_ns)["time"])


def walk(random: np.random.Generator, n: int, *, jitter_ns: int = 0, span_ns: int = SECOND_NS) -> dict[str, np.ndarray]:
    """Rows of a random walk on a grid of cents, with equal times, and out of order by up to `jitter_ns`."""
    time_ns = START_NS + np.sort(random.integers(0, span_ns, n)) - random.integers(0, jitter_ns + 1, n)
    return {
        "time_ns": time_ns,
        "price": np.round(100 + 0.01 * np.cumsum(random.integers(-2, 3, n)), 2),
        "size": random.lognormal(size=n),
        "side": random.integers(-1, 2, n),
    }


@pytest.mark.parametrize("change", [*POINTS, *LINES], ids=str)
@pytest.mark.parametrize("raster_rows", [1 << 30, -1])
def test_every_way_is_what_datashader_draws(change: dict[str, Any], raster_rows: int) -> None:
    random = np.random.default_rng(5)
    series = series_of(table_of(*(trades_at(**walk(random, 3_000, jitter_ns=SECOND_NS // 4)) for _ in range(4))))
    ways = Ways(raster_rows=raster_rows)
    for start_ns, end_ns in ((0, SECOND_NS), (SECOND_NS // 3, SECOND_NS // 2), (5, 60), (-SECOND_NS, 0)):
        request = replace(REQUEST, start_ns=START_NS + start_ns, end_ns=START_NS + end_ns, **change)
        for y_range in (None, (99.5, 100.07)):
            check(exact(ways, replace(request, y_range=y_range), series), series)


@pytest.mark.parametrize("change", [*POINTS, *LINES], ids=str)
def test_what_is_not_finite_is_drawn_as_datashader_draws_it(change: dict[str, Any]) -> None:
    random = np.random.default_rng(6)
    rows = walk(random, 6_000, jitter_ns=SECOND_NS // 8)
    for name in ("price", "size"):
        rows[name][random.integers(0, 6_000, 400)] = random.choice([np.nan, np.inf, -np.inf, 0.0, -0.0], 400)
    series = series_of(table_of(trades_at(**rows)))
    for ways in (Ways(), Ways(raster_rows=-1, coarse_rows=0)):
        for y_range in (None, (99.0, 101.0)):
            check(exact(ways, replace(REQUEST, y_range=y_range, **change), series), series)


FAR = st.builds(float.__mul__, st.floats(16.0, 308.0).map(lambda power: 10.0**power), st.sampled_from([1.0, -1.0]))
EDGES = [1e16, 2.0**53, 1e17, 1e290, 1.0000001e290, 1e300, 1.7e308]


@settings(max_examples=100)
@given(
    seed=st.integers(0, 2**32 - 1),
    n_rows=st.sampled_from([2, 3, 40, 300, 6_000]),
    far=st.lists(FAR | st.sampled_from(EDGES + [-edge for edge in EDGES]), min_size=1, max_size=5),
    share=st.sampled_from([0.01, 0.2, 0.9]),
    jitter_ns=st.sampled_from([0, SECOND_NS // 8]),
    part=st.sampled_from([(0, 1), (0, 3), (1 / 3, 1 / 100), (1 / 2, 1 / 3), (-1, 1)]),
    y_range=st.sampled_from([None, (99.5, 100.5), (99.99, 100.01), (-1e17, 1e18), (0.0, 1e290)]),
)
def test_a_line_among_rows_that_are_far_out_is_what_datashader_draws(
    seed: int,
    n_rows: int,
    far: list[float],
    share: float,
    jitter_ns: int,
    part: tuple[float, float],
    y_range: tuple[float, float] | None,
) -> None:
    random = np.random.default_rng(seed)
    rows = walk(random, n_rows, jitter_ns=jitter_ns)
    rows["price"] = np.where(random.random(n_rows) < share, random.choice(far, n_rows), rows["price"])
    series = series_of(table_of(trades_at(**rows)))
    start_ns, span_ns = (round(share * SECOND_NS) for share in part)
    times = {"start_ns": START_NS + start_ns, "end_ns": START_NS + start_ns + span_ns}
    check(exact(Ways(), replace(REQUEST, **times, **LINES[0], y_range=y_range), series), series)


@settings(max_examples=30)
@given(
    seed=st.integers(0, 2**32 - 1),
    change=st.sampled_from(POINTS),
    n_batches=st.integers(1, 5),
    n_rows=st.sampled_from([1, 300, 5_000]),
    jitter_ns=st.sampled_from([0, SECOND_NS // 100, SECOND_NS]),
    max_rows=st.sampled_from([None, 4_096, 9_000]),
    scale=st.sampled_from([1.0, 1e-7, 1e9]),
)
def test_tiles_stay_right_while_rows_come_late_and_are_evicted(
    seed: int,
    change: dict[str, Any],
    n_batches: int,
    n_rows: int,
    jitter_ns: int,
    max_rows: int | None,
    scale: float,
) -> None:
    random, ways = np.random.default_rng(seed), Ways(**TILES_ALWAYS)
    table = table_of(max_rows=max_rows)
    span_ns = SECOND_NS // 5
    for number in range(n_batches):
        rows = walk(random, n_rows, jitter_ns=jitter_ns, span_ns=span_ns)
        rows["time_ns"] += number * span_ns
        rows["price"] *= scale
        table.append(trades_at(**rows))
        table.evict()
        series = series_of(table)
        y_range = (99.9 * scale, 100.1 * scale) if random.random() < 0.7 else None
        request = replace(REQUEST, y_range=y_range, n_columns=random.choice(CANVAS_COLUMNS).item(), **change)
        check(exact(ways, request, series), series)
        # ever longer ranges have tiles merged from those that are there
        for n_times in (2, 4):
            check(exact(ways, replace(request, end_ns=START_NS + n_times * SECOND_NS), series), series)


def test_a_line_is_seen_to_pass_between_two_rows() -> None:
    series = series_of(table_of(trades_at([START_NS - SECOND_NS, START_NS + 3 * SECOND_NS], price=[100.0, 104.0])))
    request = replace(REQUEST, glyph="line", reduction="any", y_range=(99.0, 105.0))
    answer = exact(Ways(), request, series)
    check(answer, series)
    assert answer.n_rows == 0
    assert (answer.codes > 0).any(axis=1).all()  # in every column


@pytest.mark.parametrize("late_ns", [SECOND_NS // 2, -SECOND_NS // 4, 5 * SECOND_NS // 4])
def test_an_answer_is_not_kept_when_a_row_comes_that_its_line_leads_to(late_ns: int) -> None:
    table = table_of(trades_at([START_NS - SECOND_NS, START_NS + 3 * SECOND_NS], price=[100.0, 104.0]))
    request = replace(REQUEST, glyph="line", reduction="any", y_range=(99.0, 105.0))
    answer = exact(Ways(), request, series_of(table))
    state = state_of(series_of(table), *answer.depends_ns)
    table.append(trades_at([START_NS + 4 * SECOND_NS], price=1.0))
    assert state.is_current(series_of(table))
    table.append(trades_at([START_NS + late_ns], price=1.0))
    assert not state.is_current(series_of(table))


def test_tiles_that_are_past_are_not_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    n_rows_drawn = 0
    add_points = tiles.add_points

    def counting(cells: PointCells, snapped: Snapped, canvas: Canvas, series: Series, row: int = 0) -> None:
        nonlocal n_rows_drawn
        chunks = rows_since(series, row, canvas.start_ns, canvas.end_ns, ("time",))
        n_rows_drawn += sum(len(chunk["time"]) for chunk in chunks)
        add_points(cells, snapped, canvas, series, row)

    monkeypatch.setattr(tiles, "add_points", counting)
    random, ways = np.random.default_rng(3), Ways(**TILES_ALWAYS)
    request = replace(REQUEST, y_range=(90.0, 110.0))
    table = table_of(trades_at(**walk(random, 20_000)))
    exact(ways, request, series_of(table))
    assert n_rows_drawn == 20_000
    table.append(trades_at([START_NS + 5, START_NS + SECOND_NS // 2, START_NS + 900 * SECOND_NS], price=100.0))
    check(exact(ways, request, series_of(table)), series_of(table))
    assert n_rows_drawn == 20_002
    # twice as long: tiles are merged, except where a finer one had not been looked at
    longer = replace(request, start_ns=START_NS - SECOND_NS // 4, end_ns=START_NS + 7 * SECOND_NS // 4)
    assert longer.snapped().column_log2 == request.snapped().column_log2 + 1
    check(exact(ways, longer, series_of(table)), series_of(table))
    assert n_rows_drawn < 22_000


@pytest.mark.parametrize("change", [*POINTS[:1], *LINES[:1]], ids=str)
def test_a_spike_among_many_points_is_visible_at_every_zoom(change: dict[str, Any]) -> None:
    n_rows, spike = 300_000, 123_457
    price = np.full(n_rows, 100.0)
    price[spike] = 900.0
    time_ns = START_NS + np.arange(n_rows) * 1_000_000
    series = series_of(table_of(trades_at(time_ns, price=price)))
    for ways in (Ways(), Ways(raster_rows=-1, coarse_rows=0)):
        span_ns = n_rows * 1_000_000
        while span_ns > 2_000_000:
            start_ns, end_ns = int(time_ns[spike]) - span_ns // 3, int(time_ns[spike]) + span_ns // 2
            request = replace(REQUEST, start_ns=start_ns, end_ns=end_ns, **change)
            for answer in ways.draw(request.snapped(), series):
                canvas = answer.canvas
                column = canvas.column_of(int(time_ns[spike])) - canvas.first_column
                scale, translation = canvas.y_transform
                assert answer.codes[column, int(900.0 * scale + translation)] > 0
            span_ns //= 4


def test_a_coarse_picture_covers_the_exact_one() -> None:
    random = np.random.default_rng(2)
    series = series_of(table_of(trades_at(**walk(random, 50_000, jitter_ns=SECOND_NS // 10))))
    for change in (*POINTS[:3], *POINTS[5:7], POINTS[8]):
        ways = Ways(raster_rows=-1, coarse_rows=0)
        coarse, final = ways.draw(replace(REQUEST, **change).snapped(), series)
        assert (coarse.is_final, coarse.way, final.is_final, final.way) == (False, "pyramid", True, "tiles")
        assert coarse.canvas == final.canvas
        assert (coarse.codes[final.codes > 0] > 0).all()
        assert len(list(ways.draw(replace(REQUEST, **change).snapped(), series))) == 1


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("change", [*POINTS, LINES[0]], ids=str)
def test_rows_that_are_far_out_leave_coarse_and_exact_pictures(change: dict[str, Any]) -> None:
    random = np.random.default_rng(8)
    rows = walk(random, 6_000)
    for name in ("price", "size"):
        rows[name][random.integers(0, 6_000, 900)] = random.choice([1e16, -1e100, 1e290, 1.7e308, -1.7e308], 900)
    series = series_of(table_of(trades_at(**rows)))
    for y_range in (None, (99.5, 100.5), (99.99, 100.01)):
        request = replace(REQUEST, y_range=y_range, **change)
        *coarse, final = Ways(raster_rows=-1, coarse_rows=0).draw(request.snapped(), series)
        assert (final.codes > 0).any()
        for answer in coarse:
            assert (answer.codes[final.codes > 0] > 0).all()


def test_a_key_without_rows_and_a_range_without_rows_are_empty_pictures() -> None:
    series = series_of(table_of(trades_at([START_NS], price=100.0)))
    elsewhere = replace(REQUEST, start_ns=START_NS + SECOND_NS, end_ns=START_NS + 2 * SECOND_NS)
    for change in ({}, LINES[0], LINES[1], POINTS[2], POINTS[7]):
        for request, rows in ((replace(REQUEST, **change), None), (replace(elsewhere, **change), series)):
            (answer,) = Ways().draw(request.snapped(), rows)
            assert (answer.n_rows, answer.histogram[0]) == (0, answer.codes.size)


@pytest.mark.parametrize(
    "price", [[100.0], [0.0, 5e-324], [1e289, -1e289], [-1e308, 1.0, 1e308], [7.0, np.nextafter(7.0, 8.0)]], ids=str
)
def test_any_values_have_a_canvas(price: list[float]) -> None:
    series = series_of(table_of(trades_at(START_NS + np.arange(len(price)), price=price)))
    for change in (POINTS[0], *LINES[:2]):
        answer = exact(Ways(), replace(REQUEST, **change), series)
        if change != LINES[1] or max(price) < 1e308:  # Datashader crashes on slopes that overflow
            check(answer, series)


def test_sixteen_renders_at_once_are_those_of_one_after_the_other() -> None:
    random = np.random.default_rng(9)
    series = series_of(table_of(*(trades_at(**walk(random, 20_000, jitter_ns=SECOND_NS // 50)) for _ in range(2))))
    requests = [replace(REQUEST, y_range=(99.0, 101.0), **change) for change in (*POINTS, *LINES)]
    requests += [replace(request, end_ns=START_NS + SECOND_NS // 2) for request in requests]
    serial = [exact(Ways(raster_rows=10_000), request, series).codes.tobytes() for request in requests]
    shared = Ways(raster_rows=10_000)
    with ThreadPoolExecutor(16) as threads:
        parallel = list(threads.map(lambda request: exact(shared, request, series).codes.tobytes(), requests * 3))
    assert parallel == serial * 3
