"""From the clock of whoever publishes ticks to pixels in a browser: mosquitto, `streamshade serve`, the market page."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.request import urlopen

import numpy as np
from numpy.typing import NDArray
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion
from playwright.sync_api import Page, sync_playwright

from pipelines.core.schema import TRADES
from pipelines.decoders.layout import DEFAULT_LAYOUTS, parse_layout
from tests.benchmarks.harness import Row, paired
from tests.benchmarks.served import served
from tests.browser.conftest import FLAGS
from tests.commands import STREAMSHADE
from tests.programs import find_program
from tests.servers import Mosquitto, free_port

__all__ = ["Painted", "rows"]

_TICKS: Final = 1_000
_PERIOD_NS: Final = 1_000_000
_N_SYMBOLS: Final = 50
_SHOWN: Final = f"SYM{_N_SYMBOLS - 1}"
"""The symbol of the last tick of each message."""

_N_DRAFTS: Final = 97
"""Messages whose symbols differ, so that the segments of all symbols aren't full at the same time."""

_WARM_S, _MEASURE_S = 15, 30

_WATCH: Final = """() => {
  const [client] = globalThis[Symbol.for("streamshade.frames")].values();
  const pane = [...client._panes.values()].find(({picture}) => picture?.codes);
  const painted = client.painted.bind(client), {onFrame} = pane, rendered = new Map(), samples = [];
  pane.onFrame = (picture) => { rendered.set(picture.generation, picture.rendered); onFrame(picture); };
  client.painted = (number, picture, generation) => {
    if (number !== pane.number) return painted(number, picture, generation);
    const atNs = client.clock.at(performance.now());
    const {newest, skew} = pane.unpainted.findLast((frame) => frame.generation <= generation) ?? {newest: null};
    painted(number, picture, generation);
    if (newest === null || !rendered.has(generation)) return;
    const sample = [newest, rendered.get(generation), atNs, skew];
    requestAnimationFrame(() => samples.push([...sample, client.clock.at(performance.now())].map(String)));
  };
  globalThis.samples = samples;
}"""
"""What is noted at each repaint that shows newer ticks for the first time; all in nanoseconds of the server's clock.

A callback of `requestAnimationFrame` is called when the browser is done with the animation frame of the repaint.
"""


class Painted(NamedTuple):
    """When frames were on the screen, int64[n] each, nanoseconds UTC.

    Parameters
    ----------
    newest_ns : int64[n]
        Event time of the newest tick of each frame.
    rendered_ns : int64[n]
        When the server had drawn it.
    painted_ns : int64[n]
        End of the repaint that showed it.
    skew_ns : int64[n]
        What the server took for the skew of the source: what its own figure of this differs by.
    presented_ns : int64[n]
        The next animation frame of the browser.
    """

    newest_ns: NDArray[np.int64]
    rendered_ns: NDArray[np.int64]
    painted_ns: NDArray[np.int64]
    skew_ns: NDArray[np.int64]
    presented_ns: NDArray[np.int64]

    def of_any_tick_ms(self) -> NDArray[np.float64]:
        """Return how long it took until ticks were on the screen that came evenly between the frames, newest or not."""
        every_ns = np.arange(self.newest_ns[0] + 1, self.newest_ns[-1], _PERIOD_NS)
        shown_ns = self.presented_ns[np.searchsorted(self.newest_ns, every_ns)]
        return (shown_ns - every_ns) / 1e6


def rows() -> Iterator[Row]:
    """Measure the market page with one browser; nothing where mosquitto or Chromium is missing."""
    mosquitto, chromium = find_program("mosquitto"), find_program("chromium")
    if mosquitto is None or chromium is None:
        print("event_to_pixel: left out, needs mosquitto and chromium")
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        broker = Mosquitto(folder, mosquitto)
        broker.start()
        try:
            url = broker.url("ticks", "format=packed&kind=trades")
            with _publishing(broker.port), _served(folder / "server.log", url) as address:
                yield from _rows_of(*_watched(chromium, address))
        finally:
            broker.stop()


