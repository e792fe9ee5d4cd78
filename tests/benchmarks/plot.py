"""The picture of what a frame costs by the size of the window, from the results: python -m tests.benchmarks.plot."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from html import escape
from math import ceil, floor, log10
from pathlib import Path
from typing import Any, Final, NamedTuple

from tests.benchmarks.frames import WINDOWS
from tests.benchmarks.harness import RESULTS

__all__ = ["PLOT", "cost_svg"]

PLOT: Final = Path(__file__).parents[2] / "docs" / "cost.svg"

_WIDTH, _HEIGHT = 760, 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 600, 52, 340

_STYLE: Final = """
text { font: 13px system-ui, sans-serif; fill: #3d444d }
.title { font-size: 15px; font-weight: 600 }
.grid { stroke: #d1d9e0 }
polyline { fill: none; stroke-width: 2.5 }
.points { stroke-dasharray: 6 4 }
.ours { stroke: #148f71 } .stock { stroke: #d65951 }
circle.ours { fill: #148f71 } circle.stock { fill: #d65951 }
text.ours { fill: #0f7a60; stroke: none } text.stock { fill: #b8433b; stroke: none }
@media (prefers-color-scheme: dark) {
  text { fill: #c9d1d9 } .grid { stroke: #3d444d } text.ours { fill: #3fb897 } text.stock { fill: #ec8078 }
}
"""


class _Series(NamedTuple):
    """A line of the plot: milliseconds by rows in the window."""

    whose: str
    glyph: str
    cost_ms: dict[int, float]


def cost_svg(rows: list[Mapping[str, Any]]) -> str:
    """Return the plot of the rows ``frame_points_*`` and ``frame_line_*`` of the results, in SVG."""
    series = [each for each in _series(rows) if each.cost_ms]
    costs = [cost for each in series for cost in each.cost_ms.values()]
    low, high = floor(log10(min(costs))), ceil(log10(max(costs)))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img">',
        f"<style>{_STYLE}</style>",
        f'<text class="title" x="{_LEFT}" y="24">Cost of a frame after 10,000 new points, by rows in the window</text>',
        *_axes(low, high),
        *(line for each, label_y in _apart(series, low, high) for line in _drawn(each, label_y, low, high)),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _series(rows: list[Mapping[str, Any]]) -> Iterator[_Series]:
    by_name = {row["name"]: row for row in rows}
    for whose, field in (("stock", "stock"), ("ours", "value")):
        for glyph in ("line", "points"):
            costs = {n_rows: by_name[f"frame_{glyph}_{size}"][field] for size, n_rows in WINDOWS.items()}
            yield _Series(whose, glyph, {n_rows: cost for n_rows, cost in costs.items() if cost is not None})


def _axes(low: int, high: int) -> Iterator[str]:
    for exponent in range(low, high + 1):
        y = _y(10.0**exponent, low, high)
        yield f'<line class="grid" x1="{_LEFT}" x2="{_RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{_milliseconds(exponent)}</text>'
    for size, n_rows in WINDOWS.items():
        label = size.upper().replace("K", "k")
        yield f'<text x="{_x(n_rows):.1f}" y="{_BOTTOM + 22}" text-anchor="middle">{label}</text>'
    yield f'<text x="{(_LEFT + _RIGHT) / 2}" y="{_BOTTOM + 46}" text-anchor="middle">rows in the window</text>'


def _apart(series: list[_Series], low: int, high: int) -> Iterator[tuple[_Series, float]]:
    """Give each series the height of its label: that of its end, or just below the one above."""
    label_y = 0.0
    for each in sorted(series, key=lambda each: -each.cost_ms[max(each.cost_ms)]):
        label_y = max(_y(each.cost_ms[max(each.cost_ms)], low, high) + 4, label_y + 17)
        yield each, label_y


def _drawn(series: _Series, label_y: float, low: int, high: int) -> Iterator[str]:
    places = [(_x(n_rows), _y(cost, low, high)) for n_rows, cost in series.cost_ms.items()]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    yield f'<polyline class="{series.whose} {series.glyph}" points="{path}"/>'
    yield from (f'<circle class="{series.whose}" cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>' for x, y in places)
    cost = series.cost_ms[max(series.cost_ms)]
    told = f"{cost / 1e3:.1f} s" if cost >= 1e3 else f"{cost:.2g} ms"
    label = escape(f"{series.whose}, {series.glyph}: {told}")
    yield f'<text class="{series.whose}" x="{places[-1][0] + 10:.1f}" y="{label_y:.1f}">{label}</text>'


def _milliseconds(exponent: int) -> str:
    return f"{10 ** (exponent - 3):g} s" if exponent >= 3 else f"{10.0**exponent:g} ms"


def _x(n_rows: int) -> float:
    first, last = log10(min(WINDOWS.values())), log10(max(WINDOWS.values()))
    return _LEFT + 20 + (log10(n_rows) - first) / (last - first) * (_RIGHT - _LEFT - 40)


def _y(cost_ms: float, low: int, high: int) -> float:
    return _BOTTOM - (log10(cost_ms) - low) / (high - low) * (_BOTTOM - _TOP)


if __name__ == "__main__":
    PLOT.write_text(cost_svg(json.loads(RESULTS.read_text())["rows"]))
    print(f"written to {PLOT}")
