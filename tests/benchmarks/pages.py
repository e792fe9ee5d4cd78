"""Full pages a core: sessions of the market page with their frames, against a stock page of the same picture."""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pipelines.sim.market import Market
from tests.benchmarks.cores import cpu_s, on_core
from tests.benchmarks.growth import Load, next_crowd
from tests.benchmarks.harness import Row, paired
from tests.benchmarks.page_client import MarketTab, StockTab, Tab, open_tab
from tests.benchmarks.served import served
from tests.commands import STREAMSHADE
from tests.servers import free_port

__all__ = ["rows"]

_FPS: Final = 10
_SHARE_OF_UPDATES: Final = 0.9
"""Of the updates of its document that a page gets while there are few, so many it is to get among many."""

_RATE_HZ, _N_SYMBOLS = 20_000, 20
_STOCK_ROWS_HZ: Final = 2_200
"""What the busiest symbol of that market trades, about."""

_N_IDLE, _MOST, _N_JOINING = 12, 600, 4
_SETTLE_S, _MEASURE_S = 1.0, 3.0


@dataclass(frozen=True, slots=True)
class Server:
    """A server on the first core: its process, its port and the page that is looked at."""

    pid: int
    port: int
    page: str


@dataclass(frozen=True, slots=True)
class Held:
    """What one server came to: joins a second while it was idle, the most pages that it held, and what was too much."""

    joins_s: float
    most: Load
    too_much: Load | None


