"""Which drawing a view has."""

from __future__ import annotations

from pipelines.core.errors import SpecError
from pipelines.core.spec import ViewSpec
from pipelines.live.frames.drawing import Drawing
from pipelines.live.frames.line_drawing import LineDrawing
from pipelines.live.frames.point_drawing import PointDrawing
from pipelines.store.table import Table

__all__ = ["drawing_bytes", "make_drawing"]


def make_drawing(spec: ViewSpec, code: int, table: Table) -> Drawing:
    """Return an empty drawing of the key `code`; raises `SpecError` where a view can't be kept up to date."""
    if spec.glyph == "points":
        return PointDrawing(spec, code)
    if spec.reduction != "any" or spec.by is not None:
        raise SpecError(f"a live line has the reduction 'any', not {spec.reduction!r}: others are for explore")
    return LineDrawing(spec, code, table)


def drawing_bytes(spec: ViewSpec) -> int:
    """Return the memory that the drawing of a view takes, or will take."""
    return PointDrawing.bytes_of(spec) if spec.glyph == "points" else LineDrawing.bytes_of(spec)
