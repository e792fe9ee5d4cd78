"""What a viewer is told about the place under the pointer."""

from __future__ import annotations

from typing import Any

from bokeh.models import CustomJS, HoverTool, Plot
from bokeh.models.dom import Div, Span, Styles, ValueOf

from pipelines.live.wire.scripts import FORMATS_JS
from pipelines.views.ticks.state import AxisState

__all__ = ["add_hover"]

_POINT_JS = """
export default ({state}, _, {geometry: {x, y}}) => { state.setv({pointer: [x, y]}, {sync: false}) }
"""


def add_hover(figure: Plot, state: AxisState, *, value_label: str) -> None:
    """Give a figure its hover. It says in `state.pointer` what it is over, and shows what comes in `state.row`."""
    figure.add_tools(_hover_tool(state, value_label=value_label))
    # The tool shows a copy of what it made when the pointer moved, and makes it anew when the figure is painted.
    repaint = CustomJS(args={"figure": figure}, code="Bokeh.index.find_one(figure)?.request_repaint()")
    state.js_on_change("row", repaint)


def _hover_tool(state: AxisState, *, value_label: str) -> HoverTool:
    show = {
        "time": "return row.time === undefined ? '' : formatTime(BigInt(row.time), state.zone, 9);",
        "value": "return row.value ?? '';",
        "cell": "return row.cell ?? '';",
    }
    labels = {"time": "time", "value": value_label, "cell": "pixel"}
    children: list[Any] = []
    for name, code in show.items():
        body = f"{FORMATS_JS}\nexport default ({{state}}) => {{ const row = state.row ?? {{}}; {code} }}"
        formatter = CustomJS(args={"state": state}, code=body)
        value = ValueOf(obj=state, attr="row", format="@{custom}", formatter=formatter)
        children += [
            Span(children=[labels[name]], style={"opacity": "0.7"}),
            Span(children=[value], style={"font_variant_numeric": "tabular-nums"}),
        ]
    tooltip = Div(children=children, style=Styles(display="grid", grid_template_columns="auto auto", column_gap="10px"))
    return HoverTool(
        tooltips=tooltip,
        callback=CustomJS(args={"state": state}, code=_POINT_JS),
        filters={"": CustomJS(args={"state": state}, code="export default ({state}) => 'time' in (state.row ?? {})")},
        attachment="horizontal",
        visible=False,  # in the toolbar
        point_policy="follow_mouse",
    )
