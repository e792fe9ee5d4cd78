"""What sends a view, by what it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.core.spec import BarsSpec, FiguresSpec, RowsSpec, View
from pipelines.live.streams.bars_stream import BarsStream
from pipelines.live.streams.figures_stream import FiguresStream
from pipelines.live.streams.frame_stream import FrameStream
from pipelines.live.streams.rows_stream import RowsStream
from pipelines.live.streams.stream import ViewStream

if TYPE_CHECKING:
    from pipelines.live.source import LocalSource

__all__ = ["open_stream"]


def open_stream(source: LocalSource, view: View) -> ViewStream:
    """Begin to send a view of a feed in this process; raises `SpecError` where it can't be."""
    if isinstance(view, BarsSpec):
        return BarsStream(source, view)
    if isinstance(view, RowsSpec):
        return RowsStream(source, view)
    if isinstance(view, FiguresSpec):
        return FiguresStream(source, view)
    return FrameStream(source, view)
