"""Rows of a batch in the order of their keys."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipelines.kernels.compile import kernel

__all__ = ["order_by_key"]


@kernel
def order_by_key(keys: NDArray[np.int32], ends: NDArray[np.int64], order: NDArray[np.int64]) -> None:
    """Sort rows stably by key: a counting sort.

    Parameters
    ----------
    keys : int32[n]
        Codes of the rows, each from 0 to below `n_keys`.
    ends : int64[n_keys]
        Filled: the rows of key `k` are ``order[ends[k - 1]:ends[k]]`` (from 0 for the first key).
    order : int64[n]
        Filled: row indices, those of a key in the order in which they came.

    Notes
    -----
    H. H. Seward, "Information sorting in the application of electronic digital computers to business operations",
    MIT, 1954.
    """
    n_keys = len(ends)
    ends[:] = 0
    for row in range(len(keys)):
        ends[keys[row]] += 1
    start = 0
    for key in range(n_keys):
        count = ends[key]
        ends[key] = start
        start += count
    for row in range(len(keys)):
        key = keys[row]
        order[ends[key]] = row
        ends[key] += 1
