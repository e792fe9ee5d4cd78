"""What the points in each cell come to, by reduction. Where a point falls is for `pipelines.kernels.place_points`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipelines.kernels.compile import kernel

__all__ = ["add_counts", "add_sums", "add_totals", "keep_greatest", "keep_last", "keep_least"]


@kernel("int64[:], uint32[:]")
def add_counts(cells: NDArray[np.int64], counts: NDArray[np.uint32]) -> None:
    """Count the points of each cell.

    Parameters
    ----------
    cells : int64[n]
        Cells of the points, negative where they have none.
    counts : uint32[n_cells]
        Updated.
    """
    for point in range(len(cells)):
        if cells[point] >= 0:
            counts[cells[point]] += np.uint32(1)


@kernel("int64[:], const float64[:], float64[:]")
def add_sums(cells: NDArray[np.int64], of: NDArray[np.float64], sums: NDArray[np.float64]) -> None:
    """Add up the values of each cell in the order of the points. NaN is no value, and a sum that is NaN starts anew.

    Parameters
    ----------
    cells : int64[n]
        Cells of the points, negative where they have none.
    of : float64[n]
        The values. Infinities of both signs make a sum NaN, so that the next value is all that is left: this is what
        Datashader does.
    sums : float64[n_cells]
        Updated. NaN where a cell has no value.
    """
    for point in range(len(cells)):
        cell, value = cells[point], of[point]
        if cell >= 0 and value == value:
            total = sums[cell]
            sums[cell] = total + value if total == total else value


@kernel("int64[:], const float64[:], float64[:], uint32[:]")
def add_totals(
    cells: NDArray[np.int64], of: NDArray[np.float64], totals: NDArray[np.float64], counts: NDArray[np.uint32]
) -> None:
    """Add up and count the values of each cell in the order of the points. NaN is no value.

    Parameters
    ----------
    cells : int64[n]
        Cells of the points, negative where they have none.
    of : float64[n]
        The values.
    totals : float64[n_cells]
        Updated. 0 where a cell has no value.
    counts : uint32[n_cells]
        Updated: values in each cell.
    """
    for point in range(len(cells)):
        cell, value = cells[point], of[point]
        if cell >= 0 and value == value:
            totals[cell] += value
            counts[cell] += np.uint32(1)


@kernel("int64[:], const float64[:], float64[:]")
def keep_least(cells: NDArray[np.int64], of: NDArray[np.float64], least: NDArray[np.float64]) -> None:
    """Keep the least value of each cell; of equal ones (zeros of both signs), the first. NaN is no value.

    Parameters
    ----------
    cells : int64[n]
        Cells of the points, negative where they have none.
    of : float64[n]
        The values.
    least : float64[n_cells]
        Updated. NaN where a cell has no value.
    """
    for point in range(len(cells)):
        cell, value = cells[point], of[point]
        if cell >= 0 and value == value and not least[cell] <= value:
            least[cell] = value


@kernel("int64[:], const float64[:], float64[:]")
def keep_greatest(cells: NDArray[np.int64], of: NDArray[np.float64], greatest: NDArray[np.float64]) -> None:
    """Keep the greatest value of each cell; of equal ones (zeros of both signs), the first. NaN is no value.

    Parameters
    ----------
    cells : int64[n]
        Cells of the points, negative where they have none.
    of : float64[n]
        The values.
    greatest : float64[n_cells]
        Updated. NaN where a cell has no value.
    """
    for point in range(len(cells)):
        cell, value = cells[point], of[point]
        if cell >= 0 and value == value and not greatest[cell] >= value:
            greatest[cell] = value


@kernel("int64[:], const float64[:], int64, float64[:], int64[:]")
def keep_last(
    cells: NDArray[np.int64],
    of: NDArray[np.float64],
    first_arrival: int,
    last: NDArray[np.float64],
    arrivals: NDArray[np.int64],
) -> None:
    """Keep the value of each cell that arrived last, and when it did. NaN is no value.

    Parameters
    ----------
    cells : int64[n]
        Cells of the points, negative where they have none.
    of : float64[n]
        The values.
    first_arrival : int
        Arrival number of the first point; points before had lower ones.
    last : float64[n_cells]
        Updated. NaN where a cell has no value.
    arrivals : int64[n_cells]
        Updated: arrival numbers of the values.
    """
    for point in range(len(cells)):
        cell, value = cells[point], of[point]
        if cell >= 0 and value == value:
            last[cell] = value
            arrivals[cell] = first_arrival + point
