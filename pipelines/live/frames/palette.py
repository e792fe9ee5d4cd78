"""The colours of pictures."""

from __future__ import annotations

from typing import Final

from pipelines.aggregates.levels import Levels
from pipelines.core.spec import ViewSpec
from pipelines.live.frames.colour import ColourScale, How, Ramp, SideMix

__all__ = ["PALETTE", "scale_of"]

PALETTE: Final = ("#2b84d3", "#6f6fe0", "#a95bd2", "#d94f9d", "#ee5a4a")
"""From the least value to the largest. Each colour stands out (3:1 and more) from white and from a dark page alike."""


def scale_of(spec: ViewSpec, levels: Levels) -> ColourScale:
    """Return the colours of a view: counts and sums by their ranks, so that dense and sparse parts are both seen."""
    how: How = "eq_hist" if spec.reduction in ("count", "any", "sum") else "linear"
    return ColourScale(levels, Ramp(PALETTE) if spec.by is None else SideMix(), how=how)
