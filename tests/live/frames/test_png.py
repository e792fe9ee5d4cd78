from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from pipelines.live.frames.png import to_png

CODES = hnp.arrays(np.uint8, hnp.array_shapes(min_dims=2, max_dims=2, max_side=9))
TABLE = np.random.default_rng(5).integers(0, 256, (256, 4), dtype=np.uint8)


def decoded(png: bytes) -> np.ndarray:
    """Colours by column, lowest row first."""
    with Image.open(io.BytesIO(png)) as picture:
        return np.asarray(picture.convert("RGBA")).swapaxes(0, 1)[:, ::-1]


@given(CODES, hnp.arrays(np.uint8, (256, 4)))
def test_each_cell_is_a_pixel_of_its_code_s_colour(codes: np.ndarray, table: np.ndarray) -> None:
    np.testing.assert_array_equal(decoded(to_png(codes, table)), table[codes])


@given(CODES, st.integers(0, 20), st.integers(0, 20))
def test_enlarged_each_cell_is_one_rectangle_of_its_colour(codes: np.ndarray, more: int, higher: int) -> None:
    width, height = codes.shape[0] + more, codes.shape[1] + higher
    columns = np.arange(width) * codes.shape[0] // width
    picture = decoded(to_png(codes, TABLE, size_px=(width, height)))
    assert picture.shape == (width, height, 4)
    np.testing.assert_array_equal(picture[:, ::-1][:, 0], TABLE[codes[columns, -1]])
    distinct = np.arange(codes.size, dtype=np.uint8).reshape(codes.shape)
    table = np.repeat(np.arange(256, dtype=np.uint8)[:, np.newaxis], 4, axis=1)
    shown = decoded(to_png(distinct, table, size_px=(width, height)))[..., 0]
    n_pixels = np.bincount(shown.ravel())
    assert len(n_pixels) == codes.size
    least = (width // codes.shape[0]) * (height // codes.shape[1])
    most = -(-width // codes.shape[0]) * -(-height // codes.shape[1])
    assert least <= n_pixels.min() <= n_pixels.max() <= most


def test_the_highest_row_is_at_the_top_and_the_oldest_column_on_the_left() -> None:
    with Image.open(io.BytesIO(to_png(np.array([[1, 2], [3, 4], [5, 6]], np.uint8), TABLE))) as picture:
        assert picture.mode == "P"
        assert np.asarray(picture).tolist() == [[2, 4, 6], [1, 3, 5]]


@pytest.mark.parametrize("size_px", [(2, 9), (9, 1)])
def test_a_picture_is_never_made_smaller_since_spikes_would_be_lost(size_px: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="3 x 2 cells can't be enlarged"):
        to_png(np.ones((3, 2), np.uint8), TABLE, size_px=size_px)


def test_a_picture_without_cells_is_refused() -> None:
    with pytest.raises(ValueError, match="0 x 2 cells"):
        to_png(np.ones((0, 2), np.uint8), TABLE)
