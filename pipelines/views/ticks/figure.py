"""The Bokeh figure of a picture: axes, tools and colours, as HoloViews options and as a hook on what it builds."""

from __future__ import annotations

from typing import Any, Final

import holoviews as hv
import numpy as np
from bokeh.models import BasicTicker, CustomJSTickFormatter, DatetimeTicker, NumeralTickFormatter, Plot

from pipelines.views.ticks.axis import TICK_LABEL_JS, date_label
from pipelines.views.ticks.frame import Frame
from pipelines.views.ticks.hover import add_hover
from pipelines.views.ticks.raster import widen_points
from pipelines.views.ticks.state import TickState, follow_in_browser

__all__ = ["PALETTE", "dress", "image_of", "image_options", "ink", "label_axes"]

PALETTE: Final = ("#2b84d3", "#6f6fe0", "#a95bd2", "#d94f9d", "#ee5a4a")
"""From one row a pixel to many. Each colour stands out (3:1 and more) from white and from a dark page alike."""

_MAX_VALUE_DIGITS: Final = 9
_N_TICKS: Final = 6
_TICK_PX: Final = 95
_TEXT: Final = {False: "#3c4043", True: "#d5d8dc"}
"""Colour of text, by whether the page is dark."""
_LINE: Final = "#80868b"


def image_of(frame: Frame, *, value_label: str) -> hv.Image:
    """Return a frame as an element. A lone pixel is widened so that it is seen."""
    return hv.Image(
        widen_points(frame.cells)[::-1],
        bounds=frame.canvas.bounds(frame.axis),
        kdims=["time", hv.Dimension("value", label=value_label)],
        vdims=[hv.Dimension("cell", range=(1, frame.largest))],
    )


def image_options(*, height_px: int, hook: Any) -> dict[str, Any]:
    """Return HoloViews options under which the picture owns its ranges and its size is final from the first frame."""
    return {
        "responsive": True,
        "height": height_px,
        "cmap": list(_ramp()),
        "cnorm": "log",
        "clipping_colors": {"min": "transparent", "NaN": "transparent"},
        "framewise": True,  # the colour scale follows each frame's; the ranges don't, by the next option
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


def dress(plot: Any, state: TickState, frame: Frame, *, value_label: str) -> None:
    """Make HoloViews' figure, when it is new, a picture of ticks."""
    figure, (left, bottom, right, top) = plot.state, frame.canvas.bounds(frame.axis)
    for axis_range, start, end in ((figure.x_range, left, right), (figure.y_range, bottom, top)):
        axis_range.update(start=start, end=end, reset_start=start, reset_end=end)
    state.home = [left, bottom, right, top]
    figure.xaxis.formatter = CustomJSTickFormatter(args={"axis": state}, code=TICK_LABEL_JS)
    add_hover(figure, state, value_label=value_label)
    follow_in_browser(figure, plot.handles["source"], state)


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


def label_axes(figure: Plot, frame: Frame) -> None:
    """Write day and zone under the time axis, and as many decimals on the other as its range needs."""
    canvas, zone = frame.canvas, frame.axis.zone
    figure.xaxis.axis_label = f"{date_label(canvas.start_ns, canvas.end_ns, zone)}, {zone}"
    figure.xaxis.ticker.desired_num_ticks = int(np.clip(canvas.n_columns // _TICK_PX, 2, 8))
    bottom, top = canvas.y_range
    digits = int(np.clip(-np.floor(np.log10(max(top - bottom, 1e-300) / _N_TICKS)), 0, _MAX_VALUE_DIGITS))
    decimals = f".{'0' * digits}" if digits else ""
    formatter = figure.yaxis[0].formatter
    if not isinstance(formatter, NumeralTickFormatter) or formatter.format != f"0,0{decimals}":
        figure.yaxis.formatter = NumeralTickFormatter(format=f"0,0{decimals}")


def _ramp() -> list[str]:
    stops = np.array([[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour in PALETTE])
    places = np.linspace(0, len(PALETTE) - 1, 256)
    rgb = np.stack([np.interp(places, np.arange(len(PALETTE)), channel) for channel in stops.T], axis=1)
    return ["#" + "".join(f"{round(part):02x}" for part in row) for row in rgb]
