"""Which field of a JSON record goes into which column, and what that column makes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any, Final

from pipelines.core.dictionary import UNKNOWN, Dictionary
from pipelines.core.errors import DecodeError
from pipelines.core.schema import Column, Schema
from pipelines.core.url import SourceSpec, nearest
from pipelines.decoders.rows import name_fault, shown
from pipelines.decoders.values import identity_of, number_of, optional_number_of, side_of, time_ns_of

__all__ = ["KIND_FIELD", "RecordFields", "Row"]

KIND_FIELD: Final = "kind"
"""The field by which a record may say what it is."""

Row = tuple[Any, ...]
"""Values of the columns in the schema's order; the identity comes last where a key is declared."""

_MAX_FIELDS_SHOWN: Final = 20


class RecordFields:
    """Where the columns of one kind are found in a record.

    Parameters
    ----------
    schema : Schema
        The kind.
    spec : SourceSpec
        How the source names its fields, and what unit its times have.
    dictionary : Dictionary
        Takes the names.

    Attributes
    ----------
    columns : dict of str to str
        From column to field of the message.
    required : frozenset of str
        The fields without which a record is not of this kind.
    key : str
        The field that makes a record unique; empty where none is declared.
    """

    def __init__(self, schema: Schema, spec: SourceSpec, dictionary: Dictionary) -> None:
        self.schema = schema
        self.columns = {name: spec.fields.get(name, name) for name in schema.names}
        self.key = spec.key
        self.default_name = spec.symbol
        self.time_unit_ns = spec.time_unit_ns or 1
        self._dictionary = dictionary
        self.required = frozenset(self.columns[column.name] for column in schema.columns if self._needs(column))
        self._readers = [
            (self.columns[column.name], self._reader(column), self._absent(column)) for column in schema.columns
        ]
        if self.key:
            self._readers.append((self.key, identity_of, None))

    def missing_reason(self, record: Mapping[str, Any]) -> str:
        """Return in words which field `record` lacks to be of this kind, what it has, and what may have been meant."""
        field = next(name for name in self.columns.values() if name in self.required and name not in record)
        names = [shown(name).strip("'") for name in islice(record, _MAX_FIELDS_SHOWN)]
        if not names:
            return f"no field {field!r}: the record is empty"
        hint = nearest(field, names)
        more = ", ..." if len(record) > len(names) else ""
        return f"no field {field!r}{hint if 'did you mean' in hint else ''}; the record has {', '.join(names)}{more}"

    def row(self, record: Mapping[str, Any]) -> Row:
        """Return the row that `record` holds; raises `DecodeError` that names the field where it holds none."""
        values = []
        for field, read, absent in self._readers:
            value = record.get(field)
            try:
                values.append(read(absent if value is None else value))
            except DecodeError as error:
                raise DecodeError(f"{field}: {error}") from None
        return tuple(values)

    def _needs(self, column: Column) -> bool:
        return column.required and not (column.name == self.schema.key and self.default_name)

    def _reader(self, column: Column) -> Callable[[object], Any]:
        if column.name == "time":
            return lambda value: time_ns_of(value, self.time_unit_ns)
        if column.name == self.schema.key:
            return self._code_of
        if column.unit == "sign":
            return side_of
        return number_of if column.required else optional_number_of

    def _absent(self, column: Column) -> object:
        """Return what stands for a value that is absent or null; None has no meaning but as a side."""
        if column.name == self.schema.key:
            return self.default_name or None
        return None if column.required or column.unit == "sign" else float("nan")

    def _code_of(self, value: object) -> int:
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str):
            raise DecodeError(f"expected a name, got {shown(value)}")
        if not value.isascii() and any("\ud800" <= letter <= "\udfff" for letter in value):
            raise DecodeError(f"expected a name, got half of a surrogate pair in {shown(value)}")
        code = self._dictionary.encode_one(value)
        if code == UNKNOWN:
            raise DecodeError(name_fault(value, self._dictionary))
        return code
