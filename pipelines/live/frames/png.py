"""A picture as a PNG file: for export, and for whoever can't run ours."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

__all__ = ["to_png"]


def to_png(codes: NDArray[np.uint8], table: NDArray[np.uint8], *, size_px: tuple[int, int] | None = None) -> bytes:
    """Encode a picture as PNG with 8-bit colours out of a palette, and their transparency.

    Parameters
    ----------
    codes : uint8[n_columns, n_rows]
        Oldest column and lowest row first; the picture has the lowest row at the bottom.
    table : uint8[256, 4]
        Red, green, blue and alpha of each code.
    size_px : tuple of int or None
        Width and height to enlarge the picture to, each cell to a rectangle. None for a pixel a cell.

    Raises
    ------
    ValueError
        Where the picture has no cells, or more than the size has pixels: leaving any out would lose spikes.
    """
    n_columns, n_rows = codes.shape
    width_px, height_px = size_px or codes.shape
    if not (0 < n_columns <= width_px and 0 < n_rows <= height_px):
        raise ValueError(f"{n_columns} x {n_rows} cells can't be enlarged to {width_px} x {height_px} pixels")
    columns = np.arange(width_px) * n_columns // width_px
    rows = n_rows - 1 - np.arange(height_px) * n_rows // height_px
    picture = Image.fromarray(np.ascontiguousarray(codes.T[np.ix_(rows, columns)]))
    picture.putpalette(table[:, :3].tobytes())
    file = BytesIO()
    picture.save(file, "PNG", transparency=table[:, 3].tobytes())
    return file.getvalue()
