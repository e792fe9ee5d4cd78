from __future__ import annotations

import numpy as np
import pytest

from pipelines.core.batch import Batch
from pipelines.core.spec import Glyph
from pipelines.live.frames.live_view import FRAME_NS
from tests.benchmarks.pictures import GLYPHS, LivePictures, StockPicture
from tests.benchmarks.walk import Walk


@pytest.mark.parametrize("glyph", GLYPHS)
def test_what_is_compared_are_equal_pictures(glyph: Glyph) -> None:
    walk = Walk(20_000)
    pictures = LivePictures(walk)
    new = walk.go_on(FRAME_NS, 10)
    pictures.take(new)
    frame = pictures.draw(glyph)

    rows = Batch.concatenate([*Walk(20_000).window(), new])
    shown = rows.select((rows.time >= frame.canvas.start_ns) & (rows.time < frame.canvas.end_ns))
    cells = np.nan_to_num(StockPicture([shown], glyph, canvas=frame.canvas).draw())
    assert np.count_nonzero(cells) > 2_000
    assert cells.max() <= 31  # up to here counts are codes
    np.testing.assert_array_equal(frame.codes, cells)
