"""The newest row of each key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from pipelines.aggregates.by_key import grown, n_keys_of, take_in
from pipelines.core.batch import Batch
from pipelines.core.schema import Schema
from pipelines.kernels.latest import latest_rows
from pipelines.store.table import Table

__all__ = ["LastValues", "LastValuesSnapshot"]

_NEVER: Final = np.iinfo(np.int64).min


@dataclass(frozen=True, slots=True)
class LastValuesSnapshot:
    """The newest row of each key that has one.

    Parameters
    ----------
    codes : int32[n]
        Codes of the keys, ascending.
    columns : mapping of str to array
        The columns of their newest rows, each of shape [n].
    n_rows : int64[n]
        Rows of each key since the aggregate was made.
    """

    codes: NDArray[np.int32]
    columns: Mapping[str, NDArray[Any]]
    n_rows: NDArray[np.int64]

    def row(self, code: int) -> dict[str, Any] | None:
        """Return the newest row of `code` as a dict, or None where it has none."""
        place = int(np.searchsorted(self.codes, code))
        if place == len(self.codes) or self.codes[place] != code:
            return None
        return {name: column[place] for name, column in self.columns.items()}


class LastValues:
    """The newest row of each key by event time; of equal times, the one that came last.

    Merging is associative. It commutes where no two rows of a key have the same time.

    Parameters
    ----------
    schema : Schema
        What the rows are.
    """

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self._forget()

    def update(self, batch: Batch) -> None:
        """Take in new rows."""
        row = 0
        while row < len(batch):
            row, n_found = latest_rows(row, batch.keys, batch.time, self._newest, self._n_rows, self._rows, self._codes)
            self._keep(batch, self._codes[:n_found])
            if row < len(batch):
                self._make_room(n_keys_of(batch.keys))

    def merge(self, other: Self) -> None:
        """Take in the rows that `other` has seen after us."""
        self._make_room(len(other._newest))
        n_keys = len(other._newest)
        (codes,) = np.nonzero((other._n_rows > 0) & (other._newest >= self._newest[:n_keys]))
        for name, column in self._columns.items():
            column[codes] = other._columns[name][codes]
        self._newest[codes] = other._newest[codes]
        self._n_rows[:n_keys] += other._n_rows

    def snapshot(self) -> LastValuesSnapshot:
        """Return the newest rows now."""
        (codes,) = np.nonzero(self._n_rows)
        keys = codes.astype(np.int32)
        columns: dict[str, NDArray[Any]] = {"time": self._newest[codes], self.schema.key: keys}
        columns |= {name: column[codes] for name, column in self._columns.items()}
        return LastValuesSnapshot(keys, MappingProxyType(columns), self._n_rows[codes])

    def rebuild(self, table: Table) -> Iterator[None]:
        """Forget everything, and take in the rows that `table` keeps."""
        self._forget()
        yield from take_in(table, self.update)

    def _forget(self) -> None:
        others = (column for column in self.schema.columns if column.name not in ("time", self.schema.key))
        self._columns = {column.name: np.empty(0, dtype=column.dtype) for column in others}
        self._newest = np.empty(0, dtype=np.int64)
        self._n_rows = np.empty(0, dtype=np.int64)
        self._rows = np.empty(0, dtype=np.int64)  # of the batch that is being taken in; -1 before and after
        self._codes = np.empty(0, dtype=np.int64)

    def _keep(self, batch: Batch, codes: NDArray[np.int64]) -> None:
        """Keep the rows that were found to be the newest of these keys."""
        rows = self._rows[codes]
        self._rows[codes] = -1
        for name, column in self._columns.items():
            column[codes] = batch[name][rows]

    def _make_room(self, n_keys: int) -> None:
        self._columns = {name: grown(column, n_keys, 0) for name, column in self._columns.items()}
        self._newest = grown(self._newest, n_keys, _NEVER)
        self._n_rows = grown(self._n_rows, n_keys, 0)
        self._rows = grown(self._rows, n_keys, -1)
        self._codes = grown(self._codes, n_keys, 0)
