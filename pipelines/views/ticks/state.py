"""What browser and server agree on about one drawn picture."""

from __future__ import annotations

import bokeh.core.properties as bp
from bokeh.model import DataModel
from bokeh.models import CustomJS, Plot

from pipelines.views.ticks.axis import TimeAxis

__all__ = ["TickState", "follow_in_browser"]


class TickState(DataModel):
    """The state of one drawn picture, on both sides.

    The browser decides whether it follows: it alone knows at once that somebody zooms, so no frame that is under way
    can take the zoom back.
    """

    following = bp.Bool(True, help="Whether the ranges follow the frames that come")
    origin = bp.String("0", help="Time at 0 of the axis, nanoseconds UTC")
    zone = bp.String("UTC", help="Time zone of axis and hover")
    home = bp.Any(help="Left, bottom, right, top of the newest frame that was followed")
    frame = bp.Int(0, help="Frames sent")
    painted = bp.Int(0, help="The newest frame that the browser has painted; it falls behind in a tab that is hidden")
    pointer = bp.Any(help="Where the pointer is: milliseconds of the axis, and value")
    row = bp.Any(help="The row under the pointer: time, value and cell as text; empty where there is none")

    def set_axis(self, axis: TimeAxis) -> None:
        """Tell the browser which time is 0."""
        self.update(origin=str(axis.origin_ns), zone=axis.zone)


_APPLY_JS = """
const [left, bottom, right, top] = state.home;
state.applying = true;
try {
  plot.x_range.setv({start: left, end: right}, {sync: false});
  plot.y_range.setv({start: bottom, end: top}, {sync: false});
} finally {
  state.applying = false;
}
"""

_PAUSE_JS = """
const {x_range, y_range} = plot;
const now = [x_range.start, y_range.start, x_range.end, y_range.end];
if (!state.applying && now.some((edge, i) => edge !== state.home[i])) state.following = false;
"""

_ACKNOWLEDGE_JS = "const frame = state.frame; requestAnimationFrame(() => setTimeout(() => { state.painted = frame }))"


def follow_in_browser(plot: Plot, state: TickState) -> None:
    """Let ranges follow `home`, until somebody moves them; a reset follows again.

    Each frame is answered once it is painted.
    """
    args = {"plot": plot, "state": state}
    state.js_on_change("home", CustomJS(args=args, code=f"if (state.following) {{ {_APPLY_JS} }}"))
    pause = CustomJS(args=args, code=_PAUSE_JS)
    for axis_range in (plot.x_range, plot.y_range):
        axis_range.js_on_change("start", pause)
        axis_range.js_on_change("end", pause)
    plot.js_on_event("reset", CustomJS(args=args, code=f"{_APPLY_JS}\nstate.following = true;"))
    state.js_on_change("frame", CustomJS(args=args, code=_ACKNOWLEDGE_JS))
