"""The JavaScript that decodes and draws bars, rows and figures, each module by itself, in a real browser."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from playwright.sync_api import Page

import pipelines.live.wire
import pipelines.views
import pipelines.views.candles
from pipelines.aggregates.bars import Bars
from pipelines.core.clock import NS_PER_SECOND, duration
from pipelines.core.schema import TRADES
from pipelines.live.frames.value_scale import ValueScale
from pipelines.live.wire.bars import BarsEncoder
from pipelines.live.wire.figures import Figures, FiguresEncoder
from pipelines.live.wire.rows import RowsEncoder
from pipelines.views.figures import decimals, percent, price, rate, signed
from tests.batches import trades
from tests.browser.conftest import OpenTab
from tests.live.wire.bars_and_rows import ShownBars, ShownFigures, ShownRows

START = 1_723_118_400
LOAD = """async (source) => {
  globalThis.loaded = await import(URL.createObjectURL(new Blob([source], {type: "text/javascript"})));
}"""
TAKE = """async ([base64, Kind]) => {
  const message = loaded.readMessage(Uint8Array.from(atob(base64), (c) => c.charCodeAt(0)).buffer);
  const inflated = new Blob([message.body]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  const body = message.isDeflated ? new Uint8Array(await new Response(inflated).arrayBuffer()) : message.body;
  const shown = globalThis.shown ??= new loaded[Kind]();
  if (!shown.fits(message)) throw new Error("does not fit");
  shown.apply(message.generation, message.base, body);
  if (Kind === "Bars") return [shown.first, ...Object.values(shown.columns).map((column) => [...column])];
  if (Kind === "Figures") {
    const told = Object.entries(shown.figures);
    return Object.fromEntries(told.map(([name, value]) => [name, typeof value === "bigint" ? `${value}` : value]));
  }
  return shown.rows.map((row) => ({...row, time: String(row.time)}));
}"""
COLUMNS = """([start, zone]) => {
  const numbers = Float64Array.from(start), zeros = numbers.map(() => 0);
  const names = ["open", "high", "low", "close", "volume", "turnover", "bought", "sold", "rows"];
  const columns = {start: numbers, ...Object.fromEntries(names.map((name) => [name, zeros]))};
  const {x, time, vwap, rose} = loaded.candleColumns({first: -2, n: start.length, columns}, zone);
  return [[...x], [...time], vwap.every(Number.isNaN), [...rose]];
}"""


@pytest.fixture
def load(open_tab: OpenTab) -> Any:
    def load(*names: str) -> Page:
        packages = {"wire": pipelines.live.wire, "candles": pipelines.views.candles, "views": pipelines.views}
        files = [Path(packages[name.split("/")[0]].__path__[0], f"{name.split('/')[1]}.js") for name in names]
        tab = open_tab("about:blank")
        tab.evaluate(LOAD, "\n".join(file.read_text() for file in files))
        return tab

    return load


def test_bars_are_what_another_decoder_makes_of_the_same_messages(load: Any) -> None:
    tab, random = load("wire/client", "wire/bars"), np.random.default_rng(1)
    bars, encoder, twin = Bars(TRADES, period_ns=NS_PER_SECOND, n_bars=200), BarsEncoder(), ShownBars()
    second = float(START)
    for step in range(30):
        seconds = second + np.cumsum(random.exponential(0.3 if step % 7 else 30.0, 20))
        second = seconds[-1]
        bars.update(trades(np.round(seconds * 1e9).astype(np.int64), price=random.normal(100, 1, 20), size=0.5))
        candles = bars.snapshot().candles(0)
        encoder.take(int(np.searchsorted(candles.numbers, START)) + step // 3, candles)
        (message,) = encoder.messages(twin.generation)
        twin.apply(message)
        first, starts, *others = tab.evaluate(TAKE, [base64.b64encode(message).decode(), "Bars"])
        assert first == twin.first
        assert [start * NS_PER_SECOND for start in starts] == [bar[0] for bar in twin.bars]
        assert others == [list(column) for column in list(zip(*twin.bars, strict=True))[1:]]


def test_rows_are_what_another_decoder_makes_of_the_same_messages(load: Any) -> None:
    tab, random = load("wire/client", "wire/rows"), np.random.default_rng(1)
    encoder, twin, end = RowsEncoder(TRADES), ShownRows(), 0
    times = START * NS_PER_SECOND + np.arange(200, dtype=np.int64)
    columns = dict(trades(times, price=random.normal(100, 1, 200), side=random.integers(-1, 2, 200)).columns)
    for n_new in (0, 5, 3, 30, 1, 24, 2):
        end += n_new
        encoder.take(max(end - 24, 0), {name: column[max(end - 24, 0) : end] for name, column in columns.items()})
        (message,) = encoder.messages(twin.generation)
        twin.apply(message)
        rows = tab.evaluate(TAKE, [base64.b64encode(message).decode(), "Rows"])
        assert rows == [row | {"time": str(row["time"])} for row in twin.rows]


def test_figures_are_what_another_decoder_makes_of_the_same_messages(load: Any) -> None:
    tab, random = load("wire/client", "wire/figures"), np.random.default_rng(1)
    encoder, twin = FiguresEncoder(), ShownFigures()
    for step in range(20):
        value, bid = (float(number) for number in random.normal(0, 1, 2))
        figures = Figures(
            kind="trades" if step % 5 else None,
            value=value if step % 5 else None,
            bid=bid if step % 3 else float("nan"),
            newest=str(START * NS_PER_SECOND + step) if step % 5 else None,
            skew=str(-(2**62) - step // 4),
            why="\N{GREEK SMALL LETTER ALPHA}" * (step // 7),
        )
        encoder.take(figures)
        (message,) = encoder.messages(twin.generation)
        twin.apply(message)
        known = {name: str(told) if isinstance(told, int) else told for name, told in twin.figures.items()}
        assert tab.evaluate(TAKE, [base64.b64encode(message).decode(), "Figures"]) == known


ZONES = ("UTC", "Asia/Kolkata", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe")


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("first", ["2024-08-08T12:00:00", "2024-03-30T23:00:00", "2024-10-26T23:00:00"])
def test_candles_stand_side_by_side_at_the_times_that_clocks_of_the_zone_showed(
    load: Any, zone: str, first: str
) -> None:
    tab = load("wire/client", "wire/formats", "wire/bars", "candles/figure")
    starts = [int(datetime.fromisoformat(f"{first}+00:00").timestamp()) + 900 * i for i in range(12)]
    x, times, has_no_mean, rose = tab.evaluate(COLUMNS, [starts, zone])
    clocks = [datetime.fromtimestamp(start, ZoneInfo(zone)).replace(tzinfo=UTC) for start in starts]
    assert x == list(range(-2, 10))
    assert times == [clock.timestamp() for clock in clocks]
    assert has_no_mean
    assert rose == [1] * 12


def test_a_range_of_values_moves_as_that_of_a_picture_does(load: Any) -> None:
    tab, random, scale = load("candles/scale"), np.random.default_rng(1), ValueScale()
    middles = np.cumsum(random.normal(0, 1, 300)) * random.choice([0.0, 1.0, 30.0], 300)
    ranges = [
        (float(middle), float(middle + height)) for middle, height in zip(middles, random.random(300), strict=True)
    ]
    ranges += [(0.0, 0.0), (5.0, 5.0)]
    script = "(ranges) => { const s = new loaded.ValueScale(); return ranges.map(([l, h]) => [...s.fit(l, h)]); }"
    assert tab.evaluate(script, ranges) == [list(scale.fit(*each)) for each in ranges]


def test_prices_are_written_with_the_digits_that_they_need_as_elsewhere_on_the_page(load: Any) -> None:
    tab, random = load("wire/formats"), np.random.default_rng(1)
    values = [0.0, 5.0, -5.25, 1e-8, 0.1 + 0.2, 61_234.5, 99_999.125, 1.07725, 1e15]
    values += [round(value, n) for n in range(9) for value in random.normal(0, 1_000, 20).tolist()]
    assert tab.evaluate("(values) => values.map(loaded.decimalsOf)", values) == [decimals(value) for value in values]
    written = tab.evaluate(
        "(values) => values.map((value) => loaded.formatPrice(value, loaded.decimalsOf(value)))", values
    )
    assert written == [price(value, decimals(value)) for value in values]
    assert tab.evaluate("loaded.formatPrice(NaN, 2)") == price(float("nan"), 2)


def test_amounts_are_written_as_elsewhere_on_the_page(load: Any) -> None:
    tab, random = load("wire/formats", "views/amounts"), np.random.default_rng(1)
    numbers = [0.0, -0.0, 1e-9, -1e-9, 0.00004, 0.5, -1.25, *random.normal(0, 3, 200).tolist()]
    assert tab.evaluate("(all) => all.map(loaded.formatShare)", numbers) == [percent(number) for number in numbers]
    written = tab.evaluate("(all) => all.map((number) => loaded.formatChange(number, 4))", numbers)
    assert written == [signed(number, 4) for number in numbers]
    assert tab.evaluate("[loaded.formatShare(null), loaded.formatChange(null, 2)]") == [percent(float("nan"))] * 2
    rates = [0.0, 0.44, 12.5, 99.94, 99.96, 1_940.0, 98_300.0, 99_949.0, 99_951.0, 5e6, 9.9951e6, 2.34e9]
    assert tab.evaluate("(all) => all.map(loaded.formatRate)", rates) == [rate(number) for number in rates]
    ages_ns = [0, 7_999_999, 5_900_000_000, 119 * 10**9, 120 * 10**9, 7_200 * 10**9, 400_000 * 10**9, 10**18]
    script = "(all) => all.map((ns) => loaded.formatDuration(BigInt(ns)))"
    assert tab.evaluate(script, [str(ns) for ns in ages_ns]) == [duration(ns) for ns in ages_ns]
