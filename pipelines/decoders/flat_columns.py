"""The fastest way through JSON: objects of columns that are flat arrays of numbers and short names."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pipelines.core.dictionary import UNKNOWN, Dictionary
from pipelines.core.schema import Column
from pipelines.decoders.fields import RecordFields
from pipelines.decoders.name_table import NameTable
from pipelines.decoders.typed_json import Arrays, has_typed_form, must_be_named
from pipelines.decoders.values import SIDES, whole_times_ns_of
from pipelines.kernels.json_columns import FLOATS, FLOATS_OR_NULL, NAMES, NO_ROWS, TOKENS, WHOLES, read_columns
from pipelines.kernels.names import FREE, insert_names, look_up_names

__all__ = ["FlatColumns", "has_flat_form"]

_MOST_ROWS: Final = 65_536
"""There is room for so many. A message of more is read in another way."""

_BLANKS: Final = b" \t\n\r"
_SIDE_SLOTS: Final = 256
_OUTPUT_OF: Final = {WHOLES: "wholes", FLOATS: "floats", FLOATS_OR_NULL: "floats", NAMES: "texts", TOKENS: "texts"}


def has_flat_form(fields: RecordFields, earlier: Sequence[RecordFields]) -> bool:
    """Tell whether columns may be told apart by the bytes of their names, and make rows of no other kind."""
    named = (*fields.columns.values(), fields.key)
    plain = all(name.isprintable() and "\\" not in name for name in named)
    return plain and has_typed_form(fields, earlier) and not must_be_named(fields, earlier)


class FlatColumns:
    """Reads an object of columns in one go: times and keys that are whole numbers, values that are no strings.

    What it finds is what `TypedColumns` finds. It returns None where that takes more: other fields, escapes, names of
    more than 16 bytes, numbers of more digits than a float holds.

    Parameters
    ----------
    fields : RecordFields
        The kind.
    dictionary : Dictionary
        Takes the names.

    Notes
    -----
    *Threads.* Used by the feed's writer only.
    """

    def __init__(self, fields: RecordFields, dictionary: Dictionary) -> None:
        self._fields = fields
        self._dictionary = dictionary
        self._names = NameTable(dictionary, read=_read_name)
        self._sides = _side_table()
        columns = sorted(fields.schema.columns, key=lambda column: column.name == fields.schema.key)
        asked = [(fields.columns[column.name], self._kind_of(column)) for column in columns]
        asked += [(fields.key, WHOLES)] if fields.key else []
        self._must_have = [field in {*fields.required, fields.key} for field, _ in asked]
        self._field_names = np.frombuffer("".join(field for field, _ in asked).encode(), np.uint8)
        self._name_ends = np.cumsum([len(field.encode()) for field, _ in asked])
        outputs = [_OUTPUT_OF[kind] for _, kind in asked]
        rows = [outputs[:position].count(output) for position, output in enumerate(outputs)]
        self._places = np.array([(kind, row) for (_, kind), row in zip(asked, rows, strict=True)])
        # names come last, so that a message which is not read here adds none
        self._columns = list(zip(columns, rows, strict=False))
        self._wholes = np.empty((outputs.count("wholes"), _MOST_ROWS), np.int64)
        self._floats = np.empty((outputs.count("floats"), _MOST_ROWS))
        self._texts = np.empty((outputs.count("texts"), _MOST_ROWS, 2), np.uint64)
        self._found = np.empty(len(asked), np.bool_)

    def arrays(self, payload: bytes) -> Arrays | None:
        """Return the columns of a message, or None where it is another, or needs to be read with more care."""
        n_rows = read_columns(
            np.frombuffer(payload.rstrip(_BLANKS), np.uint8),
            self._field_names,
            self._name_ends,
            self._places,
            self._wholes,
            self._floats,
            self._texts,
            self._found,
        )
        found = self._found.tolist()
        if n_rows == NO_ROWS or any(must > there for must, there in zip(self._must_have, found, strict=True)):
            return None
        made: dict[str, NDArray[Any]] = {}
        for (column, row), there in zip(self._columns, found, strict=False):
            array = self._array(column, row, n_rows) if there else self._absent(column, n_rows)
            if array is None:
                return None
            made[column.name] = array
        arrays = [made[name] for name in self._fields.schema.names]
        return [*arrays, self._wholes[-1, :n_rows].copy()] if self._fields.key else arrays

    def _kind_of(self, column: Column) -> int:
        if column.name == "time":
            return WHOLES
        if column.name == self._fields.schema.key:
            return NAMES
        if column.unit == "sign":
            return TOKENS
        return FLOATS if column.required else FLOATS_OR_NULL

    def _array(self, column: Column, row: int, n_rows: int) -> NDArray[Any] | None:
        """Return a column as it was read, or None where one of its values needs more care."""
        if column.name == "time":
            return whole_times_ns_of(self._wholes[row, :n_rows].copy(), self._fields.time_unit_ns)
        if column.name == self._fields.schema.key:
            return self._codes(self._texts[row, :n_rows])
        if column.unit != "sign":
            return self._floats[row, :n_rows].copy()
        signs = np.empty(n_rows, np.int32)
        n_missing = look_up_names(self._texts[row, :n_rows], *self._sides, signs)
        return None if n_missing else signs.astype(np.int8)

    def _codes(self, words: NDArray[np.uint64]) -> NDArray[np.int32] | None:
        try:
            codes = self._names.codes(words)
        except _NotPlainError:
            return None
        return None if codes.min() == UNKNOWN else codes

    def _absent(self, column: Column, n_rows: int) -> NDArray[Any] | None:
        if column.name != self._fields.schema.key:
            return np.full(n_rows, 0 if column.unit == "sign" else np.nan, column.dtype)
        code = self._dictionary.encode_one(self._fields.default_name)
        return None if code == UNKNOWN else np.full(n_rows, code, np.int32)


class _NotPlainError(Exception):
    """A name is empty, has an escape, or bytes that JSON does not allow."""


def _read_name(padded: bytes) -> str:
    name = padded.rstrip(b'"')
    if not name or b"\\" in name or any(byte < ord(" ") for byte in name):
        raise _NotPlainError
    try:
        return name.decode()
    except UnicodeDecodeError:
        raise _NotPlainError from None


def _side_table() -> tuple[NDArray[np.uint64], NDArray[np.int32]]:
    """Return how JSON may write a side, and the sign that it is, as `look_up_names` takes them."""
    signs = {json.dumps(value).encode(): sign for value, sign in SIDES.items()}
    words = np.frombuffer(b"".join(token.ljust(16, b",") for token in signs), np.uint64).reshape(-1, 2)
    table = np.zeros((_SIDE_SLOTS, 2), np.uint64), np.full(_SIDE_SLOTS, FREE, np.int32)
    insert_names(words.copy(), np.array(list(signs.values()), np.int32), *table)
    return table
