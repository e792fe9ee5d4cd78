"""How many ticks a second go all the way in one thread: decode, validate, store, aggregate, and draw 4 live views."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from statistics import median
from typing import Final

import datashader as ds
import holoviews as hv
import msgspec
import numpy as np
import pandas as pd
from holoviews.operation.datashader import rasterize

from pipelines.core.batch import Batch
from pipelines.core.clock import NS_PER_SECOND
from pipelines.core.message import Message, Position
from pipelines.core.schema import TRADES
from pipelines.core.spec import ViewSpec
from pipelines.decoders.encode import make_encoder
from pipelines.live.feed import Feed
from pipelines.live.feeds import declare
from pipelines.sim.market import Market
from tests.benchmarks.harness import Row, paired
from tests.benchmarks.pictures import N_COLUMNS, N_ROWS

__all__ = ["rows"]

_TICKS: Final = 1_000
_N_MESSAGES: Final = 1_000
_N_SYMBOLS: Final = 50
"""As much as the writer takes at once, where more waits."""

_N_ROUNDS: Final = {"packed": 30, "json": 6}
_EVENT_HZ: Final = {"packed": 50_000_000, "json": 10_000_000}
"""Ticks in a second of event time: more than go through in a second of ours, or they would be ahead of the clock."""

_VIEWS: Final = (
    {"glyph": "points", "reduction": "count"},
    {"glyph": "points", "reduction": "count", "by": "side"},
    {"glyph": "line", "reduction": "any"},
    {"glyph": "line", "reduction": "any"},
)
_STOCK_S: Final = 3.0
_FRAME_S: Final = 1 / 30


def rows() -> Iterator[Row]:
    """Measure packed and columnar JSON, 1,000 ticks a message, 50 symbols, in process."""
    print("sustained_arrow: left out, there is no arrow decoder yet")
    stock = _stock()
    includes = (
        f"one thread, {_TICKS:,} ticks a message, {_N_SYMBOLS} symbols: graph, segments with pyramid, bars, last, "
        "rates, 4 views at 30 frames/s; stock: columnar JSON, Buffer of 100k rows, 4 rasterised DynamicMaps"
    )
    for form in _N_ROUNDS:
        measured = _Run(form)
        name = "packed" if form == "packed" else "json_columns"
        yield paired(f"sustained_{name}_ticks_s", measured.ticks_s, "ticks/s", stock, includes, more_is_better=True)
        note = f"from taking messages to the frames with them; least {measured.frames_s:.1f} frames/s a view"
        yield Row(f"sustained_{name}_frame_p99_ms", measured.pass_p99_ms, "ms", None, None, note)


class _RunClock:
    """A clock that stands still while the next messages are written."""

    def __init__(self) -> None:
        self.start_ns = time.time_ns()
        self._ran_ns = 0
        self._since_ns: int | None = None

    def now_ns(self) -> int:
        return self.start_ns + self.monotonic_ns()

    def monotonic_ns(self) -> int:
        return self._ran_ns + (0 if self._since_ns is None else time.perf_counter_ns() - self._since_ns)

    def run(self) -> None:
        self._since_ns = time.perf_counter_ns()

    def stop(self) -> None:
        self._ran_ns, self._since_ns = self.monotonic_ns(), None


class _Run:
    """One run of a feed, driven by hand as its writer would where messages always wait."""

    def __init__(self, form: str) -> None:
        clock = _RunClock()
        (spec,) = declare([f"sim://market?format={form}&kind=trades"], window="10m", memory="3G")
        feed = Feed(spec, clock=clock)
        feed._rehearse()
        stream = _Stream(form, clock.start_ns)
        views = [feed.views.subscribe(_view(key, how)) for key, how in zip(stream.names, _VIEWS, strict=False)]
        rates, passes, drawn = [], [], []
        for number in range(_N_ROUNDS[form]):
            messages = stream.round(number)
            began_ns = clock.monotonic_ns()
            clock.run()
            for some in _in_passes(messages, feed):
                start = time.perf_counter()
                feed._writer.write(some)
                feed._publish()
                passes.append((number, time.perf_counter() - start))
            clock.stop()
            drawn.append((clock.monotonic_ns(), min(view.frame.generation if view.frame else 0 for view in views)))
            rates.append(_TICKS * len(messages) * NS_PER_SECOND / (clock.monotonic_ns() - began_ns))
        total = feed.status().ledger.total
        assert total.stored == total.received == _TICKS * _N_MESSAGES * _N_ROUNDS[form]
        self.ticks_s = median(rates[1:])  # the first round compiles and allocates
        self.pass_p99_ms = float(np.quantile([s for number, s in passes if number], 0.99)) * 1e3
        (first_ns, n_before), (last_ns, n_after) = drawn[0], drawn[-1]
        self.frames_s = (n_after - n_before) * NS_PER_SECOND / (last_ns - first_ns)


class _Stream:
    """Rounds of messages of a simulated market, each later than the one before."""

    def __init__(self, form: str, start_ns: int) -> None:
        n_rows, event_hz = _TICKS * _N_MESSAGES, _EVENT_HZ[form]
        market = Market(n_symbols=_N_SYMBOLS, rate_hz=4 * n_rows, seed=1, start_ns=0)
        trades = market.step(NS_PER_SECOND)[0].select(slice(n_rows))
        self._start_ns, self._round_ns = start_ns, n_rows * NS_PER_SECOND // event_hz
        self._columns = dict(trades.columns)
        self._columns["time"] = (trades.time * (self._round_ns / int(trades.time[-1] + 1))).astype(np.int64)
        self._encode = make_encoder(form, TRADES, market.dictionary())
        self.names = market.symbols

    def round(self, number: int) -> list[Message]:
        shift_ns = self._start_ns + number * self._round_ns
        messages = []
        for first in range(0, _TICKS * _N_MESSAGES, _TICKS):
            columns = {name: column[first : first + _TICKS] for name, column in self._columns.items()}
            columns["time"] = columns["time"] + shift_ns
            position = Position("bench", number * _N_MESSAGES + first // _TICKS)
            messages.append(Message(self._encode(Batch(TRADES, columns)), position, shift_ns))
        return messages


def _view(key: str, how: dict[str, str]) -> ViewSpec:
    return ViewSpec(feed="market", kind="trades", key=key, value="price", **how)


def _in_passes(messages: Sequence[Message], feed: Feed) -> Iterator[Sequence[Message]]:
    """Yield as many as the writer would take at a time, where they always wait."""
    first = 0
    while first < len(messages):
        end = first - (-feed._writer.pass_size.n_bytes // len(messages[0].payload))
        yield messages[first:end]
        first = end


def _stock() -> float:
    """Return ticks/s of a Buffer of 100k rows with four pictures, each of one symbol, at up to 30 frames/s."""
    stream = _Stream("json", time.time_ns())
    names = list(TRADES.names)
    buffer = hv.streams.Buffer(pd.DataFrame({name: [] for name in names}), length=100_000, index=False)
    pictures = [_stock_picture(buffer, key, how["glyph"]) for key, how in zip(stream.names, _VIEWS, strict=False)]
    messages, n_sent = stream.round(0), 0
    start = drawn = time.perf_counter()
    while (now := time.perf_counter()) - start < _STOCK_S:
        decoded = msgspec.json.decode(messages[n_sent % len(messages)].payload)
        buffer.send(pd.DataFrame({name: decoded[name] for name in names}))
        n_sent += 1
        if now - drawn >= _FRAME_S:
            for picture in pictures:
                picture[()]
            drawn = time.perf_counter()
    return n_sent * _TICKS / (time.perf_counter() - start)


def _stock_picture(buffer: hv.streams.Buffer, key: str, glyph: str) -> hv.DynamicMap:
    def draw(data: pd.DataFrame) -> hv.Element:
        rows = data[data["symbol"] == key]
        return hv.Curve(rows, "time", "price") if glyph == "line" else hv.Points(rows, ["time", "price"])

    aggregator = ds.any() if glyph == "line" else ds.count()
    return rasterize(hv.DynamicMap(draw, streams=[buffer]), aggregator=aggregator, width=N_COLUMNS, height=N_ROWS)
