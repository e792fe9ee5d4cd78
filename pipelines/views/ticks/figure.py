"""The Bokeh figure of a picture: axes, tools and colours, as HoloViews options and as a hook on what it builds."""

from __future__ import annotations

from typing import Any, Final

import holoviews as hv
import holoviews.plotting.bokeh  # registers the backend, as hv.extension would
import numpy as np
from bokeh.models import (
    BasicTicker,
    ColumnDataSource,
    CustomJSTickFormatter,
    DatetimeTicker,
    GlyphRenderer,
    Image,
    LinearColorMapper,
    Plot,
)

from pipelines.kernels.codes import N_CODES
from pipelines.live.frames.frame import Frame
from pipelines.views.ticks.axis import TICK_LABEL_JS, VALUE_LABEL_JS, TimeAxis, date_label
from pipelines.views.ticks.hover import add_hover
from pipelines.views.ticks.state import AxisState

__all__ = ["dress", "image_of", "image_options", "ink"]

_N_TICKS: Final = 6
_TEXT: Final = {False: "#3c4043", True: "#d5d8dc"}
"""Colour of text, by whether the page is dark."""
_LINE: Final = "#80868b"
_CLEAR: Final = "#00000000"
_AS_IT_IS: Final[dict[str, Any]] = {
    "datatype": ["image"],
    "dataset": hv.Dataset({"code": []}, [], ["code"], datatype=["dictionary"]),
}
"""Without these HoloViews asks pandas whether a picture is a table, which takes pandas half a second to import."""


def image_of(frame: Frame | None, axis: TimeAxis, home: tuple[int, int], *, value_label: str) -> hv.Image:
    """Return a frame as an element; without one, an empty element over the times of `home` in nanoseconds."""
    if frame is None:
        codes, times, values = np.zeros((2, 2), np.uint8), home, (0.0, 1.0)
    else:
        codes, times, values = frame.codes.T[::-1], (frame.canvas.start_ns, frame.canvas.end_ns), frame.canvas.y_range
    left, right = (axis.to_axis(time_ns) for time_ns in times)
    return hv.Image(
        codes,
        bounds=(left, values[0], right, values[1]),
        kdims=["time", hv.Dimension("value", label=value_label)],
        vdims=[hv.Dimension("code", range=(0, N_CODES - 1))],
        **_AS_IT_IS,
    )


def image_options(frame: Frame | None, *, height_px: int, hook: Any) -> dict[str, Any]:
    """Return HoloViews options under which the picture owns its ranges and its size is final from the first frame."""
    colours = [_CLEAR] * N_CODES if frame is None else ["#" + rgba.tobytes().hex() for rgba in frame.colours]
    return {
        "responsive": True,
        "height": height_px,
        "cmap": colours,
        "cnorm": "linear",
        "apply_ranges": False,
        "default_tools": [],
        "tools": ["pan", "box_zoom", "wheel_zoom", "reset", "save"],
        "active_tools": ["pan", "wheel_zoom"],
        "toolbar": "above",
        "title": "",
        "show_grid": True,
        "xticks": DatetimeTicker(desired_num_ticks=_N_TICKS),
        "yticks": BasicTicker(desired_num_ticks=_N_TICKS),
        "hooks": [hook],
        "backend_opts": {"plot.output_backend": "canvas", "plot.toolbar.logo": None},
    }


def dress(plot: Any, axis: TimeAxis, home: tuple[int, int, float, float], *, name: str, value_label: str) -> None:
    """Make HoloViews' figure a picture of ticks that the browser finds by its name.

    Parameters
    ----------
    plot : holoviews.plotting.bokeh.RasterPlot
        What HoloViews built.
    axis : TimeAxis
        Its time axis.
    home : tuple of int, int, float and float
        Times in nanoseconds and values that it shows at first.
    name : str
        What the figure is called; its axis state is called the same, with ``" axis"`` behind it.
    value_label : str
        What the values are.
    """
    figure, (start_ns, end_ns, low, high) = plot.state, home
    figure.name = name
    state = AxisState.of(axis)
    state.name = f"{name} axis"
    ends = (axis.to_axis(start_ns), axis.to_axis(end_ns)), (low, high)
    for axis_range, (start, end) in zip((figure.x_range, figure.y_range), ends, strict=True):
        axis_range.update(start=start, end=end, reset_start=start, reset_end=end)
    figure.renderers.append(_answers(plot.handles["color_mapper"]))
    figure.xaxis.formatter = CustomJSTickFormatter(args={"axis": state}, code=TICK_LABEL_JS)
    figure.xaxis.axis_label = f"{date_label(start_ns, end_ns, axis.zone)}, {axis.zone}"
    figure.yaxis.formatter = CustomJSTickFormatter(code=VALUE_LABEL_JS)
    add_hover(figure, state, value_label=value_label)


def _answers(mapper: LinearColorMapper) -> GlyphRenderer:
    """Return a second image, for answers to zooms. It has colours of its own."""
    nothing: dict[str, Any] = {"image": [np.zeros((2, 2), np.uint8)], "x": [0.0], "y": [0.0], "dw": [1.0], "dh": [1.0]}
    own = LinearColorMapper(palette=list(mapper.palette), low=mapper.low, high=mapper.high)
    glyph = Image(image="image", x="x", y="y", dw="dw", dh="dh", color_mapper=own)
    return GlyphRenderer(data_source=ColumnDataSource(nothing), glyph=glyph, visible=False)


def ink(figure: Plot, *, dark: bool) -> None:
    """Colour text and lines for a light or a dark page; the background is the page's."""
    figure.update(background_fill_color=None, border_fill_color=None, outline_line_color=None)
    figure.axis.axis_label_text_color = _TEXT[dark]
    figure.axis.axis_label_text_font_style = "normal"
    figure.axis.major_label_text_color = _TEXT[dark]
    figure.axis.axis_line_color = _LINE
    figure.axis.major_tick_line_color = _LINE
    figure.axis.minor_tick_line_color = None
    figure.grid.grid_line_color = _LINE
    figure.grid.grid_line_alpha = 0.3
