"""What 10 million retained rows take of memory, with live pictures of them, over the bytes of their columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from pipelines.live.frames.live_view import FRAME_NS
from tests.benchmarks.harness import Row, in_child, own_bytes, paired
from tests.benchmarks.pictures import GLYPHS, LivePictures, StockPicture
from tests.benchmarks.walk import Walk

__all__ = ["rows"]

_N_RETAINED: Final = 10_000_000
_N_WARM: Final = 100_000
_N_FRAMES: Final = 5
_NEW_ROWS: Final = 10_000


def rows() -> Iterator[Row]:
    """Measure each way in a process of its own: the most that it takes more than with a hundredth of the rows."""
    if own_bytes() is None:
        print("memory: left out, needs /proc")
        return
    ours, stock = in_child(_ours), in_child(_stock)
    includes = (
        f"most memory with 10M rows of all columns, points and line live, {_N_FRAMES} frames of {_NEW_ROWS:,} rows, "
        "less that with 100k rows, over the columns' bytes; stock: time and price in a Buffer, line rasterised"
    )
    yield paired("memory_10m_over_raw", ours, "x", stock, includes)


def _ours() -> float:
    def live(n_rows: int) -> None:
        walk = Walk(n_rows)
        pictures = LivePictures(walk)
        for _ in range(_N_FRAMES):
            pictures.take(walk.go_on(FRAME_NS, _NEW_ROWS))
            for glyph in GLYPHS:
                pictures.draw(glyph)

    columns = Walk(1).go_on(FRAME_NS, 1).columns
    return _growth(live, sum(column.itemsize for column in columns.values()))


def _stock() -> float:
    def live(n_rows: int) -> None:
        walk = Walk(n_rows)
        picture = StockPicture(walk.window(), "line")
        for _ in range(_N_FRAMES):
            picture.take(walk.go_on(FRAME_NS, _NEW_ROWS))
            picture.draw()

    return _growth(live, 16)


def _growth(live: Callable[[int], None], row_bytes: int) -> float:
    """Return how much more memory the retained rows take than the few that warm up, over the bytes of the columns."""
    live(_N_WARM)
    before = own_bytes()
    live(_N_RETAINED)
    after = own_bytes()
    assert before is not None
    assert after is not None
    return (after[1] - before[0]) / (row_bytes * _N_RETAINED)
