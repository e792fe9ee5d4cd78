"""The Bokeh figure of a picture: axes, tools and colours, as HoloViews options and as a hook on what it builds."""

from __future__ import annotations

from typing import Any, Final

import holoviews as hv
import numpy as np
from bokeh.models import BasicTicker, CustomJSTickFormatter, DatetimeTicker, NumeralTickFormatter, Plot
from numpy.typing import NDArray

from pipelines.views.ticks.axis import TICK_LABEL_JS, TimeAxis, date_label
from pipelines.views.ticks.hover import add_hover
from pipelines.views.ticks.lens import Shown
from pipelines.views.ticks.state import TickState, follow_in_browser

__all__ = ["colour", "dress", "image_of", "image_options", "ink", "label_axes", "nothing", "widen_points"]

_MAX_VALUE_DIGITS: Final = 9
_N_TICKS: Final = 6
_TICK_PX: Final = 95
_TEXT: Final = {False: "#3c4043", True: "#d5d8dc"}
"""Colour of text, by whether the page is dark."""
_LINE: Final = "#80868b"
_AS_IT_IS: Final[dict[str, Any]] = {
    "datatype": ["image"],
    "dataset": hv.Dataset({"code": []}, [], ["code"], datatype=["dictionary"]),
}
"""Without these HoloViews asks pandas whether a picture is a table, which takes pandas half a second to import."""


def image_of(shown: Shown, *, value_label: str) -> hv.Image:
    """Return a picture as an element. A lone point is widened so that it is seen."""
    codes = shown.codes if shown.view.glyph == "line" else widen_points(shown.codes)
    return hv.Image(
        codes.T[::-1],
        bounds=shown.bounds,
        kdims=["time", hv.Dimension("value", label=value_label)],
        vdims=[hv.Dimension("code", range=(0, len(shown.colours) - 1))],
        **_AS_IT_IS,
    )


def nothing(axis: TimeAxis, end_ns: int, span_ns: int, *, value_label: str) -> hv.Image:
    """Return an empty element as wide as the picture will be."""
    left, right = axis.to_axis(end_ns - span_ns), axis.to_axis(end_ns)
    kdims = ["time", hv.Dimension("value", label=value_label)]
    vdims = [hv.Dimension("code", range=(0, 255))]
    blank = np.zeros((2, 2), np.uint8)
    return hv.Image(blank, bounds=(left, 0.0, right, 1.0), kdims=kdims, vdims=vdims, **_AS_IT_IS)


def widen_points(codes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Let a cell that is alone reach one cell to all sides, so that it is seen. Others stay exactly as they are."""
    alone = np.where(_around((codes > 0).view(np.uint8), np.add) == 1, codes, np.uint8(0))
    return np.maximum(codes, _around(alone, np.maximum))


def _around(cells: NDArray[np.uint8], combine: np.ufunc) -> NDArray[np.uint8]:
    """Return what each cell and the eight around it come to."""
    padded = np.pad(cells, 1)
    across = combine(combine(padded[:-2], padded[1:-1]), padded[2:])
    around: NDArray[np.uint8] = combine(combine(across[:, :-2], across[:, 1:-1]), across[:, 2:])
    return around


def image_options(*, height_px: int, colours: list[str], hook: Any) -> dict[str, Any]:
    """Return HoloViews options under which the picture owns its ranges and its size is final from the first frame."""
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


def colour(plot: Any, colours: list[str], table: NDArray[np.uint8]) -> None:
    """Give a figure the colours of a picture, and note them in what HoloViews takes for its colours."""
    wanted = ["#" + rgba.tobytes().hex() for rgba in table]
    if wanted != colours:
        colours[:] = wanted
    mapper = plot.handles["color_mapper"]
    if mapper.palette is colours or mapper.palette != wanted:
        mapper.palette = wanted


def dress(plot: Any, state: TickState, home: tuple[float, float, float, float], *, value_label: str) -> None:
    """Make HoloViews' figure, when it is new, a picture of ticks."""
    figure, (left, bottom, right, top) = plot.state, home
    for axis_range, start, end in ((figure.x_range, left, right), (figure.y_range, bottom, top)):
        axis_range.update(start=start, end=end, reset_start=start, reset_end=end)
    state.home = [left, bottom, right, top]
    figure.xaxis.formatter = CustomJSTickFormatter(args={"axis": state}, code=TICK_LABEL_JS)
    add_hover(figure, state, value_label=value_label)
    follow_in_browser(figure, state)


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


def label_axes(figure: Plot, shown: Shown, *, width_px: int) -> None:
    """Write day and zone under the time axis, and as many decimals on the other as its range needs."""
    canvas, zone = shown.canvas, shown.axis.zone
    figure.xaxis.axis_label = f"{date_label(canvas.start_ns, canvas.end_ns, zone)}, {zone}"
    figure.xaxis.ticker.desired_num_ticks = int(np.clip(width_px // _TICK_PX, 2, 8))
    bottom, top = shown.value_range
    digits = int(np.clip(-np.floor(np.log10(max(top - bottom, 1e-300) / _N_TICKS)), 0, _MAX_VALUE_DIGITS))
    decimals = f".{'0' * digits}" if digits else ""
    formatter = figure.yaxis[0].formatter
    if not isinstance(formatter, NumeralTickFormatter) or formatter.format != f"0,0{decimals}":
        figure.yaxis.formatter = NumeralTickFormatter(format=f"0,0{decimals}")
