"""A page with one picture over a feed in memory, to be served: ``python -m tests.browser.tick_app PORT [document]``.

Its frames come over the route, or over the document. ``/go`` lets rows come, ``/stop`` ends that, ``/newest`` tells the
newest frame; the page takes ``zone`` and ``look`` from its address. ``/datashader`` shows what Datashader makes of the
rows on the canvas of that frame.
"""

from __future__ import annotations

import asyncio
import importlib
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import panel as pn
from tornado.ioloop import PeriodicCallback
from tornado.web import RequestHandler

from pipelines.core.clock import NS_PER_SECOND, SystemClock
from pipelines.live.broadcast.channel import Channel
from pipelines.live.broadcast.handler import FramesHandler
from pipelines.live.broadcast.hub import Hub
from pipelines.live.broadcast.ticket import process_tickets
from pipelines.views.ticks.document import _beats
from pipelines.views.ticks.picture import TickPicture
from tests.live.hand_feed import HandFeed

SPAN_NS = 20_000_000_000
ROWS_A_BEAT = 40
BEAT_S = 0.04


class LiveFeed(HandFeed):
    """A random walk by the clock of the machine, for as long as `flowing` is set."""

    def __init__(self) -> None:
        self._newest_ns = 0
        super().__init__(clock=SystemClock())
        self.flowing = threading.Event()
        self._price, self._random = 60_000.0, np.random.default_rng(1)
        now_ns = self.clock.now_ns()
        self._walk(now_ns - SPAN_NS, now_ns, 20_000)
        threading.Thread(target=self._run, daemon=True).start()

    def shown_edge_ns(self) -> int:
        return min(self.clock.now_ns(), self._newest_ns + NS_PER_SECOND)

    def _run(self) -> None:
        last_ns, pause = self.clock.now_ns(), threading.Event()
        while True:
            pause.wait(BEAT_S)
            now_ns = self.clock.now_ns()
            if self.flowing.is_set():
                self._walk(last_ns, now_ns, ROWS_A_BEAT)
            else:
                self.publish()
            last_ns = now_ns

    def _walk(self, start_ns: int, end_ns: int, n_rows: int) -> None:
        steps = self._random.normal(0, 2, n_rows).round() / 100
        price = (self._price + np.cumsum(steps)).round(2)
        self._price, self._newest_ns = float(price[-1]), end_ns
        sides = np.sign(self._random.integers(-3, 6, n_rows))
        self.add(np.sort(self._random.integers(start_ns, end_ns, n_rows)), price, side=sides)


def main(port: int, over: str = "route") -> None:
    """Serve the page until killed."""
    feed = LiveFeed()
    hubs: list[Hub] = []

    def hub() -> Hub:
        if not hubs:
            loop = asyncio.get_running_loop()
            hubs.append(
                Hub(
                    sources=lambda: {feed.name: feed},
                    tickets=process_tickets(),
                    clock=feed.clock,
                    post=loop.call_soon_threadsafe,
                    workers=ThreadPoolExecutor(1),
                )
            )
            PeriodicCallback(hubs[0].beat, 50).start()
        return hubs[0]

    class Flow(RequestHandler):
        def get(self, action: str) -> None:
            (feed.flowing.set if action == "go" else feed.flowing.clear)()

    def watched() -> Channel:
        hubs_there = [hub()] if over == "route" else [beat._hub for beat in _beats[feed].values()]
        return next(iter(hubs_there[0].channels.values()))  # a document's others end some seconds after their tabs

    class Newest(RequestHandler):
        def get(self) -> None:
            channel = watched()
            frame = channel.stream.frame
            assert frame is not None
            self.finish(
                {
                    "generation": channel.generation,
                    "column_log2": frame.canvas.column_log2,
                    "first_column": str(frame.canvas.first_column),
                    "codes": [column.tobytes().hex() for column in frame.codes],
                    "colours": frame.colours.tobytes().hex(),
                    "n_frames": dict(channel.counts.n_frames),
                }
            )

    def page() -> TickPicture:
        options: dict[str, Any] = {
            name: values[0].decode() for name, values in pn.state.session_args.items() if name in ("zone", "look")
        }
        return TickPicture(feed, key="BTC", span_ns=SPAN_NS, **options)

    def reference() -> pn.Column:
        from tests.browser.datashader_page import datashader_page  # takes seconds to import

        frame = watched().stream.frame
        assert frame is not None
        return datashader_page(feed, frame, is_shaded="shade" in pn.state.session_args)

    patterns: list[Any] = [(r"/(go|stop)", Flow), (r"/newest", Newest)]
    if over == "route":
        importlib.import_module("pipelines.live.routes")  # as `--plugins` does
        patterns.append((r"/frames", FramesHandler, {"hub": hub}))
    pn.serve(
        {"ticks": page, "datashader": reference}, port=port, address="127.0.0.1", show=False, extra_patterns=patterns
    )


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
