"""What browser and server agree on about drawn candles, and how the browser labels them."""

from __future__ import annotations

from typing import Final

import bokeh.core.properties as bp
from bokeh.model import DataModel
from bokeh.models import ColumnDataSource, CustomJS, CustomJSHover, CustomJSTicker, CustomJSTickFormatter, Plot

__all__ = ["CandleState", "follow_bars", "hover_formatter", "time_formatter", "time_ticker", "value_formatter"]


class CandleState(DataModel):
    """The state of drawn candles, on both sides. The time axis counts bars.

    The browser decides whether it follows: it alone knows at once that somebody zooms, so no update that is under way
    can take the zoom back.
    """

    following = bp.Bool(True, help="Whether the ranges follow the bars that come")
    home = bp.Any(help="Left, bottom, right, top of the newest bars that were followed")
    decimals = bp.Int(0, help="Digits behind the point of a value")
    width_px = bp.Int(600, help="Width of the plot; the browser tells")


_APPLY_JS: Final = """
const [left, bottom, right, top] = state.home;
state.applying = true;
try {
  plot.x_range.setv({start: left, end: right}, {sync: false});
  plot.y_range.setv({start: bottom, end: top}, {sync: false});
} finally {
  state.applying = false;
}
"""

_PAUSE_JS: Final = """
const {x_range, y_range} = plot;
const now = [x_range.start, y_range.start, x_range.end, y_range.end];
if (!state.applying && now.some((edge, i) => edge !== state.home[i])) state.following = false;
"""

_CALENDAR_JS: Final = """
function day_of(wall) {
  return new Date(wall * 1000).toLocaleDateString("en-GB", {timeZone: "UTC", day: "numeric", month: "short"});
}
function clock_of(wall, with_seconds) {
  return new Date(wall * 1000).toISOString().slice(11, with_seconds ? 19 : 16);
}
"""

_TICKER_JS: Final = """
const {x, time} = source.data;
const {start, end} = cb_data;
const first = Math.max(1, Math.ceil(start - x[0])), last = Math.min(x.length - 1, Math.floor(end - x[0]));
const most = Math.max(2, Math.floor(state.width_px / 85));
const apart = 0.6 * (end - start) / most;
const seconds = [1, 2, 5, 10, 15, 30], hours = [1, 2, 3, 6, 12, 24, 48, 96, 168, 336, 672];
const steps = [...seconds, ...seconds.map((n) => n * 60), ...hours.map((n) => n * 3600)];
for (const step of steps) {
  const begins = (i, length) => Math.floor(time[i] / length) !== Math.floor(time[i - 1] / length);
  const round = [];
  for (let i = first; i <= last; i++) if (begins(i, step)) round.push(i);
  if (round.length > most) continue;
  const ticks = [];
  for (const i of round) {
    const is_near = ticks.length > 0 && i - ticks[ticks.length - 1] < apart;
    if (is_near && !begins(i, 86400)) continue;
    if (is_near) ticks.pop();
    ticks.push(i);
  }
  return ticks.map((i) => x[i]);
}
return [];
"""
"""Bars that are the first of a round time; a day's first bar goes before another."""

_LABEL_JS: Final = (
    _CALENDAR_JS
    + """
const {x, time} = source.data;
const at = (place) => time[Math.round(place - x[0])];
const wall = at(tick), before = index > 0 ? at(ticks[index - 1]) : at(tick - 1);
if (wall === undefined) return "";
const text = clock_of(wall, ticks.some((place) => at(place) % 60 !== 0));
return before === undefined || day_of(before) === day_of(wall) ? text : day_of(wall) + " " + text;
"""
)

_VALUE_JS: Final = """
const step = ticks.length > 1 ? Math.abs(ticks[1] - ticks[0]) : 1;
const digits = Math.max(0, Math.min(9, -Math.floor(Math.log10(step) + 1e-6)));
return tick.toLocaleString("en-US", {minimumFractionDigits: digits, maximumFractionDigits: digits});
"""

_HOVER_JS: Final = (
    _CALENDAR_JS
    + """
if (Number.isNaN(value)) return "\\u2013";
if (format === "time") return day_of(value) + " " + clock_of(value, true);
if (format === "amount") return value.toLocaleString("en-US", {maximumFractionDigits: 8});
const digits = state.decimals + (format === "mean" ? 1 : 0);
return value.toLocaleString("en-US", {minimumFractionDigits: digits, maximumFractionDigits: digits});
"""
)


def time_ticker(source: ColumnDataSource, state: CandleState) -> CustomJSTicker:
    """Return ticks of a time axis that counts bars: at round times, as many as there is room for."""
    return CustomJSTicker(args={"source": source, "state": state}, major_code=_TICKER_JS)


def time_formatter(source: ColumnDataSource) -> CustomJSTickFormatter:
    """Return labels for such an axis: the time of the bar, with its day where that is another."""
    return CustomJSTickFormatter(args={"source": source}, code=_LABEL_JS)


def value_formatter() -> CustomJSTickFormatter:
    """Return labels with as many decimals as tell one tick from the next."""
    return CustomJSTickFormatter(code=_VALUE_JS)


def hover_formatter(state: CandleState) -> CustomJSHover:
    """Return how the hover writes the formats ``time``, ``value``, ``mean`` and ``amount``."""
    return CustomJSHover(args={"state": state}, code=_HOVER_JS)


def follow_bars(plot: Plot, state: CandleState) -> None:
    """Let ranges follow `home` until somebody moves them; a reset follows again. Tells the width of the plot."""
    args = {"plot": plot, "state": state}
    state.js_on_change("home", CustomJS(args=args, code=f"if (state.following) {{ {_APPLY_JS} }}"))
    pause = CustomJS(args=args, code=_PAUSE_JS)
    for axis_range in (plot.x_range, plot.y_range):
        axis_range.js_on_change("start", pause)
        axis_range.js_on_change("end", pause)
    plot.js_on_event("reset", CustomJS(args=args, code=f"{_APPLY_JS}\nstate.following = true;"))
    again = CustomJS(args={"state": state}, code="if (state.following) state.properties.home.change.emit()")
    state.js_on_change("following", again)
    plot.js_on_change("inner_width", CustomJS(args={"state": state}, code="state.width_px = cb_obj.inner_width"))
