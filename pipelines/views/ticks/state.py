"""What the parts of one drawn picture share in the browser."""

from __future__ import annotations

import bokeh.core.properties as bp
from bokeh.model import DataModel

from pipelines.views.ticks.axis import TimeAxis

__all__ = ["AxisState"]


class AxisState(DataModel):
    """The time axis of one drawn picture, and what is pointed at on it. The browser alone changes it from then on."""

    origin = bp.String("0", help="Time at 0 of the axis, nanoseconds UTC")
    zone = bp.String("UTC", help="Time zone of axis and hover")
    pointer = bp.Any(help="Where the pointer is: milliseconds of the axis, and value")
    row = bp.Any(help="The row under the pointer: time, value and cell as text; empty where there is none")

    @classmethod
    def of(cls, axis: TimeAxis) -> AxisState:
        """Make the state of an axis that nothing points at."""
        return cls(origin=str(axis.origin_ns), zone=axis.zone, row={})
