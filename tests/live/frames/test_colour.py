from __future__ import annotations

from typing import Any, Final

import datashader.transfer_functions as tf
import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pipelines.aggregates.quantise import (
    AnyQuantiser,
    CodedCells,
    CountQuantiser,
    LinearQuantiser,
    Quantiser,
    SideQuantiser,
    SumQuantiser,
)
from pipelines.core.clock import NS_PER_SECOND
from pipelines.live.frames.colour import SIDE_COLOURS, ColourScale, How, Paint, Ramp, SideMix, positions
from pipelines.live.frames.palette import PALETTE
from pipelines.views.page.theme import THEME

GREY: Final = tuple(f"#{level:02x}{level:02x}{level:02x}" for level in range(256))
"""In this palette a channel's level is the palette step."""

FRAME_NS: Final = NS_PER_SECOND // 30
MOST_STEPS_A_FRAME: Final = 5

HOWS = st.sampled_from(["linear", "log", "eq_hist"])
SHAPES = hnp.array_shapes(min_dims=2, max_dims=2, min_side=2, max_side=20)
SEEDS = st.integers(0, 2**32 - 1)


def coded(quantiser: Quantiser, cells: np.ndarray) -> CodedCells:
    picture = CodedCells(quantiser, *cells.shape[:2])
    picture.encode(cells)
    return picture


def shaded(quantiser: Quantiser, cells: np.ndarray, how: How, paint: Paint) -> np.ndarray:
    picture = coded(quantiser, cells)
    return ColourScale(quantiser.levels, paint, how=how).update(picture.histogram, 0)[picture.codes].astype(int)


def shaded_by_datashader(cells: np.ndarray, how: How, **options: Any) -> np.ndarray:
    dims = ("x", "y", "side")[: cells.ndim]
    coords = {"side": [-1, 0, 1]} if cells.ndim == 3 else None
    agg = xr.DataArray(cells, dims=dims, coords=coords).transpose("y", "x", ...)
    image = np.ascontiguousarray(tf.shade(agg, how=how, **options).data)
    return image.view(np.uint8).reshape(*image.shape, 4).swapaxes(0, 1).astype(int)


def steps_off(quantiser: Quantiser, cells: np.ndarray, how: How) -> int:
    """Most palette steps between our colours and Datashader's. What is transparent must be so in both."""
    ours, theirs = shaded(quantiser, cells, how, Ramp(GREY)), shaded_by_datashader(cells, how, cmap=list(GREY))
    np.testing.assert_array_equal(ours[..., 3], theirs[..., 3])
    return int(np.abs(ours - theirs).max())


def spread(counts: np.ndarray) -> np.ndarray:
    """With a cell of one, as pictures of ticks have, and one of another."""
    counts[0, :2] = 1, max(counts.max(), 2)
    return counts


@given(hnp.arrays(np.uint32, SHAPES, elements=st.integers(0, 31)).map(spread), HOWS)
def test_a_picture_of_counts_up_to_31_has_datashader_s_colours(counts: np.ndarray, how: How) -> None:
    assert steps_off(CountQuantiser(), counts, how) <= 1  # the last bit of a float, cut off


@given(hnp.arrays(np.uint32, SHAPES, elements=st.integers(0, 500_000)).map(spread))
def test_any_counts_in_log_are_within_3_steps_of_datashader(counts: np.ndarray) -> None:
    assert steps_off(CountQuantiser(), counts, "log") <= 3


@settings(max_examples=25)
@given(SEEDS, st.floats(0, 5), st.floats(1.7, 2.2))
def test_counts_of_many_magnitudes_are_within_3_steps_of_datashader_in_eq_hist_and_mostly_1_in_log(
    seed: int, middle: float, width: float
) -> None:
    random = np.random.default_rng(seed)
    counts = spread(np.minimum(random.lognormal(middle, width, (100, 80)), 60_000).astype(np.uint32))
    assert steps_off(CountQuantiser(), counts, "eq_hist") <= 3
    ours = shaded(CountQuantiser(), counts, "log", Ramp(GREY))
    theirs = shaded_by_datashader(counts, "log", cmap=list(GREY))
    assert np.mean(np.abs(ours - theirs)[counts > 0] > 1) < 0.02


@given(hnp.arrays(np.float64, SHAPES, elements=st.floats(-1e6, 1e6) | st.just(np.nan)))
def test_values_in_equal_steps_are_within_1_step_of_datashader_in_linear(values: np.ndarray) -> None:
    values[0, :2] = -7.0, 7.0
    quantiser = LinearQuantiser.over(np.nanmin(values), np.nanmax(values))
    assert steps_off(quantiser, values, "linear") <= 1


