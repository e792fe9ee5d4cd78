"""A page with one picture over a feed in memory, to be served: ``python -m tests.browser.tick_app PORT``.

``/go`` lets rows come, ``/stop`` ends that; the page takes ``zone`` and ``look`` from its address.
"""

from __future__ import annotations

import sys
import threading
from typing import Any

import numpy as np
import panel as pn
from tornado.web import RequestHandler

from pipelines.core.clock import SystemClock
from pipelines.views.ticks.picture import TickPicture
from tests.live.hand_feed import HandFeed

SPAN_NS = 20_000_000_000
ROWS_A_BEAT = 40
BEAT_S = 0.04


class LiveFeed(HandFeed):
    """A random walk by the clock of the machine, for as long as `flowing` is set."""

    def __init__(self) -> None:
        super().__init__(clock=SystemClock())
        self.flowing = threading.Event()
        self._price, self._random = 60_000.0, np.random.default_rng(1)
        now_ns = self.clock.now_ns()
        self._walk(now_ns - SPAN_NS, now_ns, 20_000)
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        last_ns, pause = self.clock.now_ns(), threading.Event()
        while True:
            pause.wait(BEAT_S)
            now_ns = self.clock.now_ns()
            if self.flowing.is_set():
                self._walk(last_ns, now_ns, ROWS_A_BEAT)
            last_ns = now_ns

    def _walk(self, start_ns: int, end_ns: int, n_rows: int) -> None:
        steps = self._random.normal(0, 2, n_rows).round() / 100
        price = (self._price + np.cumsum(steps)).round(2)
        self._price = float(price[-1])
        self.add(np.sort(self._random.integers(start_ns, end_ns, n_rows)), price)


def main(port: int) -> None:
    """Serve the page until killed."""
    feed = LiveFeed()

    class Flow(RequestHandler):
        def get(self, action: str) -> None:
            (feed.flowing.set if action == "go" else feed.flowing.clear)()

    def page() -> TickPicture:
        options: dict[str, Any] = {
            name: values[0].decode() for name, values in pn.state.session_args.items() if name in ("zone", "look")
        }
        return TickPicture(feed, key="BTC", span_ns=SPAN_NS, **options)

    pn.serve({"ticks": page}, port=port, address="127.0.0.1", show=False, extra_patterns=[(r"/(go|stop)", Flow)])


if __name__ == "__main__":
    main(int(sys.argv[1]))
