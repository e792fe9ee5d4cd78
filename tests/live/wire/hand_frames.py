"""Frames made by hand, as a view would publish them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from pipelines.aggregates.canvas import Canvas
from pipelines.aggregates.quantise import CountQuantiser
from pipelines.core.spec import ViewSpec
from pipelines.live.frames.frame import Frame

__all__ = ["VIEW", "first_frame", "next_frame"]

VIEW = ViewSpec("feed", "trades", "BTC", "price", n_columns=300, n_rows=40)
CANVAS = Canvas(column_log2=27, first_column=1_000, n_columns=20, step=0.5, level=1, first_row=7, n_rows=13)


def first_frame(codes: Any = None, *, canvas: Canvas = CANVAS, **other: Any) -> Frame:
    """A frame of a view that was just made."""
    shape = (canvas.n_columns, canvas.n_rows)
    fields: dict[str, Any] = {
        "view": VIEW,
        "generation": 1,
        "canvas": canvas,
        "codes": np.zeros(shape, np.uint8) if codes is None else codes,
        "generations": np.ones(canvas.n_columns, np.int64),
        "histogram": np.zeros(256, np.int64),
        "quantiser": CountQuantiser(),
        "colours": np.zeros((256, 4), np.uint8),
        "value_range": canvas.y_range,
        "edge_ns": canvas.end_ns,
        "newest_ns": canvas.end_ns - 5,
        "rendered_ns": 17,
        "progress": 1.0,
    }
    return Frame(**fields | other)


def next_frame(before: Frame, changes: dict[int, Any], *, n_scrolled: int = 0, **other: Any) -> Frame:
    """The frame after `before`: scrolled on, and with other codes in some columns, counted from the first."""
    generation = before.generation + 1
    canvas = replace(before.canvas, first_column=before.canvas.first_column + n_scrolled)
    n_kept = max(canvas.n_columns - n_scrolled, 0)
    codes = np.zeros_like(before.codes)
    generations = np.full(canvas.n_columns, generation, np.int64)
    codes[:n_kept] = before.codes[n_scrolled:]
    generations[:n_kept] = before.generations[n_scrolled:]
    for column, column_codes in changes.items():
        codes[column] = column_codes
        generations[column] = generation
    return replace(
        before,
        generation=generation,
        canvas=canvas,
        codes=codes,
        generations=generations,
        edge_ns=canvas.end_ns,
        **other,
    )
