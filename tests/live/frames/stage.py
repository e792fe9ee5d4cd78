"""Views over tables that a test fills by hand, and a drawing that notes what it was given."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from msgspec.structs import replace

from pipelines.aggregates.canvas import Canvas
from pipelines.aggregates.quantise import CountQuantiser
from pipelines.core.batch import Batch
from pipelines.core.clock import NS_PER_SECOND as S
from pipelines.core.spec import ViewSpec
from pipelines.live.frames.drawing import Drawn
from pipelines.live.frames.views import Subscription, Views
from pipelines.store.table import Table
from tests.live.hand_feed import NOON_NS, HandFeed

BTC = ViewSpec("feed", "trades", "BTC", "price", span_ns=60 * S, n_columns=300, n_rows=4)
ETH = ViewSpec("feed", "trades", "ETH", "price", span_ns=60 * S, n_columns=300, n_rows=4)
MANY = tuple(f"S{number}" for number in range(12))
LONGER_THAN_A_SLICE_NS = S // 100


class Ledger:
    """A drawing that only notes what it was given."""

    def __init__(self, spec: ViewSpec, code: int, table: Table) -> None:
        self.prices: list[float] = []
        self.n_bytes = 1_000
        self.next_row = 0
        self.wants_rebuild = False
        self.poisoned = False
        self._code = code
        self._column = 0

    def rebuild(self, table: Table, edge_ns: int) -> Iterator[float]:
        series = table.series(self._code)
        assert series is not None
        self.next_row = series.next_row
        for number, batch in enumerate(series.batches(), start=1):
            self.prices += batch["price"].tolist()
            yield number / (series.n_rows // 4_096 + 1)

    def update(self, batch: Batch) -> None:
        if self.poisoned:
            raise ValueError("poisoned")
        self.prices += batch["price"].tolist()

    def advance(self, edge_ns: int) -> bool:
        moved, self._column = self._column != edge_ns // S, edge_ns // S
        return moved

    def draw(self) -> Drawn | None:
        canvas = Canvas(30, self._column, 2, 0.1, 0, 0, 4)
        codes = np.full((2, 4), len(self.prices) % 256, np.uint8)
        histogram = np.bincount(codes.ravel(), minlength=256)
        value_range = min(self.prices), max(self.prices)
        return Drawn(canvas, codes, np.array([False, True]), histogram, CountQuantiser(), value_range)


class Stage:
    """Views over tables that a test fills by hand."""

    drawing: Callable[..., Any] = Ledger

    def __init__(self, *, memory_bytes: int = 1 << 20, symbols: tuple[str, ...] = ("BTC", "ETH")) -> None:
        self.feed = HandFeed(symbols=symbols)
        self.drawings: list[Any] = []
        self.errors: list[str] = []
        self.views = Views(
            tables=self.feed.tables,
            dictionary=self.feed.dictionary,
            make=self.make,
            clock=self.feed.clock,
            memory_bytes=memory_bytes,
            on_error=lambda name, error: self.errors.append(f"{name}: {error}"),
        )

    def make(self, *args: Any) -> Any:
        """Make a drawing, and note it."""
        self.drawings.append(self.drawing(*args))
        return self.drawings[-1]

    def watch(self, *keys: str, n_rows: int = 1) -> dict[str, Subscription]:
        """Look at keys, each of which has some rows."""
        for key in keys:
            self.feed.add(NOON_NS + np.arange(n_rows), np.zeros(n_rows), symbol=key)
        return {key: self.views.subscribe(replace(BTC, key=key)) for key in keys}

    def slow_down(self, look_ns: int) -> None:
        """Let each look at the clock take some time."""
        ticks = itertools.count(self.feed.clock.monotonic_ns(), look_ns)
        self.feed.clock.monotonic_ns = lambda: next(ticks)

    def step(self, *, seconds: float = 0.05) -> bool:
        """Let some time pass, and the writer draw."""
        self.feed.clock.advance(seconds=seconds)
        return self.views.step(self.feed.clock.now_ns())


def generations(watched: dict[str, Subscription]) -> list[int]:
    """Return the generation of each newest frame; 0 without one."""
    return [0 if subscription.frame is None else subscription.frame.generation for subscription in watched.values()]
