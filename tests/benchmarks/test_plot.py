from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET

from tests.benchmarks.frames import WINDOWS
from tests.benchmarks.plot import cost_svg

SVG = "{http://www.w3.org/2000/svg}"


def plotted(**stock: float | None) -> ET.Element:
    rows: list[dict[str, Any]] = [
        {"name": f"frame_{glyph}_{size}", "value": 0.5, "stock": stock.get(f"{glyph}_{size}", 20.0)}
        for glyph in ("points", "line")
        for size in WINDOWS
    ]
    return ET.fromstring(cost_svg(rows))


def test_each_way_has_a_line_a_glyph_through_all_windows() -> None:
    lines = plotted().findall(f"{SVG}polyline")
    assert {line.get("class") for line in lines} == {"ours line", "ours points", "stock line", "stock points"}
    assert {len(line.get("points", "").split()) for line in lines} == {len(WINDOWS)}


def test_what_was_left_out_is_no_point_of_the_line() -> None:
    lines = plotted(line_50m=None).findall(f"{SVG}polyline")
    n_points = {line.get("class"): len(line.get("points", "").split()) for line in lines}
    assert n_points["stock line"] == len(WINDOWS) - 1
    assert n_points["stock points"] == len(WINDOWS)


def test_what_costs_more_is_higher_up_and_told_at_its_end() -> None:
    picture = plotted(points_50m=4_000.0)
    height = {
        each.get("class"): float(each.get("points", "").split(",")[-1]) for each in picture.iter(f"{SVG}polyline")
    }
    assert height["stock points"] < height["stock line"] < height["ours line"]
    assert "stock, points: 4.0 s" in [text.text for text in picture.iter(f"{SVG}text")]
