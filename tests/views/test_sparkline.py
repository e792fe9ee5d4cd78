from __future__ import annotations

import re

import numpy as np
import pytest

from pipelines.views.sparkline import sparkline


def points(svg: str) -> list[tuple[int, int]]:
    found = re.search(r'points="([^"]*)"', svg)
    return [] if found is None else [(int(x), int(y)) for x, y in (pair.split(",") for pair in found[1].split())]


def test_the_line_goes_from_edge_to_edge_and_up_where_values_rise() -> None:
    assert points(sparkline(np.array([1.0, 2.0, 3.0]))) == [(0, 20), (60, 11), (120, 2)]


def test_a_gap_is_bridged_at_its_place() -> None:
    assert points(sparkline(np.array([1.0, np.nan, np.nan, np.nan, 2.0]))) == [(0, 20), (120, 2)]


def test_values_that_stand_still_run_through_the_middle() -> None:
    assert {y for _, y in points(sparkline(np.full(8, 7.0)))} == {11}


@pytest.mark.parametrize("values", [np.full(5, np.nan), np.array([1.0]), np.array([np.nan, 2.0]), np.empty(0)])
def test_fewer_than_two_values_are_no_line(values: np.ndarray) -> None:
    assert points(sparkline(values)) == []