@settings(max_examples=25)
@given(SEEDS)
def test_sums_of_many_magnitudes_are_within_few_steps_of_datashader(seed: int) -> None:
    random = np.random.default_rng(seed)
    sums = np.where(random.random((80, 60)) < 0.4, random.lognormal(4, 1.5, (80, 60)), np.nan)
    quantiser = SumQuantiser.up_to(np.nanmax(sums))
    assert steps_off(quantiser, sums, "log") <= 10
    assert steps_off(quantiser, sums, "eq_hist") <= 5


@settings(max_examples=25)
@given(SEEDS, st.sampled_from(["log", "eq_hist"]))
def test_what_one_side_has_more_is_mixed_with_what_is_even_as_datashader_mixes_them(seed: int, how: How) -> None:
    random = np.random.default_rng(seed)
    total = random.lognormal(2, 1.5, (80, 60)).astype(np.uint32)
    bought = random.binomial(total, random.random(total.shape)).astype(np.uint32)
    sold = total - bought
    even = np.minimum(sold, bought)
    cells = np.stack([sold, np.zeros_like(total), bought], axis=2)
    ours = shaded(SideQuantiser(), cells, how, SideMix(min_alpha=40))
    mixed = np.stack([sold - even, 2 * even, bought - even], axis=2)
    theirs = shaded_by_datashader(mixed, how, color_key=list(SIDE_COLOURS), min_alpha=40)
    np.testing.assert_array_equal(ours[..., 3] > 0, theirs[..., 3] > 0)
    off = np.abs(ours - theirs)[total > 0]
    sixth = 108 // 6 + 1  # up to 108 levels of red lie between a side and what is even, and tones are thirds of that
    assert off[:, :3].max() <= sixth
    assert off[:, 3].max() <= 0.1 * 255


def test_cells_of_one_side_and_few_rows_have_datashader_s_very_colours() -> None:
    cells = np.zeros((3, 3, 3), np.uint32)
    cells[np.arange(3), :, np.arange(3)] = [1, 2, 3]
    ours = shaded(SideQuantiser(), cells, "log", SideMix(min_alpha=40))
    theirs = shaded_by_datashader(cells, "log", color_key=list(SIDE_COLOURS), min_alpha=40)
    np.testing.assert_allclose(ours, theirs, atol=1)


@given(hnp.arrays(np.uint32, SHAPES, elements=st.integers(0, 2**32 - 1)), HOWS)
def test_a_larger_count_never_has_an_earlier_colour(counts: np.ndarray, how: How) -> None:
    colours = shaded(CountQuantiser(), counts, how, Ramp(GREY))[..., 0]
    ordered = np.argsort(counts.ravel(), kind="stable")
    assert (np.diff(colours.ravel()[ordered]) >= 0).all()


@pytest.mark.parametrize("how", ["linear", "log", "eq_hist"])
@pytest.mark.parametrize(
    ("quantiser", "cells"),
    [
        (AnyQuantiser(), np.array([[False, True], [True, True]])),
        (CountQuantiser(), np.array([[0, 500], [500, 500]], np.uint32)),
    ],
)
def test_where_all_cells_are_equal_they_have_the_first_colour(
    quantiser: Quantiser, cells: np.ndarray, how: How
) -> None:
    colours = shaded(quantiser, cells, how, Ramp(PALETTE))
    assert colours.tolist() == np.where(cells[..., np.newaxis] > 0, [0x2B, 0x84, 0xD3, 255], 0).tolist()


def test_a_picture_of_nothing_has_no_positions() -> None:
    levels = CountQuantiser().levels
    assert positions(levels, coded(CountQuantiser(), np.zeros((2, 2), np.uint32)).histogram, "log") is None


class Frames:
    """A picture of counts that changes, and what its scale says 30 times a second."""

    def __init__(self, counts: np.ndarray, how: How) -> None:
        self.counts = counts.astype(np.uint32)
        self.picture = CodedCells(CountQuantiser(), *counts.shape)
        self.scale = ColourScale(CountQuantiser().levels, Ramp(GREY), how=how)
        self.time_ns = 0

    def draw(self, *, elapsed_ns: int = FRAME_NS) -> np.ndarray:
        self.time_ns += elapsed_ns
        self.picture.encode(self.counts)
        return self.scale.update(self.picture.histogram, self.time_ns)

    def exact(self) -> np.ndarray:
        fresh = ColourScale(CountQuantiser().levels, Ramp(GREY), how=self.scale._how)
        return fresh.update(self.picture.histogram, 0)