def _rows_of(painted: Painted, ticks_s: float, busy: float) -> Iterator[Row]:
    duration_s = (painted.painted_ns[-1] - painted.painted_ns[0]) / 1e9
    to_repaint, to_screen, to_frame = (
        np.percentile((end_ns - painted.newest_ns) / 1e6, (50, 95, 99))
        for end_ns in (painted.painted_ns, painted.presented_ns, painted.rendered_ns)
    )
    what = (
        f"from the stamp of a frame's newest tick (our wall clock, just before the message is published) to the "
        f"browser's next animation frame after the repaint, without any skew taken off (the server's own figure has "
        f"{np.median(painted.skew_ns) / 1e6:+.1f} ms of it): packed, 1,000 ticks a message, {ticks_s:,.0f} ticks/s of "
        f"{_N_SYMBOLS} symbols, QoS 0, mosquitto, streamshade serve and headless Chromium with software rendering on "
        f"one machine, {os.cpu_count()} cores {busy:.0%} busy; market page 1400x900, {len(painted.newest_ns):,} frames"
    )
    yield paired("event_to_pixel_p50_ms", to_screen[0], "ms", None, what)
    yield paired("event_to_pixel_p95_ms", to_screen[1], "ms", None, "the same")
    yield paired("event_to_pixel_p99_ms", to_screen[2], "ms", None, "the same")
    yield paired("event_to_repaint_p99_ms", to_repaint[2], "ms", None, "to the end of the repaint")
    yield paired("event_to_frame_p99_ms", to_frame[2], "ms", None, "until the server had drawn the frame")
    of_any_tick = np.percentile(painted.of_any_tick_ms(), 99)
    yield paired("any_tick_to_pixel_p99_ms", of_any_tick, "ms", None, "any tick, with its wait for the next frame")
    yield paired("event_to_pixel_fps", len(painted.newest_ns) / duration_s, "frames/s", None, "drawn by the browser")


def _watched(chromium: str, address: str) -> tuple[Painted, float, float]:
    """Return what the page noted, how many ticks came a second, and which share of all cores was busy."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        try:
            tab = browser.new_context(viewport={"width": 1_400, "height": 900}).new_page()
            tab.goto(f"{address}/market?symbol={_SHOWN}")
            tab.get_by_text("Live", exact=True).wait_for(timeout=60_000)
            tab.wait_for_timeout(_WARM_S * 1_000)
            return _noted(tab, address)
        finally:
            browser.close()


def _noted(tab: Page, address: str) -> tuple[Painted, float, float]:
    began_s, n_before, busy_before = time.monotonic(), _n_received(address), _cpu_jiffies()
    tab.evaluate(_WATCH)
    tab.wait_for_timeout(_MEASURE_S * 1_000)
    samples: list[list[str]] = tab.evaluate("samples")
    busy, total = (after - before for after, before in zip(_cpu_jiffies(), busy_before, strict=True))
    ticks_s = (_n_received(address) - n_before) / (time.monotonic() - began_s)
    return Painted(*np.array(samples).astype(np.int64).T), ticks_s, busy / total


@contextmanager
def _served(log: Path, url: str) -> Iterator[str]:
    """Run `streamshade serve` in a process of its own; yields its address."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    command = [STREAMSHADE, "serve", "market", "--source", url, "--port", str(port), "--memory", "1G"]
    with served(command, f"{address}/ready", log):
        yield address


def _n_received(address: str) -> int:
    with urlopen(f"{address}/metrics", timeout=5) as answer:
        lines = answer.read().decode().splitlines()
    return int(sum(float(line.split()[-1]) for line in lines if line.startswith("streamshade_received_total")))


def _cpu_jiffies() -> tuple[int, int]:
    """Return how much time of all cores was busy, and how much there was."""
    times = list(map(int, Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]))
    return sum(times) - times[3] - times[4], sum(times)


@contextmanager
def _publishing(port: int) -> Iterator[None]:
    """Publish from a process of its own."""
    process = get_context("spawn").Process(target=_publish, args=(port,), daemon=True)
    process.start()
    try:
        yield
    finally:
        process.kill()
        process.join()


def _publish(port: int) -> None:
    """Publish a message each millisecond for ever, whose newest tick has the time just before it goes out."""
    client = Client(CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", port, keepalive=3_600)
    while not client.is_connected():
        client.loop()
    random = np.random.Generator(np.random.SFC64(1))
    drafts = [_draft(random) for _ in range(_N_DRAFTS)]
    price, ago = 100.0, np.arange(_TICKS - 1, -1, -1)
    start_ns, before_ns, n_sent = time.monotonic_ns(), time.time_ns() - _PERIOD_NS, 0
    while True:
        records = drafts[n_sent % _N_DRAFTS]
        path = price + np.cumsum(random.standard_normal(_TICKS)) * 0.0005
        price = path[-1]
        records["price"] = np.round(path, 2)
        time.sleep(max(start_ns + n_sent * _PERIOD_NS - time.monotonic_ns(), 0) / 1e9)
        now_ns = time.time_ns()
        records["time"] = now_ns - (now_ns - before_ns) * ago // _TICKS
        client.publish("ticks", records.tobytes())
        while client.want_write():
            client.loop_write()
        before_ns = now_ns
        n_sent += 1


def _draft(random: np.random.Generator) -> NDArray[Any]:
    """Return the ticks of a message, but for times and prices. The last one is of the symbol that is shown."""
    records = np.zeros(_TICKS, parse_layout(DEFAULT_LAYOUTS[TRADES.kind]))
    symbols = random.integers(0, _N_SYMBOLS, _TICKS)
    symbols[-1] = _N_SYMBOLS - 1
    records["symbol"] = [f"SYM{symbol}".encode() for symbol in symbols]
    records["size"] = 1.0
    records["side"] = random.integers(0, 2, _TICKS) * 2 - 1
    return records
