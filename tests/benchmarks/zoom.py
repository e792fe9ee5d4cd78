"""A zoom: what a picture of any part of 50 million rows costs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from statistics import median
from typing import Final

import numpy as np

from pipelines.core.spec import Glyph
from pipelines.live.explore.request import ExploreRequest
from pipelines.live.explore.ways import Ways
from pipelines.store.table import Table
from tests.benchmarks.harness import Row, available_bytes, median_s, paired
from tests.benchmarks.pictures import GLYPHS, N_COLUMNS, N_ROWS, StockPicture, one_key_table
from tests.benchmarks.walk import KEY, SPAN_NS, START_NS, Walk

__all__ = ["rows"]

_N_RETAINED: Final = 50_000_000
_SHARES: Final = {"100pct": 1.0, "10pct": 0.1, "0.1pct": 0.001}
_N_ZOOMS: Final = 100
_STOCK_BYTES: Final = 6 << 30

_INCLUDES: Final = (
    f"{N_COLUMNS} columns at most x {N_ROWS} rows, anywhere in the rows; query, draw, encode; none kept but tiles; "
    "stock: rasterize with x_range, the array only"
)


def rows() -> Iterator[Row]:
    """Measure points and line over 100%, 10% and 0.1% of 50 million rows of one key."""
    first, exact = _ours()
    for glyph in GLYPHS:
        stock = _stock(glyph)
        for share in _SHARES:
            ours = median(exact[glyph, share]) * 1e3
            yield paired(f"zoom_50m_{glyph}_{share}", ours, "ms", stock.get(share), _INCLUDES)
    n = _N_ZOOMS * len(_SHARES) * len(GLYPHS)
    yield Row("zoom_50m_p99_ms", _p99_ms(first), "ms", None, None, f"first picture of {n} zooms, as zoom_50m_*")
    yield Row("zoom_50m_exact_p99_ms", _p99_ms(exact), "ms", None, None, "their exact picture, where that comes later")


_Times = dict[tuple[Glyph, str], list[float]]


def _p99_ms(times: _Times) -> float:
    return float(np.quantile([seconds for each in times.values() for seconds in each], 0.99)) * 1e3


def _ours() -> tuple[_Times, _Times]:
    """Return the seconds to the first and to the exact picture of each zoom."""
    table = one_key_table(Walk(_N_RETAINED))
    random = np.random.default_rng(1)
    first, exact = _Times(), _Times()
    ways = Ways()
    for glyph in GLYPHS:
        for name, share in _SHARES.items():
            span_ns = int(SPAN_NS * share)
            requests = [
                _request(glyph, START_NS + int(random.random() * (SPAN_NS - span_ns)), span_ns)
                for _ in range(_N_ZOOMS + 1)
            ]
            measured = [_answered(ways, table, request) for request in requests][1:]  # the first one warms up
            first[glyph, name], exact[glyph, name] = map(list, zip(*measured, strict=True))
    return first, exact


def _request(glyph: Glyph, start_ns: int, span_ns: int) -> ExploreRequest:
    return ExploreRequest(
        kind="trades",
        key=KEY,
        value="price",
        start_ns=start_ns,
        end_ns=start_ns + span_ns,
        n_columns=N_COLUMNS,
        n_rows=N_ROWS,
        glyph=glyph,
        reduction="any" if glyph == "line" else "count",
    )


def _answered(ways: Ways, table: Table, request: ExploreRequest) -> tuple[float, float]:
    start = time.perf_counter()
    seconds = [time.perf_counter() - start for _ in ways.draw(request.snapped(), table.series(0))]
    return seconds[0], seconds[-1]


def _stock(glyph: Glyph) -> dict[str, float]:
    """Return the milliseconds of a zoom by share; nothing where the memory does not suffice."""
    if available_bytes() < _STOCK_BYTES:
        print(f"zoom_50m_{glyph}: stock left out, needs {_STOCK_BYTES >> 30} GiB of memory")
        return {}
    picture = StockPicture(Walk(_N_RETAINED).window(), glyph)
    middle_ns = START_NS + SPAN_NS // 2
    times = {}
    for name, share in _SHARES.items():
        half_ns = int(SPAN_NS * share / 2)
        draw = partial(picture.zoom, middle_ns - half_ns, middle_ns + half_ns)
        times[name] = median_s(draw, n_runs=1) * 1e3
    return times
