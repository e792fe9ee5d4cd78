"""A frame: what 10,000 new rows cost on a picture of a window, by the size of the window."""

from __future__ import annotations

import time
from collections.abc import Iterator
from statistics import median
from typing import Final

from pipelines.core.spec import Glyph
from pipelines.live.frames.live_view import FRAME_NS
from tests.benchmarks.harness import Row, available_bytes, median_s, paired
from tests.benchmarks.pictures import GLYPHS, N_COLUMNS, N_ROWS, LivePictures, StockPicture
from tests.benchmarks.walk import Walk

__all__ = ["WINDOWS", "rows"]

WINDOWS: Final = {"100k": 100_000, "1m": 1_000_000, "10m": 10_000_000, "50m": 50_000_000}

_NEW_ROWS: Final = 10_000
_N_FRAMES: Final = 61
_STOCK_RUNS: Final = {"100k": 9, "1m": 9, "10m": 5, "50m": 3}
_STOCK_BYTES_A_ROW: Final = 160

_INCLUDES: Final = (
    f"{_NEW_ROWS:,} new rows on {N_COLUMNS} x {N_ROWS} cells, stored before; read, aggregate, encode, colours; "
    "stock: rasterize(DynamicMap(Buffer)), the array only, no colours"
)


def rows() -> Iterator[Row]:
    """Measure points and line with windows of 100k to 50M rows."""
    ours = _ours()
    stock: dict[tuple[str, Glyph], float | None] = {}
    for size in WINDOWS:
        for glyph in GLYPHS:
            mine, theirs = ours[size, glyph], _stock(size, glyph)
            stock[size, glyph] = theirs
            yield paired(f"frame_{glyph}_{size}", mine * 1e3, "ms", theirs and theirs * 1e3, _INCLUDES)
    flatness = max(ours["50m", glyph] / ours["100k", glyph] for glyph in GLYPHS)
    yield Row("frame_flatness_50m_over_100k", flatness, "x", None, None, "the worse of points and line; frame_*")
    line = stock["10m", "line"]
    if line is not None:
        times = line / ours["10m", "line"]
        yield Row("frame_line_10m_vs_stock", times, "x less", None, None, "frame_line_10m; storing the rows in neither")


def _ours() -> dict[tuple[str, Glyph], float]:
    """Return the median seconds of a frame by window and glyph.

    The windows take turns, so that whatever else the machine does meets all of them alike.
    """
    walks = {size: Walk(n_rows) for size, n_rows in WINDOWS.items()}
    pictures = {size: LivePictures(walk) for size, walk in walks.items()}
    times: dict[tuple[str, Glyph], list[float]] = {(size, glyph): [] for size in WINDOWS for glyph in GLYPHS}
    for _ in range(_N_FRAMES):
        for size, picture in pictures.items():
            picture.take(walks[size].go_on(FRAME_NS, _NEW_ROWS))
            for glyph in GLYPHS:
                start = time.perf_counter()
                picture.draw(glyph)
                times[size, glyph].append(time.perf_counter() - start)
    return {key: median(seconds[1:]) for key, seconds in times.items()}


def _stock(size: str, glyph: Glyph) -> float | None:
    walk = Walk(WINDOWS[size])
    if available_bytes() < _STOCK_BYTES_A_ROW * walk.n_rows:
        print(f"frame_{glyph}_{size}: stock left out, needs {_STOCK_BYTES_A_ROW * walk.n_rows >> 30} GiB of memory")
        return None
    picture = StockPicture(walk.window(), glyph)
    return median_s(
        picture.draw, n_runs=_STOCK_RUNS[size], prepare=lambda: picture.take(walk.go_on(FRAME_NS, _NEW_ROWS))
    )
