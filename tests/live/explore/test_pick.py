from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.aggregates.canvas import Canvas
from pipelines.live.explore.column_rows import ColumnPiece
from pipelines.live.explore.pick import Picked, pick
from pipelines.live.explore.request import ExploreRequest
from pipelines.live.explore.ways import Ways
from pipelines.store.series import Series
from tests.live.explore.drawn import START_NS, expected_cells, series_of, table_of, trades_at

N_ROWS = 9_000
SPAN_NS = 1_000_000
RANDOM = np.random.default_rng(4)
TIME_NS = START_NS + RANDOM.integers(0, SPAN_NS, N_ROWS)
PRICE = np.round(100 + 0.3 * RANDOM.normal(size=N_ROWS), 2)
SERIES = series_of(table_of(trades_at(TIME_NS, price=PRICE, size=np.arange(N_ROWS))))


def request(**change: object) -> ExploreRequest:
    return ExploreRequest("trades", "A", "price", START_NS, START_NS + SPAN_NS, n_columns=300, n_rows=32, **change)


@pytest.mark.parametrize(
    ("reduction", "of"),
    [("count", None), ("max", "size"), ("last", "size"), ("mean", "size"), ("min", "size"), ("sum", "size")],
)
def test_the_rows_under_a_cell_are_those_that_were_drawn_into_it(reduction: str, of: str | None) -> None:
    (answer,) = Ways().draw(request(reduction=reduction, of=of).snapped(), SERIES)
    cells, canvas = expected_cells(answer, SERIES), answer.canvas
    counts = cells if of is None else expected_cells(next(Ways().draw(request().snapped(), SERIES)), SERIES)
    for column in range(0, canvas.n_columns, 31):
        for row in range(canvas.n_rows):
            time_ns = canvas.start_ns + column * canvas.column_ns + canvas.column_ns // 2
            middle = (canvas.row_edge(canvas.first_row + row) + canvas.row_edge(canvas.first_row + row + 1)) / 2
            found = pick(SERIES, canvas, time_ns, middle, value="price", reduction=reduction, of=of, limit=3)
            assert found.n_rows == counts[column, row]
            assert len(found.rows["time"]) == min(found.n_rows, 3)
            assert found.value == pytest.approx(cells[column, row], nan_ok=True)
            assert found.aggregation == (reduction if of is None else f"{reduction} of {of}")
            assert (np.diff(found.rows["time"]) <= 0).all()


def test_hovering_a_spike_gives_its_row_exactly() -> None:
    spiked = PRICE.copy()
    spiked[5_000] = 250.01
    series = series_of(table_of(trades_at(TIME_NS, price=spiked)))
    (answer,) = Ways().draw(request().snapped(), series)
    found = pick(series, answer.canvas, int(TIME_NS[5_000]), 250.01, value="price")
    assert (found.n_rows, found.aggregation, found.value) == (1, "count", 1.0)
    assert {name: array.tolist() for name, array in found.rows.items()} == {
        "time": [TIME_NS[5_000]],
        "symbol": [0],
        "price": [250.01],
        "size": [1.0],
        "side": [1],
    }


def test_pointing_at_a_line_gives_the_nearest_rows_of_the_column() -> None:
    spiked = PRICE.copy()
    spiked[5_000] = 250.01
    series = series_of(table_of(trades_at(TIME_NS, price=spiked)))
    (answer,) = Ways().draw(request(glyph="line", reduction="any").snapped(), series)
    canvas = answer.canvas
    found = pick(series, canvas, int(TIME_NS[5_000]), 240.0, value="price", glyph="line", reduction="any")
    in_column = canvas.column_of(int(TIME_NS[5_000])) == TIME_NS >> canvas.column_log2
    assert found.rows["price"][0] == 250.01
    assert found.n_rows == in_column.sum()
    nearest = np.sort(np.abs(spiked[in_column] - 240.0))[:20]
    assert np.abs(found.rows["price"] - 240.0).tolist() == nearest.tolist()


def test_beside_the_picture_there_is_nothing() -> None:
    (answer,) = Ways().draw(request().snapped(), SERIES)
    canvas = answer.canvas
    for time_ns, y in ((canvas.end_ns, 100.0), (canvas.start_ns - 1, 100.0), (START_NS, 1e9), (START_NS, np.nan)):
        assert pick(SERIES, canvas, time_ns, y, value="price").n_rows == 0


