"""Answers to those who zoom, as messages."""

from __future__ import annotations

import msgspec
import numpy as np

from pipelines.core.spec import ViewSpec
from pipelines.live.explore.answer import ExploreAnswer
from pipelines.live.frames.palette import scale_of
from pipelines.live.wire.parts import (
    Part,
    colours_part,
    columns_part,
    deflated,
    layout_part,
    part,
    shown_part,
)

__all__ = ["answer_parts"]


def answer_parts(answer: ExploreAnswer, view: ViewSpec) -> bytes:
    """Return the compressed parts of a message: the same for all who asked for it.

    Parameters
    ----------
    answer : ExploreAnswer
        The picture.
    view : ViewSpec
        How it is coloured.
    """
    canvas = answer.canvas
    story = {"way": answer.way, "rows": answer.n_rows, "final": answer.is_final}
    parts = [
        layout_part(canvas),
        shown_part(canvas.y_range),
        colours_part(scale_of(view, answer.quantiser.levels).update(answer.histogram, 0)),
        part(Part.STORY, msgspec.json.encode(story)),
        columns_part(canvas.first_column, answer.codes, np.arange(canvas.n_columns)),
    ]
    return deflated(b"".join(parts))
