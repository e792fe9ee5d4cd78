"""What a viewer is told about the place under the pointer: the raw row, and how its cell was made."""

from __future__ import annotations

from itertools import product
from typing import Any, Final

from bokeh.models import CustomJS, HoverTool, Plot
from bokeh.models.dom import Div, Span, Styles, ValueOf

from pipelines.live.explore.pick import pick
from pipelines.store.series import Series
from pipelines.views.ticks.axis import FORMAT_TIME_JS
from pipelines.views.ticks.lens import Shown
from pipelines.views.ticks.state import TickState

__all__ = ["add_hover", "row_under"]

_AROUND: Final = sorted(product((0, -1, 1), repeat=2), key=lambda step: abs(step[0]) + abs(step[1]))
"""The cells that a widened point covers, from the middle outwards."""


def row_under(shown: Shown, series: Series, time_ns: int, value: float) -> dict[str, str]:
    """Return what the hover shows of the cell at a time and value, or of the nearest cell that is widened to there.

    That is the raw row, its time as decimal nanoseconds and its value to the last digit, and what its cell says of how
    many rows. Empty where there is none.
    """
    view, canvas = shown.view, shown.canvas
    for columns, rows in [(0, 0)] if view.glyph == "line" else _AROUND:
        at_ns, at_value = time_ns + columns * canvas.column_ns, value + rows * canvas.pitch
        if view.glyph == "points" and not _is_filled(shown, at_ns, at_value):
            continue  # without a look at the rows, of which there may be millions
        picked = pick(
            series,
            canvas,
            at_ns,
            at_value,
            value=view.value,
            glyph=view.glyph,
            reduction=view.reduction,
            of=view.of,
            limit=1,
        )
        if picked.n_rows:
            what = "rows in this column" if view.glyph == "line" else picked.aggregation
            row_ns, row_value = picked.rows["time"][0], picked.rows[view.value][0]
            return {"time": str(row_ns), "value": f"{row_value:,}", "cell": f"{what}: {picked.n_rows:,}"}
    return {}


def _is_filled(shown: Shown, time_ns: int, value: float) -> bool:
    canvas = shown.canvas
    scale, translation = canvas.y_transform
    column, row = canvas.column_of(time_ns) - canvas.first_column, int(value * scale + translation)
    inside = 0 <= column < canvas.n_columns and 0 <= row < canvas.n_rows
    return inside and bool(shown.codes[column, row])


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
