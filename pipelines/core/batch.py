"""A batch of columns: the smallest thing that moves through the graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.core.schema import Schema

__all__ = ["Batch"]


@dataclass(frozen=True, slots=True, init=False)
class Batch:
    """Rows of one kind as read-only columns of one length.

    Parameters
    ----------
    schema : Schema
        What the columns are.
    columns : mapping of str to array
        One array a column of `schema`, each of shape [n] and of that column's dtype. The arrays are made read-only.
    identity : int64[n], optional
        With the key column, what makes a row unique: a trade id, an update id, a sequence number. None where the
        stream declares nothing, so that nothing can be taken for a duplicate.

    Raises
    ------
    ValueError
        Where a column is missing, has another dtype, or another length than the first.
    """

    schema: Schema
    columns: Mapping[str, NDArray[Any]]
    identity: NDArray[np.int64] | None

    def __init__(
        self,
        schema: Schema,
        columns: Mapping[str, NDArray[Any]],
        *,
        identity: NDArray[np.int64] | None = None,
    ) -> None:
        n_rows = len(columns[schema.names[0]]) if schema.names[0] in columns else -1
        frozen: dict[str, NDArray[Any]] = {}
        for column in schema.columns:
            array = columns.get(column.name)
            if array is None or array.dtype != column.dtype or array.shape != (n_rows,):
                found = "nothing" if array is None else f"{array.dtype}{list(array.shape)}"
                raise ValueError(f"{schema.kind}.{column.name} must be {column.dtype}[{n_rows}], not {found}")
            frozen[column.name] = _read_only(array)
        if identity is not None and (identity.dtype != np.int64 or identity.shape != (n_rows,)):
            raise ValueError(f"identity must be int64[{n_rows}], not {identity.dtype}{list(identity.shape)}")
        object.__setattr__(self, "schema", schema)
        object.__setattr__(self, "columns", MappingProxyType(frozen))
        object.__setattr__(self, "identity", None if identity is None else _read_only(identity))

    def __len__(self) -> int:
        return len(self.time)

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self.columns[name]

    @property
    def kind(self) -> str:
        """Name of the schema's kind."""
        return self.schema.kind

    @property
    def time(self) -> NDArray[np.int64]:
        """Event time, int64[n] nanoseconds UTC."""
        return self.columns["time"]

    @property
    def keys(self) -> NDArray[np.int32]:
        """The codes that the rows are stored by, int32[n]."""
        return self.columns[self.schema.key]

    def select(self, rows: NDArray[np.bool_] | NDArray[np.intp]) -> Batch:
        """Return the rows that a mask or an index array picks, as a new batch."""
        columns = {name: array[rows] for name, array in self.columns.items()}
        return Batch(self.schema, columns, identity=None if self.identity is None else self.identity[rows])

    @classmethod
    def concatenate(cls, batches: Sequence[Batch]) -> Batch:
        """Join batches of one schema, in order. The identity survives only where every batch has one.

        Raises
        ------
        ValueError
            Where the schemas differ.
        """
        if len(batches) == 1:
            return batches[0]
        schema = batches[0].schema
        if any(batch.schema is not schema for batch in batches):
            raise ValueError(f"batches of {schema.kind} can't be joined with those of another kind")
        columns = {name: np.concatenate([batch[name] for batch in batches]) for name in schema.names}
        identities = [batch.identity for batch in batches if batch.identity is not None]
        return cls(schema, columns, identity=np.concatenate(identities) if len(identities) == len(batches) else None)


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    if array.flags.writeable:
        array = array.view()
        array.flags.writeable = False
    return array
