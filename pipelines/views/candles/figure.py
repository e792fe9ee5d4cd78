"""The Bokeh figure of candles: values above, volumes below, on one axis that counts bars."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from bokeh.layouts import column
from bokeh.models import BasicTicker, ColumnDataSource, HoverTool, LinearColorMapper, Range1d
from bokeh.plotting import figure

from pipelines.core.clock import NS_PER_SECOND
from pipelines.live.frames.value_scale import ValueScale
from pipelines.views.candles.columns import Columns, bring_up_to_date, candle_columns
from pipelines.views.candles.older import no_bars
from pipelines.views.candles.state import (
    CandleState,
    follow_bars,
    hover_formatter,
    time_formatter,
    time_ticker,
    value_formatter,
)
from pipelines.views.page.theme import THEME
from pipelines.views.ticks.figure import ink

__all__ = ["CandleFigure"]

_BODY_WIDTH: Final = 0.7
_BAR_PX: Final = 7
_MIN_BARS: Final = 30
_MAX_BARS: Final = 120
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
    """Candles of one key at a time.

    Parameters
    ----------
    height_px : int
        Height of both parts together.
    dark : bool
        Whether the page is dark now.

    Attributes
    ----------
    model : bokeh.models.Column
        What is shown.
    source : ColumnDataSource
        The bars, as `candle_columns` makes them.
    state : CandleState
        Whether it follows, and where it is then.

    Notes
    -----
    *Threads.* The loop of one session.
    """

    def __init__(self, *, height_px: int, dark: bool) -> None:
        self.source = ColumnDataSource(data=candle_columns(no_bars(NS_PER_SECOND), 0, "UTC", 0))
        self.state = CandleState(home=[0.0, 0.0, 1.0, 1.0])
        self._dark: bool | None = None
        self._colours = LinearColorMapper(low=0, high=1)
        volume_px = height_px * 3 // 10
        self._values = _plot(height_px - volume_px, tools=_TOOLS, toolbar_location="above", x_range=Range1d())
        self._volumes = _plot(volume_px, tools="xpan,xwheel_zoom", toolbar_location=None, x_range=self._values.x_range)
        self._hovers: list[HoverTool] = []
        self._is_placed = False
        self._draw()
        for plot in (self._values, self._volumes):
            self._add_hover(plot)
        self._label()
        follow_bars(self._values, self.state)
        self.model = column(self._values, self._volumes, sizing_mode="stretch_width")
        self.paint(dark=dark)
        self.begin(has_volume=True, value_label="")

    def begin(self, *, has_volume: bool, value_label: str) -> None:
        """Follow other bars, or the same in another zone."""
        self._scale, self._volume_scale = ValueScale(), ValueScale()
        self.state.following = True
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

    def show(self, columns: Columns, *, n_decimals: int, time_label: str) -> bool:
        """Show bars, and tell the browser what changed of them. Returns whether anything did."""
        before = (self.state.home, self.state.decimals, self._volumes.y_range.end)
        self.state.decimals = n_decimals
        if self._values.xaxis[0].axis_label != time_label:
            self._values.xaxis.axis_label = self._volumes.xaxis.axis_label = time_label
        is_new = bring_up_to_date(self.source, columns)
        if self.state.following and len(columns["x"]):
            self._follow(columns)
        return is_new or before != (self.state.home, self.state.decimals, self._volumes.y_range.end)

    def _follow(self, columns: Columns) -> None:
        room = int(np.clip(self.state.width_px // _BAR_PX, _MIN_BARS, _MAX_BARS))
        n_shown = int(np.clip(len(columns["x"]), _MIN_BARS, room))
        newest = slice(-n_shown, None)
        end = int(columns["x"][-1]) + 0.5
        bottom, top = self._scale.fit(float(columns["low"][newest].min()), float(columns["high"][newest].max()))
        _, most = self._volume_scale.fit(0.0, float(columns["volume"][newest].max()))
        self.state.home = [end - n_shown, bottom, end + 1.0 + n_shown // 40, top]
        self._volumes.y_range.update(start=0.0, end=most)
        if not self._is_placed:  # a page that is about to be drawn is not told of `home`
            self._is_placed = True
            self._values.x_range.update(start=self.state.home[0], end=self.state.home[2])
            self._values.y_range.update(start=bottom, end=top)

    def _draw(self) -> None:
        colour = {"field": "rose", "transform": self._colours}
        self._values.segment("x", "low", "x", "high", source=self.source, line_color=colour)
        body = {"fill_color": colour, "line_color": colour}
        self._values.vbar("x", _BODY_WIDTH, "open", "close", source=self.source, **body)
        self._vwap = self._values.line("x", "vwap", source=self.source, line_width=1.25, line_alpha=0.9)
        bar = {"fill_color": colour, "fill_alpha": 0.55, "line_color": None}
        self._volumes.vbar("x", _BODY_WIDTH, "volume", 0, source=self.source, **bar)

    def _add_hover(self, plot: figure) -> None:
        """Tell of the bar that is above or below the pointer, or next to it."""
        reach = plot.vbar("x", 1, "low", "high", source=self.source, fill_color=None, line_color=None)
        formatter = hover_formatter(self.state)
        hover = HoverTool(
            renderers=[reach],
            mode="vline",
            attachment="horizontal",
            point_policy="follow_mouse",
            show_arrow=False,
            formatters={f"@{name}": formatter for name in _COLUMNS},
            visible=False,  # in the toolbar
        )
        plot.add_tools(hover)
        self._hovers.append(hover)

    def _label(self) -> None:
        for plot in (self._values, self._volumes):
            plot.xaxis.ticker = plot.xgrid.ticker = time_ticker(self.source, self.state)
            plot.xaxis.formatter = time_formatter(self.source)
            plot.yaxis.formatter = value_formatter()
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
