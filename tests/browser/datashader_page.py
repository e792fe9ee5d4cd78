"""The figure of a picture with an image made by Datashader in it, and nothing of ours that draws."""

from __future__ import annotations

from typing import Any

import datashader.transfer_functions as tf
import numpy as np
import panel as pn
import xarray as xr
from numpy.typing import NDArray

from pipelines.core.schema import schema_of
from pipelines.live.explore.encode import encoded
from pipelines.live.frames.frame import Frame
from pipelines.live.frames.palette import PALETTE
from pipelines.live.frames.reference import draw_with_datashader
from pipelines.views.ticks.axis import TimeAxis
from pipelines.views.ticks.figure import dress, image_of, image_options, ink
from tests.live.hand_feed import HandFeed
from tests.views.ticks.widened import widened

__all__ = ["datashader_page"]

_HEAD_PX, _HEIGHT_PX = 36, 420


def datashader_page(feed: HandFeed, frame: Frame, *, is_shaded: bool) -> pn.Column:
    """Return a page that is laid out as that of a `TickPicture`, of all rows on the canvas of a frame.

    Its colours are those of the frame for what Datashader counts; where `is_shaded`, those that Datashader's own
    `shade` gives it by ``eq_hist`` over the same palette.
    """
    view = frame.view
    rows = feed.tables[view.kind].since(feed.dictionary.find(view.key), 0)
    look: dict[str, Any] = {"glyph": view.glyph, "reduction": view.reduction, "of": view.of, "by": view.by}
    cells = draw_with_datashader(frame.canvas, rows.columns, value=view.value, **look)
    rgba = _shaded(cells) if is_shaded else _in_colours_of(frame, cells)
    return pn.Column(pn.Spacer(height=_HEAD_PX), _figure(frame, rgba), sizing_mode="stretch_width")


def _in_colours_of(frame: Frame, cells: NDArray[Any]) -> NDArray[np.uint8]:
    """Return colours, uint8[n_columns, n_rows, 4]."""
    codes, _ = encoded(cells, frame.quantiser)
    return frame.colours[widened(codes) if frame.view.glyph == "points" else codes]


def _shaded(counts: NDArray[np.uint32]) -> NDArray[np.uint8]:
    """Return colours, uint8[n_columns, n_rows, 4]. A cell next to one that is alone gets the colour of that."""
    shaded = tf.shade(xr.DataArray(counts, dims=("x", "y")), cmap=list(PALETTE), how="eq_hist").to_numpy()
    assert counts.max() < 256
    colours = np.zeros((256, 4), np.uint8)
    colours[counts] = np.ascontiguousarray(shaded).view(np.uint8).reshape(*counts.shape, 4)
    return colours[widened(counts.astype(np.uint8))]


def _figure(frame: Frame, rgba: NDArray[np.uint8]) -> pn.pane.HoloViews:
    canvas, axis = frame.canvas, TimeAxis.around(frame.edge_ns, "UTC")
    label = f"{frame.view.value} ({schema_of(frame.view.kind).column(frame.view.value).unit})"
    home = (canvas.start_ns, canvas.end_ns, *frame.value_range)

    def finish(plot: Any, _: Any) -> None:
        dress(plot, axis, home, name="datashader", value_label=label)
        ink(plot.state, dark=False)
        plot.state.renderers[0].visible = False
        image = np.ascontiguousarray(rgba.swapaxes(0, 1)).view(np.uint32)[:, :, 0]
        (left, right), (low, high) = (axis.to_axis(ns) for ns in home[:2]), canvas.y_range
        plot.state.image_rgba([image], x=left, y=low, dw=right - left, dh=high - low)

    image = image_of(frame, axis, home[:2], value_label=label)
    options = image_options(frame, height_px=_HEIGHT_PX, hook=finish)
    return pn.pane.HoloViews(
        image.opts(**options, backend="bokeh"),
        backend="bokeh",
        linked_axes=False,
        sizing_mode="stretch_width",
        height=_HEIGHT_PX,
    )
