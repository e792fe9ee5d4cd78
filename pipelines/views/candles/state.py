"""How the browser labels candles."""

from __future__ import annotations

from typing import Final

import bokeh.core.properties as bp
from bokeh.model import DataModel
from bokeh.models import ColumnDataSource, CustomJSHover, CustomJSTicker, CustomJSTickFormatter

from pipelines.live.wire.scripts import FORMATS_JS

__all__ = ["CandleState", "hover_formatter", "time_formatter", "time_ticker"]


class CandleState(DataModel):
    """What the labels of drawn candles need. The browser alone changes it. The time axis counts bars."""

    decimals = bp.Int(0, help="Digits behind the point of a value")
    width_px = bp.Int(600, help="Width of the plot")


_CALENDAR_JS: Final = (
    FORMATS_JS
    + """
const day_of = (wall) => formatDay(BigInt(wall) * 1000000000n, "UTC");
const clock_of = (wall, with_seconds) => new Date(wall * 1000).toISOString().slice(11, with_seconds ? 19 : 16);
"""
)

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

_HOVER_JS: Final = (
    _CALENDAR_JS
    + """
if (Number.isNaN(value)) return "\\u2013";
if (format === "time") return day_of(value) + " " + clock_of(value, true);
if (format === "amount") return formatNumber(value, 0, 8);
return formatNumber(value, state.decimals + (format === "mean" ? 1 : 0));
"""
)


def time_ticker(source: ColumnDataSource, state: CandleState) -> CustomJSTicker:
    """Return ticks of a time axis that counts bars: at round times, as many as there is room for."""
    return CustomJSTicker(args={"source": source, "state": state}, major_code=_TICKER_JS)


def time_formatter(source: ColumnDataSource) -> CustomJSTickFormatter:
    """Return labels for such an axis: the time of the bar, with its day where that is another."""
    return CustomJSTickFormatter(args={"source": source}, code=_LABEL_JS)


def hover_formatter(state: CandleState) -> CustomJSHover:
    """Return how the hover writes the formats ``time``, ``value``, ``mean`` and ``amount``."""
    return CustomJSHover(args={"state": state}, code=_HOVER_JS)
