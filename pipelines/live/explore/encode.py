"""The codes of a picture that is drawn once."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pipelines.aggregates.quantise import (
    AnyQuantiser,
    CodedCells,
    CountQuantiser,
    LinearQuantiser,
    Quantiser,
    SideQuantiser,
    SumQuantiser,
)
from pipelines.core.spec import Reduction

__all__ = ["encoded", "quantiser_for"]

_LARGEST: Final = 8e307


def quantiser_for(reduction: Reduction, by: str | None, cells: NDArray[Any]) -> Quantiser:
    """Return the quantiser for what the cells of a reduction are: a fixed one, or one over their range."""
    if by is not None:
        return SideQuantiser() if reduction == "count" else SideQuantiser.up_to(_range(cells)[1])
    if reduction == "count":
        return CountQuantiser()
    if reduction == "any":
        return AnyQuantiser()
    low, high = _range(cells)
    return SumQuantiser.up_to(high) if reduction == "sum" and low >= 0.0 else LinearQuantiser.over(low, high)


def encoded(cells: NDArray[Any], quantiser: Quantiser) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return the codes (uint8[n_columns, n_rows]) and their histogram (int64[256]), both read-only."""
    coded = CodedCells(quantiser, *cells.shape[:2])
    coded.encode(np.ascontiguousarray(cells))
    for array in (coded.codes, coded.histogram):
        array.flags.writeable = False
    return coded.codes, coded.histogram


def _range(cells: NDArray[np.float64]) -> tuple[float, float]:
    """Return the least and the greatest finite value, a finite distance apart; 0 and 1 where there is none."""
    finite = cells[np.isfinite(cells)].clip(-_LARGEST, _LARGEST)
    return (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)
