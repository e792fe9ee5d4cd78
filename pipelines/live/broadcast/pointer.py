"""The row under a viewer's pointer."""

from __future__ import annotations

from pipelines.core.dictionary import UNKNOWN
from pipelines.live.broadcast.pane import Pane
from pipelines.live.explore.under import row_under

__all__ = ["row_at"]


def row_at(pane: Pane, time_ns: int, value: float) -> dict[str, str]:
    """Return the row under a place of the picture that a pane was sent last, in words; empty where there is none.

    Any thread: it reads immutable pictures and snapshots of rows.
    """
    channel, look = pane.channel, pane.look
    picture = channel.frame if look is None else look.answer
    view, source = channel.view, channel.source
    code = source.dictionary.find(view.key)
    series = None if code == UNKNOWN else source.tables[view.kind].series(code)
    if picture is None or series is None:
        return {}
    return row_under(series, view, picture.canvas, picture.codes, time_ns, value)
