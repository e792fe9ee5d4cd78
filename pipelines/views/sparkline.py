"""A line the size of a word."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["sparkline"]

_WIDTH: Final = 120
_HEIGHT: Final = 22
_MARGIN: Final = 2


def sparkline(values: NDArray[np.float64]) -> str:
    """Return values at equal distances as an inline SVG in the current colour.

    Parameters
    ----------
    values : float64[n]
        Oldest first; NaN where there is none: the line goes on straight to the next one. The height is that of the
        values, lowest at the bottom.

    Returns
    -------
    str
        SVG. Without a line where there are fewer than two values.
    """
    (places,) = np.nonzero(np.isfinite(values))
    return f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" preserveAspectRatio="none">{_path(values, places)}</svg>'


def _path(values: NDArray[np.float64], places: NDArray[np.int64]) -> str:
    if len(places) < 2:
        return ""
    low, high = float(values[places].min()), float(values[places].max())
    share = (values[places] - low) / (high - low) if high > low else np.full(len(places), 0.5)
    x = np.rint(places * (_WIDTH / (len(values) - 1))).astype(int).tolist()
    y = np.rint(_HEIGHT - _MARGIN - share * (_HEIGHT - 2 * _MARGIN)).astype(int).tolist()
    points = " ".join(f"{a},{b}" for a, b in zip(x, y, strict=True))
    return f'<polyline points="{points}" fill="none" stroke="currentColor" vector-effect="non-scaling-stroke"/>'
