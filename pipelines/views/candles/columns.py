"""Bars as the columns of a figure, and how the browser is told only what changed of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import numpy as np
from bokeh.models import ColumnDataSource
from numpy.typing import NDArray

from pipelines.aggregates.candles import Candles
from pipelines.core.clock import NS_PER_SECOND
from pipelines.views.zones import zone_of

__all__ = ["Columns", "bring_up_to_date", "candle_columns", "n_decimals_of", "wall_seconds"]

Columns = dict[str, NDArray[Any]]

_MAX_DECIMALS: Final = 8


def candle_columns(bars: Candles, first_ordinal: int, zone: str, n_decimals: int) -> Columns:
    """Return what a figure draws and tells of bars.

    Parameters
    ----------
    bars : Candles
        Bars of one key.
    first_ordinal : int
        Where the first one stands.
    zone : str
        The viewer's time zone.
    n_decimals : int
        Of the values. The mean gets two more; sums are free of the noise of adding.
    """
    first = np.int32(first_ordinal)
    # Copies: a source that is patched writes into them.
    return {
        "x": np.arange(first, first + len(bars), dtype=np.int32),
        "time": wall_seconds(bars.start_ns, zone),
        "open": bars.open.copy(),
        "high": bars.high.copy(),
        "low": bars.low.copy(),
        "close": bars.close.copy(),
        "rose": (bars.close >= bars.open).astype(np.int32),
        "vwap": bars.vwap.round(n_decimals + 2),
        "volume": bars.volume.round(_MAX_DECIMALS),
        "buys": bars.buy_volume.round(_MAX_DECIMALS),
        "sells": bars.sell_volume.round(_MAX_DECIMALS),
        "count": bars.n_rows.astype(np.int32),
    }


def wall_seconds(time_ns: NDArray[np.int64], zone: str) -> NDArray[np.float64]:
    """Return what clocks in `zone` show at ascending times, float64[n], as seconds since their 1970."""
    seconds = time_ns // NS_PER_SECOND
    ends = {_offset_s(int(second), zone) for second in seconds[[0, -1]]} if len(seconds) else {0}
    offsets = ends.pop() if len(ends) == 1 else np.array([_offset_s(second, zone) for second in seconds.tolist()])
    wall: NDArray[np.float64] = (seconds + offsets).astype(np.float64)
    return wall


def n_decimals_of(values: NDArray[np.float64]) -> int:
    """Return how many decimals all values need to be shown as they are, at most 8."""
    for n_decimals in range(_MAX_DECIMALS):
        if (np.abs(values - values.round(n_decimals)) < 0.5 * 10.0**-_MAX_DECIMALS).all():
            return n_decimals
    return _MAX_DECIMALS


def bring_up_to_date(source: ColumnDataSource, columns: Columns) -> bool:
    """Make a source equal to `columns` by sending what is new or changed; all of it where a bar came in between.

    Returns whether there was anything to send.
    """
    before: Columns = dict(source.data)
    n_gone = _n_gone(before, columns)
    if n_gone is None:
        source.data = columns
        return True
    n_before = len(before["x"])
    n_same = n_before - n_gone
    patches = {}
    for name, column in columns.items():
        (rows,) = np.nonzero(~_equal(before[name][n_gone:], column[:n_same]))
        if len(rows):
            patches[name] = [(n_gone + row, column[row].item()) for row in rows.tolist()]
    if patches:
        source.patch(patches)
    if n_same < len(columns["x"]):
        source.stream({name: column[n_same:] for name, column in columns.items()}, rollover=len(columns["x"]))
    return bool(patches) or n_same < len(columns["x"])


def _n_gone(before: Columns, after: Columns) -> int | None:
    """Return how many bars went at the beginning, where bars only went there and came at the end; None elsewhere."""
    if len(before.get("x", ())) == 0 or len(after["x"]) == 0:
        return None
    n_gone = int(after["x"][0]) - int(before["x"][0])
    n_same = len(before["x"]) - n_gone
    came_and_went = 0 <= n_gone < len(before["x"]) and n_same <= len(after["x"])
    goes_on = came_and_went and (n_gone == 0 or n_same < len(after["x"]))
    return n_gone if goes_on and bool((before["time"][n_gone:] == after["time"][:n_same]).all()) else None


def _equal(before: NDArray[Any], after: NDArray[Any]) -> NDArray[np.bool_]:
    equal: NDArray[np.bool_] = (before == after) | ((before != before) & (after != after))
    return equal


def _offset_s(second: int, zone: str) -> int:
    offset = datetime.fromtimestamp(second, zone_of(zone)).utcoffset()
    return 0 if offset is None else round(offset.total_seconds())