@given(hnp.arrays(np.uint32, (6, 6), elements=st.integers(0, 40)).map(spread), HOWS, st.integers(1, 400_000))
def test_an_outlier_moves_no_colour_at_once_and_all_by_little_a_frame_until_they_are_exact(
    counts: np.ndarray, how: How, outlier: int
) -> None:
    frames = Frames(counts, how)
    before = frames.draw()
    frames.counts[3, 3] = outlier
    assert frames.draw(elapsed_ns=NS_PER_SECOND) is before, "an outlier recolours the picture"
    n_frames = 0
    while frames.scale.moving:
        after = frames.draw()
        assert np.abs(after.astype(int) - before).max() <= MOST_STEPS_A_FRAME
        before, n_frames = after, n_frames + 1
        assert n_frames <= 61, "the colours do not settle within two seconds"
    assert np.abs(frames.draw().astype(int) - frames.exact()).max() <= 1
    assert frames.draw() is frames.draw()


def test_an_outlier_leaves_the_lowest_colour_alone_for_good() -> None:
    frames = Frames(np.ones((4, 4)), "log")
    first = frames.draw()[1].tolist()
    frames.counts[0, 0] = 5_000
    shown = [frames.draw()[1].tolist() for _ in range(80)]
    assert shown == [first] * 80


def test_colours_move_no_further_after_a_pause_than_in_a_tenth_of_a_second() -> None:
    frames = Frames(np.arange(1, 17).reshape(4, 4), "log")
    frames.draw()
    frames.counts[0, 0] = 400_000
    before = frames.draw().astype(int)
    assert frames.scale.moving
    assert 1 < np.abs(frames.draw(elapsed_ns=3_600 * NS_PER_SECOND) - before).max() <= 13


def test_a_small_change_of_the_scale_sends_no_table() -> None:
    frames = Frames(np.arange(1, 10_001).reshape(100, 100), "eq_hist")
    before = frames.draw()
    frames.counts[0, :10] = 9_000
    assert frames.draw() is before
    assert not frames.scale.moving
    assert frames.draw() is before


def test_a_picture_after_an_empty_one_has_its_colours_at_once() -> None:
    frames = Frames(np.arange(1, 17).reshape(4, 4), "log")
    frames.draw()
    frames.counts[:] = 0
    frames.draw()
    frames.counts[:] = np.arange(0, 160_000, 10_000).reshape(4, 4)
    np.testing.assert_array_equal(frames.draw(), frames.exact())


def test_a_table_is_never_written_to_and_is_small_enough_to_travel() -> None:
    table = Frames(np.arange(16).reshape(4, 4), "log").draw()
    assert (table.dtype, table.shape, table[0].tolist()) == (np.uint8, (256, 4), [0, 0, 0, 0])
    with pytest.raises(ValueError, match="read-only"):
        table[1] = 0


def contrast(colours: np.ndarray, page: str) -> np.ndarray:
    """Contrast of what is seen of colours on a page, by WCAG 2."""
    ground = np.array([int(page[i : i + 2], 16) for i in (1, 3, 5)])
    alpha = colours[:, 3:] / 255
    seen, ground = luminance(colours[:, :3] * alpha + ground * (1 - alpha)), luminance(ground)
    return (np.maximum(seen, ground) + 0.05) / (np.minimum(seen, ground) + 0.05)


def luminance(rgb: np.ndarray) -> np.ndarray:
    share = rgb / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    return linear @ np.array([0.2126, 0.7152, 0.0722])


def test_a_cell_has_a_hue_only_of_the_side_that_has_more() -> None:
    bought = np.arange(7)
    cells = np.stack([6 - bought, 0 * bought, bought], axis=1)[np.newaxis].astype(np.uint32)
    red, green, blue, _ = shaded(SideQuantiser(), cells, "log", SideMix())[0].T
    assert (np.diff(green - red) > 0).all()
    assert ((red - green)[:3] > 30).all()
    assert ((green - red)[4:] > 30).all()
    assert max(red[3], green[3], blue[3]) - min(red[3], green[3], blue[3]) < 12, "what is even is not grey"


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("paint", [Ramp(PALETTE), SideMix()])
def test_every_colour_stands_out_from_a_light_and_a_dark_page(paint: Paint, mode: str) -> None:
    page = THEME[mode]["palette"]["background"]["paper"]
    for place in (np.linspace(0, 1, 256), np.zeros(256)):
        assert contrast(paint.table(place)[8:], page).min() >= 3.0
