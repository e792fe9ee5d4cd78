"""The newest rows of one key, as messages: each row is told once."""

from __future__ import annotations

from collections.abc import Mapping
from struct import Struct
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from pipelines.core.schema import Schema
from pipelines.live.wire.changes import ChangesEncoder
from pipelines.live.wire.parts import Part, part

__all__ = ["RowsEncoder"]

_ROWS: Final = Struct("<QII")
_TYPES: Final = {np.dtype(np.int64): "i64", np.dtype(np.float64): "f64", np.dtype(np.int8): "i8"}


class RowsEncoder(ChangesEncoder):
    """The newest rows of one key as messages.

    Parameters
    ----------
    schema : Schema
        What the rows are. All columns are told but the key.

    Notes
    -----
    *Threads.* One: the loop that sends.
    """

    def __init__(self, schema: Schema) -> None:
        super().__init__()
        self._columns = tuple(column for column in schema.columns if column.name != schema.key)
        self._first, self._rows = 0, {column.name: np.empty(0, column.dtype) for column in self._columns}
        self._since = np.empty(0, np.int64)

    def take(self, first_row: int, rows: Mapping[str, NDArray[Any]]) -> None:
        """Let `rows` be the newest in order of arrival; does nothing where they are the same as before.

        Parameters
        ----------
        first_row : int
            Arrival number of the first of them: a row never changes.
        rows : mapping of str to any[n]
            Their columns.
        """
        n_rows, n_before = len(rows["time"]), len(self._since)
        if self.generation and (first_row, n_rows) == (self._first, n_before):
            return
        self._begin()
        kept = self._since[first_row - self._first :] if first_row >= self._first else self._since[:0]
        self._since = np.full(n_rows, self.generation, np.int64)
        self._since[: len(kept)] = kept
        self._first, self._rows = first_row, {column.name: rows[column.name] for column in self._columns}

    def _parts(self, base: int) -> bytes:
        n_rows = len(self._since)
        n_told = n_rows - int(np.searchsorted(self._since, base, side="right"))
        values = [
            self._rows[column.name][n_rows - n_told :].astype(column.dtype.newbyteorder("<")).tobytes()
            for column in self._columns
        ]
        rows = part(Part.ROWS, b"".join((_ROWS.pack(self._first, n_rows, n_told), *values)))
        return rows if base else part(Part.ROW_COLUMNS, self._names()) + rows

    def _names(self) -> bytes:
        return msgspec.json.encode([[column.name, _TYPES[column.dtype]] for column in self._columns])
