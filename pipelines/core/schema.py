"""What a table's columns are called, how they are stored and in which unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from pipelines.core.errors import SpecError

__all__ = ["DEPTH", "KINDS", "QUOTES", "READINGS", "TRADES", "Column", "Schema", "schema_of"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table.

    Parameters
    ----------
    name : str
        Name of the column.
    dtype : numpy.dtype
        How a value is stored.
    unit : str
        Unit of a value. ``"code"`` marks a code of a `Dictionary`, ``"sign"`` a direction: +1 for a buy or a bid,
        -1 for a sell or an ask, 0 where it is unknown.
    required : bool
        Whether a row without this field is rejected. A field that is not required becomes NaN (or sign 0).
    """

    name: str
    dtype: np.dtype
    unit: str
    required: bool = True


@dataclass(frozen=True, slots=True)
class Schema:
    """The columns of one kind of row.

    Parameters
    ----------
    kind : str
        Name of the kind, which is also the name of its table.
    columns : tuple of Column
        In the order in which they are stored. The first is ``time`` (int64 nanoseconds UTC).
    key : str
        The column that rows are stored by (symbol, sensor): int32 codes.
    value : str
        The column that a picture of the kind shows unless told otherwise.
    """

    kind: str
    columns: tuple[Column, ...]
    key: str
    value: str

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns, in the order in which they are stored."""
        return tuple(column.name for column in self.columns)

    @property
    def row_bytes(self) -> int:
        """Bytes that one row takes in memory."""
        return sum(column.dtype.itemsize for column in self.columns)

    def column(self, name: str) -> Column:
        """Return the column called `name`; raises `KeyError` where there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)


_TIME: Final = Column("time", np.dtype(np.int64), "ns")
_INT32: Final = np.dtype(np.int32)
_FLOAT: Final = np.dtype(np.float64)
_SIGN: Final = np.dtype(np.int8)

TRADES: Final = Schema(
    "trades",
    (
        _TIME,
        Column("symbol", _INT32, "code"),
        Column("price", _FLOAT, "quote currency"),
        Column("size", _FLOAT, "base currency"),
        Column("side", _SIGN, "sign", required=False),
    ),
    key="symbol",
    value="price",
)
QUOTES: Final = Schema(
    "quotes",
    (
        _TIME,
        Column("symbol", _INT32, "code"),
        Column("bid", _FLOAT, "quote currency"),
        Column("bid_size", _FLOAT, "base currency", required=False),
        Column("ask", _FLOAT, "quote currency"),
        Column("ask_size", _FLOAT, "base currency", required=False),
    ),
    key="symbol",
    value="bid",
)
DEPTH: Final = Schema(
    "depth",
    (
        _TIME,
        Column("symbol", _INT32, "code"),
        Column("side", _SIGN, "sign"),
        Column("price", _FLOAT, "quote currency"),
        Column("size", _FLOAT, "base currency"),
    ),
    key="symbol",
    value="price",
)
READINGS: Final = Schema(
    "readings",
    (
        _TIME,
        Column("sensor", _INT32, "code"),
        Column("value", _FLOAT, "sensor unit"),
        Column("lat", _FLOAT, "degree", required=False),
        Column("lon", _FLOAT, "degree", required=False),
    ),
    key="sensor",
    value="value",
)

KINDS: Final[dict[str, Schema]] = {schema.kind: schema for schema in (TRADES, QUOTES, DEPTH, READINGS)}


def schema_of(kind: str) -> Schema:
    """Return the schema of `kind`; raises `SpecError` that lists the kinds where it is unknown."""
    try:
        return KINDS[kind]
    except KeyError:
        raise SpecError(f"unknown kind {kind!r}: the kinds are {', '.join(KINDS)}") from None
