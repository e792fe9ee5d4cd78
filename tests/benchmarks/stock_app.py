"""The market page's picture as stock Panel has it: a Buffer and a DynamicMap a session, rasterised by Datashader."""

from __future__ import annotations

import os
import time

import datashader as ds
import holoviews as hv
import numpy as np
import pandas as pd
import panel as pn
from holoviews.operation.datashader import rasterize

hv.extension("bokeh")

RATE_HZ = float(os.environ["STOCK_ROWS_HZ"])
SPAN_S = 60
FPS = 10


def rows(start_s: float, end_s: float) -> pd.DataFrame:
    """Return the rows of a time: a random walk that is the same for all sessions."""
    time_s = np.arange(np.ceil(start_s * RATE_HZ), np.ceil(end_s * RATE_HZ)) / RATE_HZ
    price = 60_000 + 20 * np.sin(time_s / 7) + np.random.default_rng(1).standard_normal(len(time_s)).cumsum() * 0.1
    return pd.DataFrame({"time": (time_s * 1e9).astype("datetime64[ns]"), "price": price.round(1)})


def page() -> hv.DynamicMap:
    """Return the picture of one session."""
    newest_s = time.time()
    buffer = hv.streams.Buffer(rows(newest_s - SPAN_S, newest_s), length=int(SPAN_S * RATE_HZ), index=False)

    def send() -> None:
        nonlocal newest_s
        before_s, newest_s = newest_s, time.time()
        buffer.send(rows(before_s, newest_s))

    pn.state.onload(lambda: pn.state.add_periodic_callback(send, period=1_000 // FPS))
    points = hv.DynamicMap(lambda data: hv.Points(data, ["time", "price"]), streams=[buffer])
    visible = [hv.streams.PlotSize(), hv.streams.RangeXY(transient=True)]  # without them the range is that of its start
    picture = rasterize(points, aggregator=ds.count(), width=1_200, height=400, streams=visible)
    return picture.opts(width=1_260, height=460)


pn.Column(page()).servable()
