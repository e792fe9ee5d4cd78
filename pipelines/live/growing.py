"""Columns that grow at the end, shrink at the beginning, and never disturb who looks at them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["GrowingColumns"]

_MIN_CAPACITY: Final = 1_024


class GrowingColumns:
    """Arrays of one length. Appending is amortised: a row is copied about once more, however long it stays.

    Parameters
    ----------
    dtypes : mapping of str to numpy.dtype
        The columns.

    Attributes
    ----------
    capacity : int
        Rows that there is room for: at most four times the rows held, or a small constant.
    n_moved : int
        Rows copied to make room or to leave rows out, since it was made.

    Notes
    -----
    *Threads.* One thread. Views taken earlier keep their values for ever: rows are only added behind them, and what is
    rearranged goes into fresh arrays.
    """

    def __init__(self, dtypes: Mapping[str, np.dtype[Any]]) -> None:
        self.capacity = _MIN_CAPACITY
        self.n_moved = 0
        self._arrays = {name: np.empty(self.capacity, dtype) for name, dtype in dtypes.items()}
        self._start = self._stop = 0

    def __len__(self) -> int:
        return self._stop - self._start

    def __getitem__(self, name: str) -> NDArray[Any]:
        view = self._arrays[name][self._start : self._stop]
        view.flags.writeable = False
        return view

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(self._arrays)

    def append(self, columns: Mapping[str, NDArray[Any]]) -> None:
        """Add rows at the end."""
        n_rows = len(columns[self.names[0]])
        if self._stop + n_rows > self.capacity:
            self._move(slice(None), room_for=n_rows)
        for name, array in self._arrays.items():
            array[self._stop : self._stop + n_rows] = columns[name]
        self._stop += n_rows

    def drop_first(self, n_rows: int) -> None:
        """Leave out rows at the beginning, without touching the others."""
        self._start += n_rows
        if self.capacity > max(4 * len(self), _MIN_CAPACITY):
            self._move(slice(None))

    def keep(self, rows: NDArray[np.bool_]) -> None:
        """Leave out the rows where the mask `rows` is False."""
        self._move(rows)

    def clear(self) -> None:
        """Leave out all rows."""
        self._move(slice(0, 0))

    def _move(self, rows: slice | NDArray[np.bool_], *, room_for: int = 0) -> None:
        kept = {name: self[name][rows] for name in self._arrays}
        n_rows = len(kept[self.names[0]])
        self.capacity = max(2 * (n_rows + room_for), _MIN_CAPACITY)
        for name, values in kept.items():
            self._arrays[name] = np.empty(self.capacity, values.dtype)
            self._arrays[name][:n_rows] = values
        self._start, self._stop = 0, n_rows
        self.n_moved += n_rows
