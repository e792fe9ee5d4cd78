"""Which code of 8 bits a cell's value has, for good: what colour a code has is another matter, and may change."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite, ldexp
from sys import float_info
from typing import Any, NamedTuple, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from pipelines.aggregates.levels import Levels, count_levels, step_levels, sum_levels, unit_log2_for
from pipelines.kernels.codes import (
    MANTISSA_BITS,
    N_CODES,
    TONE_BITS,
    TOTAL_MANTISSA_BITS,
    encode_any,
    encode_counts,
    encode_linear,
    encode_sides,
    encode_sums,
)

__all__ = [
    "AnyQuantiser",
    "CodeArrays",
    "CodedCells",
    "CountQuantiser",
    "LinearQuantiser",
    "Quantiser",
    "SideQuantiser",
    "SumQuantiser",
]


class CodeArrays(NamedTuple):
    """What encoding writes to.

    Parameters
    ----------
    fresh : uint8[n_rows]
        Room for a column.
    codes : uint8[n_columns, n_rows]
        Codes of the cells.
    histogram : int64[256]
        Cells of each code.
    changed : bool[n_columns]
        Set where a column gets other codes.
    """

    fresh: NDArray[np.uint8]
    codes: NDArray[np.uint8]
    histogram: NDArray[np.int64]
    changed: NDArray[np.bool_]


class Quantiser(Protocol):
    """A fixed map from the values of cells to codes: 0 is nothing, and a larger value never has a lower level.

    Notes
    -----
    *Threads.* Any: it is a value.
    """

    @property
    def levels(self) -> Levels:
        """What the codes stand for."""
        ...

    def encode(self, cells: NDArray[Any], columns: NDArray[np.int64], into: CodeArrays) -> None:
        """Encode some columns, as the kernels of `pipelines.kernels.codes` do. `cells` and `columns` are read-only."""
        ...


@dataclass(frozen=True, slots=True)
class CountQuantiser:
    """Codes of counts (uint32): 16 an octave. All numbers up to 31 have their own; from 507,904 on they share one."""

    @property
    def levels(self) -> Levels:
        """What the codes stand for."""
        return count_levels(MANTISSA_BITS, np.arange(N_CODES))

    def encode(self, cells: NDArray[Any], columns: NDArray[np.int64], into: CodeArrays) -> None:
        """Encode some columns."""
        encode_counts(cells, columns, *into)


@dataclass(frozen=True, slots=True)
class SumQuantiser:
    """Codes of sums (float64) of what is not negative, as those of counts of a unit. What is less has code 1.

    Parameters
    ----------
    unit_log2 : int
        The unit is two to the power of this.
    """

    unit_log2: int

    @classmethod
    def up_to(cls, largest: float) -> Self:
        """Return the finest for sums up to `largest`."""
        return cls(unit_log2_for(largest, MANTISSA_BITS))

    @property
    def levels(self) -> Levels:
        """What the codes stand for."""
        return sum_levels(MANTISSA_BITS, np.arange(N_CODES), self.unit_log2)

    def encode(self, cells: NDArray[Any], columns: NDArray[np.int64], into: CodeArrays) -> None:
        """Encode some columns."""
        encode_sums(cells, ldexp(1.0, -self.unit_log2), columns, *into)


@dataclass(frozen=True, slots=True)
class LinearQuantiser:
    """Codes of values (float64) in equal steps, for what may be negative. Values outside have the code at that end.

    Parameters
    ----------
    low : float
        Where code 1 begins.
    step : float
        How much each code comprises.

    Raises
    ------
    ValueError
        Where an end, the range between them or the reciprocal of the step is not finite, or the step not positive.
    """

    low: float
    step: float

    def __post_init__(self) -> None:
        if not (isfinite(self.low) and isfinite(self.high - self.low) and self.step >= float_info.min):
            raise ValueError(f"no steps of {self.step} from {self.low}")

    @property
    def high(self) -> float:
        """Where the last code ends."""
        return self.low + (N_CODES - 1) * self.step

    @classmethod
    def over(cls, low: float, high: float) -> Self:
        """Return one whose 255 codes cover the values from `low` to `high`."""
        return cls(low, max((high - low) / (N_CODES - 1), float_info.min))

    @property
    def levels(self) -> Levels:
        """What the codes stand for."""
        return step_levels(self.low, self.step)

    def encode(self, cells: NDArray[Any], columns: NDArray[np.int64], into: CodeArrays) -> None:
        """Encode some columns."""
        encode_linear(cells, self.low, self.high, 1.0 / self.step, columns, *into)


@dataclass(frozen=True, slots=True)
class AnyQuantiser:
    """Codes of cells (bool) where there is anything: 1."""

    @property
    def levels(self) -> Levels:
        """What the codes stand for."""
        return count_levels(MANTISSA_BITS, np.arange(N_CODES) > 0)

    def encode(self, cells: NDArray[Any], columns: NDArray[np.int64], into: CodeArrays) -> None:
        """Encode some columns."""
        encode_any(cells, columns, *into)


@dataclass(frozen=True, slots=True)
class SideQuantiser:
    """Codes of counts (uint32), or of sums (float64) of what is not negative, of what was sold, untold and bought.

    The upper 5 bits are the level of the total, 2 an octave up to 65,536 units; the lower 3 the tone: which share was
    bought, in sixths, or that most is of no known side.

    Parameters
    ----------
    unit_log2 : int or None
        The unit is two to the power of this. None for counts: one, and totals are whole numbers.
    """

    unit_log2: int | None = None

    @classmethod
    def up_to(cls, largest: float) -> Self:
        """Return the finest for sums up to `largest`."""
        return cls(unit_log2_for(largest, TOTAL_MANTISSA_BITS))

    @property
    def levels(self) -> Levels:
        """What the codes stand for."""
        of_code = np.arange(N_CODES) >> TONE_BITS
        if self.unit_log2 is None:
            return count_levels(TOTAL_MANTISSA_BITS, of_code)
        return sum_levels(TOTAL_MANTISSA_BITS, of_code, self.unit_log2)

    def encode(self, cells: NDArray[Any], columns: NDArray[np.int64], into: CodeArrays) -> None:
        """Encode some columns."""
        encode_sides(cells, ldexp(1.0, -(self.unit_log2 or 0)), columns, *into)


class CodedCells:
    """The codes of a picture's cells, encoded anew where a column changed. At first there is nothing.

    Parameters
    ----------
    quantiser : Quantiser
        Which code a value has.
    n_columns, n_rows : int
        Size of the picture.

    Attributes
    ----------
    codes : uint8[n_columns, n_rows]
        Codes of the cells.
    histogram : int64[256]
        Cells of each code.
    changed : bool[n_columns]
        Columns that got other codes; for the reader to clear.

    Notes
    -----
    *Threads.* One.
    """

    def __init__(self, quantiser: Quantiser, n_columns: int, n_rows: int) -> None:
        self.quantiser = quantiser
        self.codes = np.zeros((n_columns, n_rows), np.uint8)
        self.histogram = np.zeros(N_CODES, np.int64)
        self.histogram[0] = self.codes.size
        self.changed = np.zeros(n_columns, np.bool_)
        self._arrays = CodeArrays(np.empty(n_rows, np.uint8), self.codes, self.histogram, self.changed)

    def encode(self, cells: NDArray[Any], columns: NDArray[np.int64] | None = None) -> None:
        """Encode some columns of `cells`, any[n_columns, n_rows, ...] in C order, or all."""
        if cells.shape[:2] != self.codes.shape:
            raise ValueError(f"{cells.shape[:2]} cells do not fit into {self.codes.shape} codes")
        if columns is None:
            columns = np.arange(len(self.codes))
        self.quantiser.encode(_read_only(cells), _read_only(columns), self._arrays)


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    """Return a view that can't be written to: kernels are compiled for those."""
    view = array.view()
    view.flags.writeable = False
    return view
