"""What a viewer is told about the place under the pointer: the raw row, and how its cell was made."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from bokeh.models import CustomJS, HoverTool, Plot
from bokeh.models.dom import Div, Span, Styles, ValueOf
from numpy.typing import NDArray

from pipelines.core.spec import Glyph
from pipelines.views.ticks.axis import FORMAT_TIME_JS
from pipelines.views.ticks.raster import AGGREGATIONS, Canvas
from pipelines.views.ticks.state import TickState

__all__ = ["add_hover", "describe_row", "nearest_row"]

_REACH_PX: Final = 6.0


def nearest_row(
    canvas: Canvas, time_ns: NDArray[np.int64], value: NDArray[np.float64], pointer: tuple[int, float]
) -> int | None:
    """Return the index of the row that is drawn nearest to the pointer, or None where none is within 6 pixels.

    Parameters
    ----------
    canvas : Canvas
        The pixels.
    time_ns, value : int64[n], float64[n]
        The rows, in any order. The last of several that are equally near is taken.
    pointer : tuple of int and float
        Time (nanoseconds UTC) and value that it points at.
    """
    column_ns = (canvas.x_range[1] - canvas.x_range[0]) / canvas.n_columns
    row_height = (canvas.y_range[1] - canvas.y_range[0]) / canvas.n_rows
    near = np.flatnonzero(np.abs(time_ns - pointer[0]) <= _REACH_PX * column_ns)
    if not len(near):
        return None
    across = (time_ns[near] - pointer[0]) / column_ns
    up = (value[near] - pointer[1]) / row_height
    distance = across**2 + up**2
    nearest = len(near) - 1 - int(np.argmin(distance[::-1]))
    return int(near[nearest]) if distance[nearest] <= _REACH_PX**2 else None


def describe_row(time_ns: int, value: float, cell: int, reduction: Glyph) -> dict[str, str]:
    """Return what the hover shows of a row: time (as decimal nanoseconds) and value to the last digit, and its cell."""
    name = AGGREGATIONS[reduction]
    said = f"{cell:,}" if reduction == "points" else ("line" if cell else "no line")
    return {"time": str(time_ns), "value": f"{value:,}", "cell": f"{name}: {said}"}


def add_hover(figure: Plot, state: TickState, *, value_label: str) -> None:
    """Give a figure its hover. It asks through `state.pointer` and shows what comes in `state.row`."""
    figure.add_tools(_hover_tool(state, value_label=value_label))
    # The tool shows a copy of what it made when the pointer moved, and makes it anew when the figure is painted.
    repaint = CustomJS(args={"figure": figure}, code="Bokeh.index.find_one(figure)?.request_repaint()")
    state.js_on_change("row", repaint)


def _hover_tool(state: TickState, *, value_label: str) -> HoverTool:
    show = {
        "time": "return row.time === undefined ? '' : format_time(BigInt(row.time), state.zone, 9);",
        "value": "return row.value ?? '';",
        "cell": "return row.cell ?? '';",
    }
    labels = {"time": "time", "value": value_label, "cell": "pixel"}
    children: list[Any] = []
    for name, code in show.items():
        body = f"{FORMAT_TIME_JS}\nexport default ({{state}}) => {{ const row = state.row ?? {{}}; {code} }}"
        formatter = CustomJS(args={"state": state}, code=body)
        value = ValueOf(obj=state, attr="row", format="@{custom}", formatter=formatter)
        children += [
            Span(children=[labels[name]], style={"opacity": "0.7"}),
            Span(children=[value], style={"font_variant_numeric": "tabular-nums"}),
        ]
    tooltip = Div(children=children, style=Styles(display="grid", grid_template_columns="auto auto", column_gap="10px"))
    return HoverTool(
        tooltips=tooltip,
        callback=CustomJS(
            args={"state": state},
            code="export default ({state}, _, {geometry: {x, y}}) => { state.pointer = [x, y] }",
        ),
        filters={"": CustomJS(args={"state": state}, code="export default ({state}) => 'time' in (state.row ?? {})")},
        attachment="horizontal",
        visible=False,  # in the toolbar
        point_policy="follow_mouse",
    )
