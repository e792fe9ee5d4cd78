from __future__ import annotations

import numpy as np
import pytest

from pipelines.live.explore.pick import pick
from pipelines.live.explore.request import ExploreRequest
from pipelines.live.explore.ways import Ways
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