def rows() -> Iterator[Row]:
    """Measure pages of one symbol and of twenty, and pages of the stock app."""
    names = Market(n_symbols=_N_SYMBOLS, rate_hz=_RATE_HZ).symbols
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with _stock(folder) as server:
            stock = asyncio.run(_grown(server, StockTab, [""], n_idle=2, first=2))
        first = _N_IDLE
        for n_views in (1, _N_SYMBOLS):
            queries = [f"symbol={name}" for name in names[:n_views]]
            with _ours(folder) as server:
                ours = asyncio.run(_grown(server, MarketTab, queries, n_idle=_N_IDLE, first=first))
            yield from _rows_of(ours, stock, n_views)
            first = max(_N_IDLE, ours.most.n_pages * 2 // 3)


def _rows_of(ours: Held, stock: Held, n_views: int) -> Iterator[Row]:
    name = "" if n_views == 1 else f"_{n_views}_views"
    what = (
        f"sessions of the market page (picture, quote, tape, candles, as a browser opens and acknowledges them, not "
        f"painted) of {n_views} symbol{'s' * (n_views > 1)}, each with {ours.most.fps:.1f} frames/s of 1200x400 cells "
        f"and one minute, and {ours.most.updates_s:.1f} updates/s of its document; simulated market of {_RATE_HZ:,} "
        f"ticks/s, server and feed on one core, {ours.most.cpu_share:.0%} of it busy; {_too_much(ours)}; stock: "
        f"Buffer, DynamicMap and rasterize a session, {_STOCK_ROWS_HZ:,} rows/s, the same window, canvas and rate, "
        f"nothing else on the page; {_too_much(stock)}"
    )
    one, stock_one = ours.most, stock.most
    each = "a second, all that the server does over its pages"
    sent = "of the document and of frames to a page a second"
    joins = (
        f"the first {_N_IDLE}, {_N_JOINING} at a time, from asking for the page to its first frame; stock: the first 2"
    )
    yield paired(f"pages_per_core_10fps{name}", one.n_pages, "pages", stock_one.n_pages, what, more_is_better=True)
    yield paired(f"page_cpu{name}", one.page_cpu_ms, "ms", stock_one.page_cpu_ms, each)
    yield paired(f"page_bytes{name}", one.bytes_s, "bytes", stock_one.bytes_s, sent)
    yield paired(f"page_joins_per_core{name}", ours.joins_s, "joins/s", stock.joins_s, joins, more_is_better=True)


def _too_much(held: Held) -> str:
    load = held.too_much
    return "no more were tried" if load is None else f"{load.n_pages} got {load.fps:.1f} frames/s"


async def _grown(server: Server, kind: type[Tab], queries: Sequence[str], *, n_idle: int, first: int) -> Held:
    """Open more and more tabs until the server does not keep up, or there are the most that are tried.

    How fast they join is told by the first `n_idle`. Loads are measured from `first` on.
    """
    tabs: list[Tab] = []
    loads: list[Load] = []
    joins_s = await _join(server, kind, queries, tabs, n_idle)
    await _join(server, kind, queries, tabs, first)
    while True:
        least_updates_s = _SHARE_OF_UPDATES * loads[0].updates_s if loads else 0.0
        load = await _load(server, tabs)
        if not load.keeps_up(_FPS, least_updates_s):
            load = await _load(server, tabs)  # the machine may have been busy with something else for a moment
        if not load.keeps_up(_FPS, least_updates_s):
            break
        loads.append(load)
        if load.n_pages == _MOST:
            return Held(joins_s, load, None)
        await _join(server, kind, queries, tabs, next_crowd(loads, _MOST))
    if not loads:
        raise RuntimeError(f"{load.n_pages} pages were too many: is the machine busy?")
    return Held(joins_s, loads[-1], load)


async def _join(server: Server, kind: type[Tab], queries: Sequence[str], tabs: list[Tab], n_tabs: int) -> float:
    """Open tabs until there are so many, some at a time; returns how many a second."""
    start_s, n_before = time.perf_counter(), len(tabs)
    numbers = iter(range(n_before, n_tabs))

    async def open_some() -> None:
        for number in numbers:
            tab = await open_tab(kind, server.port, server.page, queries[number % len(queries)])
            await tab.live(server.port, _FPS)
            tabs.append(tab)

    await asyncio.gather(*(open_some() for _ in range(_N_JOINING)))
    return (n_tabs - n_before) / (time.perf_counter() - start_s)


async def _load(server: Server, tabs: Sequence[Tab]) -> Load:
    """Measure for some seconds."""

    def now() -> tuple[float, float, int, int, int]:
        told = [(tab.n_frames, tab.n_updates, tab.n_bytes) for tab in tabs]
        n_frames, n_updates, n_bytes = (sum(counts) for counts in zip(*told, strict=True))
        return time.perf_counter(), cpu_s(server.pid), n_frames, n_updates, n_bytes

    await asyncio.sleep(_SETTLE_S)
    before = now()
    await asyncio.sleep(_MEASURE_S)
    wall_s, busy_s, *counts = (b - a for a, b in zip(before, now(), strict=True))
    fps, updates_s, bytes_s = (count / wall_s / len(tabs) for count in counts)
    return Load(len(tabs), fps, updates_s, bytes_s, busy_s / wall_s)


@contextmanager
def _ours(folder: Path) -> Iterator[Server]:
    port = free_port()
    source = f"sim://market?rate={_RATE_HZ}&symbols={_N_SYMBOLS}&seed=1"
    command = [STREAMSHADE, "serve", "market", "--source", source, "--port", str(port)]
    with on_core(0), served(command, f"http://127.0.0.1:{port}/ready", folder / "ours.log") as pid, on_core(-1):
        yield Server(pid, port, "market")


@contextmanager
def _stock(folder: Path) -> Iterator[Server]:
    port, page = free_port(), Path(__file__).with_name("stock_app.py")
    command = [str(Path(sys.executable).with_name("panel")), "serve", str(page), "--port", str(port)]
    environment = {"STOCK_ROWS_HZ": str(_STOCK_ROWS_HZ)}
    address = f"http://127.0.0.1:{port}/{page.stem}"
    with on_core(0), served(command, address, folder / "stock.log", environment=environment) as pid, on_core(-1):
        yield Server(pid, port, page.stem)
