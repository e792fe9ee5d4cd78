"""The fast way through JSON: typed decoding of messages in which nothing is out of the ordinary."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from types import GenericAlias
from typing import Any, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from pipelines.core.dictionary import UNKNOWN, Dictionary
from pipelines.core.errors import DecodeError
from pipelines.core.schema import KINDS, Column
from pipelines.decoders.fields import KIND_FIELD, RecordFields
from pipelines.decoders.values import SIDES, identity_of, times_ns_of

__all__ = ["Arrays", "TypedColumns", "TypedJson", "TypedRecords", "has_typed_form", "must_be_named"]

Arrays = list[NDArray[Any]]
"""One array a column in the schema's order, and the identity last where a key is declared; all of shape [n]."""


class TypedJson(Protocol):
    """Reads messages of one shape and one kind, if each of their rows is good."""

    def arrays(self, payload: bytes) -> Arrays | None:
        """Return the columns of a message, or None where it is another, or needs to be read with care."""
        ...


def has_typed_form(fields: RecordFields, earlier: Sequence[RecordFields]) -> bool:
    """Tell whether each field has one type. It has none where two columns, or a column and the key, read it."""
    used = [*fields.columns.values(), *_foreign(fields, earlier), KIND_FIELD, *filter(None, [fields.key])]
    return len(set(used)) == len(used)


def must_be_named(fields: RecordFields, earlier: Sequence[RecordFields]) -> bool:
    """Tell whether what has all the fields of a kind is taken for an earlier one, unless it says what it is."""
    return any(other.required <= set(fields.columns.values()) for other in earlier)


class _Typed:
    """What both shapes share: the types of the fields, and the arrays that become of their values.

    Parameters
    ----------
    fields : RecordFields
        The kind.
    earlier : sequence of RecordFields
        Kinds that a record is taken for in preference, where it has their fields. It is read with care where it has
        any field that sets them apart.
    dictionary : Dictionary
        Takes the names.
    """

    def __init__(self, fields: RecordFields, earlier: Sequence[RecordFields], dictionary: Dictionary) -> None:
        self._fields = fields
        self._dictionary = dictionary
        self._columns = fields.schema.columns
        self._foreign = _foreign(fields, earlier)
        self._must_be_named = must_be_named(fields, earlier)
        self._read_values = [attrgetter(f"column{i}") for i in range(len(self._columns) + bool(fields.key))]
        self._read_foreign = [attrgetter(f"foreign{i}") for i in range(len(self._foreign))]

    def _struct(self, *, listed: bool) -> type[msgspec.Struct]:
        fields = [(self._fields.columns[column.name], self._scalar(column)) for column in self._columns]
        if self._fields.key:
            fields.append((self._fields.key, int | str))
        entries: list[Any] = []
        for position, (field, scalar) in enumerate(fields):
            declared: Any = GenericAlias(list, (scalar,)) if listed else scalar
            if field in self._fields.required or field == self._fields.key:
                entries.append((f"column{position}", declared, msgspec.field(name=field)))
            else:
                entries.append((f"column{position}", declared | None, msgspec.field(name=field, default=None)))
        others = [("kind", KIND_FIELD), *((f"foreign{i}", field) for i, field in enumerate(self._foreign))]
        entries += [(name, Any, msgspec.field(name=field, default=msgspec.UNSET)) for name, field in others]
        return msgspec.defstruct("Typed", entries, kw_only=True, gc=False)

    def _scalar(self, column: Column) -> Any:
        if column.name == "time":
            return int | float
        if column.name == self._fields.schema.key:
            return str
        if column.unit == "sign":
            return int | str | None
        return float if column.required else float | None

    def _is_of_this_kind(self, named: object) -> bool:
        if isinstance(named, str) and named in KINDS:
            return named == self._fields.schema.kind
        return not self._must_be_named

    def _arrays(self, values: list[list[Any] | None], n_rows: int) -> Arrays | None:
        if any(listed is not None and len(listed) != n_rows for listed in values):
            return None
        arrays: Arrays = []
        for column, listed in zip(self._columns, values, strict=False):
            array = self._array(column, listed, n_rows)
            if array is None:
                return None
            arrays.append(array)
        if self._fields.key:
            try:
                arrays.append(np.fromiter(map(identity_of, values[-1] or ()), np.int64, n_rows))
            except DecodeError:
                return None
        return arrays

    def _array(self, column: Column, values: list[Any] | None, n_rows: int) -> NDArray[Any] | None:
        """Return a column, or None where one of its values needs care."""
        if column.name == self._fields.schema.key:
            return self._codes(values, n_rows)
        if values is None:
            return np.full(n_rows, 0 if column.unit == "sign" else np.nan, column.dtype)
        if column.name == "time":
            return times_ns_of(values, self._fields.time_unit_ns)
        if column.unit != "sign":
            return np.array(values, np.float64)
        try:
            return np.fromiter(map(SIDES.__getitem__, values), np.int8, n_rows)
        except KeyError:
            return None

    def _codes(self, names: list[str | None] | None, n_rows: int) -> NDArray[np.int32] | None:
        default = self._fields.default_name
        if default:
            names = [default if name is None else name for name in names or [None] * n_rows]
        codes = self._dictionary.encode(names or ())  # type: ignore[arg-type]
        return None if n_rows and codes.min() == UNKNOWN else codes


class TypedColumns(_Typed):
    """Reads an object of columns."""

    def __init__(self, fields: RecordFields, earlier: Sequence[RecordFields], dictionary: Dictionary) -> None:
        super().__init__(fields, earlier, dictionary)
        self._decoder = msgspec.json.Decoder(self._struct(listed=True), strict=False)

    def arrays(self, payload: bytes) -> Arrays | None:
        """Return the columns of a message, or None where it is another, or needs to be read with care."""
        try:
            message: Any = self._decoder.decode(payload)
        except (ValueError, RecursionError):
            return None
        foreign = any(read(message) is not msgspec.UNSET for read in self._read_foreign)
        if foreign or not self._is_of_this_kind(message.kind):
            return None
        values = [read(message) for read in self._read_values]
        return self._arrays(values, len(values[0]))


class TypedRecords(_Typed):
    """Reads a list of objects."""

    def __init__(self, fields: RecordFields, earlier: Sequence[RecordFields], dictionary: Dictionary) -> None:
        super().__init__(fields, earlier, dictionary)
        struct: Any = GenericAlias(list, (self._struct(listed=False),))
        self._decoder = msgspec.json.Decoder(struct, strict=False)

    def arrays(self, payload: bytes) -> Arrays | None:
        """Return the columns of a message, or None where it is another, or needs to be read with care."""
        try:
            records: Any = self._decoder.decode(payload)
            kinds = {record.kind for record in records}
        except (ValueError, RecursionError, TypeError):
            return None
        if not all(map(self._is_of_this_kind, kinds)):
            return None
        if any(read(record) is not msgspec.UNSET for read in self._read_foreign for record in records):
            return None
        return self._arrays([list(map(read, records)) for read in self._read_values], len(records))


def _foreign(fields: RecordFields, earlier: Sequence[RecordFields]) -> list[str]:
    required = {field for other in earlier for field in other.required}
    return sorted(required - set(fields.columns.values()))
