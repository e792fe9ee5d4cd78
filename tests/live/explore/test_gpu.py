from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from pipelines.aggregates.canvas import Canvas
from pipelines.live.explore import gpu
from pipelines.live.frames.reference import draw_with_datashader

CANVAS = Canvas(4, 0, 32, 0.5, 0, -20, 40)
ROWS = {"time": np.arange(500), "price": np.random.default_rng(1).normal(0.0, 4.0, 500)}


@pytest.fixture(autouse=True)
def _forgetful() -> Iterator[None]:
    gpu._has_gpu.cache_clear()
    yield
    gpu._has_gpu.cache_clear()


def draw() -> np.ndarray:
    return gpu.draw_line_with_datashader(CANVAS, ROWS, value="price", reduction="count", of=None, by=None)


def check_drawn(caplog: pytest.LogCaptureFixture, message: str) -> None:
    caplog.set_level(logging.INFO, gpu.__name__)
    expected = draw_with_datashader(CANVAS, ROWS, value="price", glyph="line")
    assert np.array_equal(draw(), expected)
    assert np.array_equal(draw(), expected)
    (record,) = caplog.records
    assert record.message.startswith(message)


def test_without_a_gpu_the_processor_draws_and_one_line_says_so(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "cudf", None)
    check_drawn(caplog, "explore draws on the processor: ")


def test_a_gpu_that_draws_the_same_is_used(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    moved: list[pd.DataFrame] = []
    monkeypatch.setitem(sys.modules, "cudf", SimpleNamespace(from_pandas=lambda frame: (moved.append(frame), frame)[1]))
    check_drawn(caplog, "explore draws lines on the GPU")
    assert len(moved) == 2 + 2


def test_a_gpu_that_draws_something_else_is_not_used(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "cudf", SimpleNamespace(from_pandas=lambda frame: frame.iloc[:-1]))
    check_drawn(caplog, "explore draws on the processor: ")