def picked_plainly(series: Series, canvas: Canvas, time_ns: int, y: float, **look: Any) -> Picked:
    """Pick from all rows at once."""
    rows = series.since(0).columns
    scale, translation = canvas.y_transform
    under = rows["time"] >> canvas.column_log2 == time_ns >> canvas.column_log2
    under &= canvas.start_ns <= time_ns < canvas.end_ns
    distance = np.zeros(len(under))
    if look["glyph"] == "line":
        with np.errstate(invalid="ignore"):
            distance = np.nan_to_num(np.abs(rows["price"] - y), nan=np.inf, posinf=np.inf)
    else:
        low, high = canvas.y_range
        values = np.where((rows["price"] >= low) & (rows["price"] <= high), rows["price"], np.nan)
        places = np.floor(np.append(values, y if low <= y <= high else np.nan) * scale + translation)
        places = np.minimum(places, canvas.n_rows - 1)
        under &= places[:-1] == places[-1]
    (found,) = np.nonzero(under)
    order = found[np.lexsort((-found, -rows["time"][found], distance[found]))][: look["limit"]]
    of, value = look["of"], float(len(found))
    if look["reduction"] == "any":
        value = float(len(found) > 0)
    if of is not None:
        numbers = rows[of][found]
        numbers = numbers[~np.isnan(numbers)]
        reduce = {"last": lambda numbers: numbers[-1]}.get(look["reduction"]) or getattr(np, look["reduction"])
        value = float(reduce(numbers)) if len(numbers) else np.nan
    rows = {name: column[order] for name, column in rows.items()}
    return Picked(rows, len(found), "", value)


@settings(max_examples=150)
@given(
    seed=st.integers(0, 2**32 - 1),
    n_rows=st.sampled_from([1, 50, 4_096, 9_000, 13_000]),
    jitter_ns=st.sampled_from([0, 300, 100_000]),
    decimals=st.sampled_from([0, 2, 12]),
    limit=st.sampled_from([1, 5, 20]),
    column_log2=st.sampled_from([8, 12, 18]),
    look=st.sampled_from(
        [
            {"glyph": "points", "reduction": "count", "of": None},
            {"glyph": "points", "reduction": "any", "of": None},
            {"glyph": "points", "reduction": "last", "of": "size"},
            {"glyph": "points", "reduction": "sum", "of": "size"},
            {"glyph": "points", "reduction": "min", "of": "size"},
            {"glyph": "line", "reduction": "any", "of": None},
            {"glyph": "line", "reduction": "mean", "of": "size"},
            {"glyph": "line", "reduction": "max", "of": "size"},
            {"glyph": "line", "reduction": "last", "of": "size"},
        ]
    ),
)
def test_what_is_picked_is_what_a_look_at_all_rows_finds(
    seed: int, n_rows: int, jitter_ns: int, decimals: int, limit: int, column_log2: int, look: dict[str, Any]
) -> None:
    random = np.random.default_rng(seed)
    time_ns = START_NS + np.sort(random.integers(0, 20 * n_rows, n_rows)) - random.integers(0, jitter_ns + 1, n_rows)
    price = np.round(100 + random.normal(size=n_rows), decimals)
    price[random.random(n_rows) < 0.02] = random.choice([np.nan, np.inf, -np.inf, 1e300])
    size = np.where(random.random(n_rows) < 0.1, np.nan, random.integers(0, 9, n_rows).astype(float))
    series = series_of(table_of(trades_at(time_ns, price=price, size=size)))
    first_column = int(time_ns.min()) >> column_log2
    n_columns = (int(time_ns.max()) >> column_log2) - first_column + 1
    canvas = Canvas(column_log2, first_column, n_columns, 0.01, int(random.integers(0, 9)), 0, 16)
    canvas = canvas.with_rows(canvas.level, int(98 / canvas.pitch), int(5 / canvas.pitch) + 1)
    for place in random.integers(0, n_rows, 6).tolist():
        for y in (price[place], 100.0, canvas.y_range[0], canvas.y_range[1], 1e9):
            found = pick(series, canvas, int(time_ns[place]), y, value="price", limit=limit, **look)
            expected = picked_plainly(series, canvas, int(time_ns[place]), y, limit=limit, **look)
            assert found.n_rows == expected.n_rows
            assert found.value == pytest.approx(expected.value, nan_ok=True)
            for name, column in expected.rows.items():
                np.testing.assert_array_equal(found.rows[name], column)


def test_of_rows_that_are_many_only_the_value_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    read: set[str] = set()
    get = ColumnPiece.__getitem__
    monkeypatch.setattr(ColumnPiece, "__getitem__", lambda piece, name: read.add(name) or get(piece, name))
    (answer,) = Ways().draw(request().snapped(), SERIES)
    for glyph in ("points", "line"):
        assert pick(SERIES, answer.canvas, int(TIME_NS[0]), PRICE[0], value="price", glyph=glyph).n_rows
    assert read == {"time", "price"}
