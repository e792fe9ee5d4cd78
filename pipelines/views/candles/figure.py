"""The Bokeh figure of candles: values above, volumes below, on one axis that counts bars."""

from __future__ import annotations

from typing import Any, Final

from bokeh.layouts import column
from bokeh.models import (
    BasicTicker,
    CDSView,
    ColumnDataSource,
    CustomJSTickFormatter,
    Glyph,
    GlyphRenderer,
    HoverTool,
    Line,
    LinearColorMapper,
    Range1d,
    Segment,
    VBar,
)
from bokeh.plotting import figure

from pipelines.views.candles.state import CandleState, hover_formatter, time_formatter, time_ticker
from pipelines.views.page.theme import THEME
from pipelines.views.ticks.axis import VALUE_LABEL_JS
from pipelines.views.ticks.figure import ink

__all__ = ["CandleFigure"]

_BODY_WIDTH: Final = 0.7
_LEFT_PX: Final = 62
_TOOLS: Final = "pan,box_zoom,xwheel_zoom,reset,save"
_FACTS: Final = {
    "open": ("open", "value"),
    "high": ("high", "value"),
    "low": ("low", "value"),
    "close": ("close", "value"),
    "VWAP": ("vwap", "mean"),
    "volume": ("volume", "amount"),
    "bought": ("buys", "amount"),
    "sold": ("sells", "amount"),
    "rows": ("count", "amount"),
}
"""What the hover tells: columns and how they are written, by what they are called."""
_OF_SIZES: Final = ("VWAP", "volume", "bought", "sold")
_COLUMNS: Final = ("time", *(name for name, _ in _FACTS.values()))


class CandleFigure:
    """Candles of one key at a time: the browser fills `source` and moves the ranges.

    Parameters
    ----------
    name : str
        What the browser finds its parts by: the figures are called so with ``" values"`` and ``" volumes"`` behind it,
        what labels need with ``" state"``.
    height_px : int
        Height of both figures together.
    dark : bool
        Whether the page is dark now.

    Attributes
    ----------
    model : bokeh.models.Column
        What is shown.

    Notes
    -----
    *Threads.* The loop of one session.
    """

    def __init__(self, name: str, *, height_px: int, dark: bool) -> None:
        self._source = ColumnDataSource({name: [] for name in ("x", "rose", *_COLUMNS)})
        self._all = CDSView()
        self._state = CandleState(name=f"{name} state")
        self._hover_formatter = hover_formatter(self._state)
        self._dark: bool | None = None
        self._colours = LinearColorMapper(low=0, high=1)
        volume_px = height_px * 3 // 10
        self._values = _plot(height_px - volume_px, tools=_TOOLS, toolbar_location="above", x_range=Range1d())
        self._volumes = _plot(volume_px, tools="xpan,xwheel_zoom", toolbar_location=None, x_range=self._values.x_range)
        self._values.name, self._volumes.name = f"{name} values", f"{name} volumes"
        self._hovers: list[HoverTool] = []
        self._draw()
        for plot in (self._values, self._volumes):
            self._add_hover(plot)
        self._label()
        self.model = column(self._values, self._volumes, sizing_mode="stretch_width")
        self.paint(dark=dark)
        self.begin(has_volume=True, value_label="")

    def begin(self, *, has_volume: bool, value_label: str) -> None:
        """Show other bars."""
        self._volumes.visible = self._vwap.visible = has_volume
        self._values.xaxis.visible = not has_volume
        self._values.yaxis.axis_label = value_label
        for hover in self._hovers:
            hover.tooltips = _tooltip(has_volume=has_volume)

    def paint(self, *, dark: bool) -> None:
        """Take the colours of a light or a dark page."""
        if dark == self._dark:
            return
        self._dark = dark
        palette = THEME["dark" if dark else "light"]["palette"]
        self._colours.palette = [palette["error"]["main"], palette["success"]["main"]]
        self._vwap.glyph.line_color = palette["primary"]["main"]
        for plot in (self._values, self._volumes):
            ink(plot, dark=dark)

    def _draw(self) -> None:
        colour = {"field": "rose", "transform": self._colours}
        self._add(self._values, Segment(x0="x", y0="low", x1="x", y1="high", line_color=colour))
        body = VBar(x="x", width=_BODY_WIDTH, bottom="open", top="close", fill_color=colour, line_color=colour)
        self._add(self._values, body)
        self._vwap = self._add(self._values, Line(x="x", y="vwap", line_width=1.25, line_alpha=0.9))
        bar = VBar(x="x", width=_BODY_WIDTH, top="volume", fill_color=colour, fill_alpha=0.55, line_color=None)
        self._add(self._volumes, bar)

    def _add(self, plot: figure, glyph: Glyph) -> GlyphRenderer:
        """Draw with a glyph. Nothing is selected, so it needs none of the others that `figure` makes with each."""
        return plot.add_glyph(self._source, glyph, view=self._all)

    def _add_hover(self, plot: figure) -> None:
        """Tell of the bar that is above or below the pointer, or next to it."""
        reach = self._add(plot, VBar(x="x", width=1, bottom="low", top="high", fill_color=None, line_color=None))
        hover = HoverTool(
            renderers=[reach],
            mode="vline",
            attachment="horizontal",
            point_policy="follow_mouse",
            show_arrow=False,
            formatters={f"@{name}": self._hover_formatter for name in _COLUMNS},
            visible=False,  # in the toolbar
        )
        plot.add_tools(hover)
        self._hovers.append(hover)

    def _label(self) -> None:
        ticker, times = time_ticker(self._source, self._state), time_formatter(self._source)
        values = CustomJSTickFormatter(code=VALUE_LABEL_JS)
        for plot in (self._values, self._volumes):
            plot.xaxis.ticker = plot.xgrid.ticker = ticker
            plot.xaxis.formatter, plot.yaxis.formatter = times, values
        self._volumes.yaxis.axis_label = "volume"
        self._volumes.yaxis.ticker = self._volumes.ygrid.ticker = BasicTicker(desired_num_ticks=3)


def _plot(height_px: int, *, tools: str, **options: Any) -> figure:
    plot = figure(
        height=height_px,
        sizing_mode="stretch_width",
        tools=tools,
        active_drag=tools.split(",")[0],
        active_scroll="xwheel_zoom",
        y_range=Range1d(),
        min_border_left=_LEFT_PX,
        min_border_right=12,
        min_border_top=4,
        output_backend="canvas",
        **options,
    )
    plot.toolbar.logo = None
    return plot


def _tooltip(*, has_volume: bool) -> str:
    cells = "".join(
        f'<span style="opacity: 0.7">{label}</span><span style="text-align: right">@{name}{{{form}}}</span>'
        for label, (name, form) in _FACTS.items()
        if has_volume or label not in _OF_SIZES
    )
    grid = "display: grid; grid-template-columns: auto auto; column-gap: 12px; font-size: 12px"
    return f'<div style="{grid}"><b style="grid-column: 1 / 3">@time{{time}}</b>{cells}</div>'
