"""Lines that no aggregate holds, drawn by Datashader: on a GPU where there is one that draws the same."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pipelines.aggregates.canvas import Canvas
from pipelines.core.spec import Reduction
from pipelines.live.frames.reference import draw_with_datashader

__all__ = ["draw_line_with_datashader"]

_LOG: Final = logging.getLogger(__name__)
_LOCK: Final = threading.Lock()
_TRIAL: Final = Canvas(column_log2=4, first_column=0, n_columns=64, step=1.0, level=0, first_row=-32, n_rows=64)


def draw_line_with_datashader(
    canvas: Canvas,
    columns: Mapping[str, NDArray[Any]],
    *,
    value: str,
    reduction: Reduction,
    of: str | None,
    by: str | None,
) -> NDArray[Any]:
    """Draw a line through rows as `draw_with_datashader` does.

    On a GPU (CuPy and cuDF) where it has drawn a trial line as the processor does. Its sums are added in any order, so
    their last bits may differ.

    Parameters
    ----------
    canvas : Canvas
        The cells.
    columns : mapping of str to any[n]
        Rows in the canvas' range of time, stably sorted by time.
    value, reduction, of, by
        As in `ViewSpec`.
    """
    with _LOCK:
        has_gpu = _has_gpu()
    draw = _draw_on_gpu if has_gpu and by is None else draw_with_datashader
    return draw(canvas, columns, value=value, glyph="line", reduction=reduction, of=of, by=by)


def _draw_on_gpu(canvas: Canvas, columns: Mapping[str, NDArray[Any]], **how: Any) -> NDArray[Any]:
    import cudf  # type: ignore[import-not-found]

    return draw_with_datashader(canvas, columns, **how, to_frame=cudf.from_pandas)


@cache
def _has_gpu() -> bool:
    """Tell whether a GPU draws a trial line as the processor does, and log it once."""
    random = np.random.default_rng(0)
    rows = {"time": np.arange(1_024), "value": random.normal(0.0, 30.0, 1_024), "of": random.normal(size=1_024)}
    reductions: tuple[tuple[Reduction, str | None], ...] = (("count", None), ("mean", "of"))
    try:
        for reduction, of in reductions:
            drawn = _draw_on_gpu(_TRIAL, rows, value="value", glyph="line", reduction=reduction, of=of)
            exact = draw_with_datashader(_TRIAL, rows, value="value", glyph="line", reduction=reduction, of=of)
            np.testing.assert_allclose(drawn, exact, rtol=1e-9)
    except Exception as error:  # whatever a GPU, its driver or its libraries lack
        _LOG.info("explore draws on the processor: %s", str(error).strip().partition("\n")[0])
        return False
    _LOG.info("explore draws lines on the GPU")
    return True
