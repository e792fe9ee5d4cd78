from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pipelines.core.spec import ViewSpec
from pipelines.live.frames.make_drawing import drawing_bytes, make_drawing
from tests.live.hand_feed import HandFeed

OVER = [{}, {"by": "side"}, {"reduction": "any"}, {"glyph": "line", "reduction": "any"}]
OVER += [{"reduction": reduction, "of": "size"} for reduction in ("sum", "min", "max", "mean", "last")]
OVER += [{"reduction": "sum", "of": "size", "by": "side"}]


def arrays_in(whole: Any, found: dict[int, int]) -> dict[int, int]:
    """Return the bytes of all arrays that our objects hold, each once."""
    if isinstance(whole, np.ndarray):
        base = whole if whole.base is None else whole.base
        found[id(base)] = base.nbytes
    elif type(whole).__module__.startswith("pipelines.") and hasattr(whole, "__dict__"):
        for part in vars(whole).values():
            arrays_in(part, found)
    return found


@pytest.mark.parametrize("look", OVER, ids=str)
@pytest.mark.parametrize("n_columns", [300, 1_200])
def test_what_a_drawing_takes_is_known_before_it_is_made(look: dict[str, Any], n_columns: int) -> None:
    feed = HandFeed()
    spec = ViewSpec("feed", "trades", "BTC", "price", n_columns=n_columns, n_rows=400, **look)
    drawing = make_drawing(spec, 0, feed.tables["trades"])
    drawing._table = drawing._spec = None
    assert drawing_bytes(spec) == pytest.approx(sum(arrays_in(drawing, {}).values()), rel=0.02)
