"""What the figures are to come to, on one core, and by how much they miss it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, Literal, NamedTuple

from tests.benchmarks.harness import Row

__all__ = ["BUDGETS", "Budget", "verdicts"]


class Budget(NamedTuple):
    """A figure that is to be at most, or at least, so much."""

    bound: Literal["most", "least"]
    value: float

    def miss(self, value: float) -> float:
        """Return how many times `value` is on the wrong side; at most 1 where the budget is met."""
        return value / self.value if self.bound == "most" else self.value / value


BUDGETS: Final = {
    "frame_flatness_50m_over_100k": Budget("most", 1.2),
    "frame_line_10m_vs_stock": Budget("least", 500),
    "frame_line_10m": Budget("most", 0.5),
    "zoom_50m_p99_ms": Budget("most", 5),
    "memory_10m_over_raw": Budget("most", 1.3),
    "ohlc_update_ms": Budget("most", 0.5),
    "ohlc_update_bytes": Budget("most", 200),
    "sustained_packed_ticks_s": Budget("least", 30_000_000),
    "sustained_packed_frame_p99_ms": Budget("most", 20),
    "sustained_json_columns_ticks_s": Budget("least", 5_000_000),
    "sustained_json_columns_frame_p99_ms": Budget("most", 20),
    "mqtt_packed_ticks_s": Budget("least", 5_000_000),
    "event_to_pixel_p99_ms": Budget("most", 70),
    "raster_delta_bytes_median": Budget("most", 500),
    "viewers_per_core_10fps": Budget("least", 3_000),
    "viewers_per_core_10fps_20_views": Budget("least", 3_000),
    "joins_per_core": Budget("least", 20),
    "pages_per_core_10fps": Budget("least", 500),
    "pages_per_core_10fps_20_views": Budget("least", 500),
    "page_joins_per_core": Budget("least", 20),
    "first_live_frame_s": Budget("most", 2),
}


def verdicts(rows: Iterable[Row]) -> Iterator[str]:
    """Yield a line for each row that has a budget."""
    for row in rows:
        if (budget := BUDGETS.get(row.name)) is not None:
            miss = budget.miss(row.value)
            verdict = "met" if miss <= 1 else f"missed {miss:.2f} times"
            yield f"{row.name:<44}{row.value:>16,.3f} {row.unit:<10}at {budget.bound} {budget.value:,}: {verdict}"
