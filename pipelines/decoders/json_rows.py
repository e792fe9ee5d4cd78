"""The format ``json``: one object, a list of objects, or an object of columns."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
import numpy as np

from pipelines.core.batch import Batch
from pipelines.core.dictionary import Dictionary
from pipelines.core.errors import DecodeError
from pipelines.core.message import Message
from pipelines.core.schema import KINDS, Schema
from pipelines.core.url import SourceSpec
from pipelines.decoders.contract import Decoded
from pipelines.decoders.fields import KIND_FIELD, RecordFields, Row
from pipelines.decoders.flat_columns import FlatColumns, has_flat_form
from pipelines.decoders.rows import Rejects, message_kind, shown, sift
from pipelines.decoders.typed_json import Arrays, TypedColumns, TypedJson, TypedRecords, has_typed_form

__all__ = ["JsonDecoder"]

_TYPED_FROM_BYTES: Final = 512
"""Shorter messages hold too few rows to be worth arrays of their own."""


class JsonDecoder:
    """Decodes JSON messages.

    A message is one record (an object), a list of records, or an object of columns: arrays of one length, where a
    value that is no array stands for all rows. A record is of the first of the source's kinds whose required fields it
    has; a field ``kind`` that names a kind decides. Records of other kinds are left out and not counted.

    Parameters
    ----------
    spec : SourceSpec
        Kinds, names of fields (``map=``), unit of times (``time_unit=``), key (``key=``) and symbol (``symbol=``).
    dictionary : Dictionary
        Takes the names.

    Notes
    -----
    *Threads.* Called by the feed's writer only.

    *Values.* Numbers may be written as strings. Times are numbers or ISO 8601, see `values.time_ns_of`. What is absent
    or null becomes NaN, or side 0, where the column isn't required. Names may be whole numbers.
    """

    def __init__(self, spec: SourceSpec, dictionary: Dictionary) -> None:
        self._message_kind = message_kind(spec)
        self._kinds = {kind: RecordFields(KINDS[kind], spec, dictionary) for kind in spec.kinds}
        self._keyed = bool(spec.key)
        self._typed: dict[bytes, list[tuple[str, TypedJson]]] = {b"{": [], b"[": []}
        typed_columns: list[tuple[str, TypedJson]] = []
        earlier: list[RecordFields] = []
        for kind, fields in self._kinds.items():
            if has_flat_form(fields, earlier):
                self._typed[b"{"].append((kind, FlatColumns(fields, dictionary)))
            if has_typed_form(fields, earlier):
                typed_columns.append((kind, TypedColumns(fields, earlier, dictionary)))
                self._typed[b"["].append((kind, TypedRecords(fields, earlier, dictionary)))
            earlier.append(fields)
        self._typed[b"{"] += typed_columns

    def decode(self, messages: Sequence[Message]) -> Decoded:
        """Decode `messages` in order."""
        rejects = Rejects(messages)
        tables = {kind: _Table(fields.schema, keyed=self._keyed) for kind, fields in self._kinds.items()}
        for index, message in enumerate(messages):
            if not self._decode_typed(index, message.payload, tables):
                self._decode_with_care(index, message.payload, tables, rejects)
        batches = [table.batch(rejects) for table in tables.values()]
        return Decoded(tuple(batch for batch in batches if batch is not None), rejects.letters())

    def _decode_typed(self, index: int, payload: bytes, tables: Mapping[str, _Table]) -> bool:
        if len(payload) < _TYPED_FROM_BYTES:
            return False
        for kind, typed in self._typed.get(payload[:1], ()):
            arrays = typed.arrays(payload)
            if arrays is not None:
                tables[kind].add_arrays(index, arrays)
                return True
        return False

    def _decode_with_care(self, index: int, payload: bytes, tables: Mapping[str, _Table], rejects: Rejects) -> None:
        try:
            value = _parse(payload)
        except DecodeError as error:
            rejects.add(index, self._message_kind, str(error))
            return
        if isinstance(value, list):
            for record in value:
                self._add_record(index, record, tables, rejects)
        elif isinstance(value, dict) and any(isinstance(column, list) for column in value.values()):
            self._add_columns(index, value, tables, rejects)
        else:
            self._add_record(index, value, tables, rejects)

    def _add_record(self, index: int, record: Any, tables: Mapping[str, _Table], rejects: Rejects) -> None:
        if not isinstance(record, dict):
            rejects.add(index, self._message_kind, f"expected an object, got {shown(record)}")
            return
        fields = self._fields_of(index, record, rejects)
        if fields is not None:
            self._add_row(index, fields, record, tables, rejects)

    def _add_columns(self, index: int, columns: dict[str, Any], tables: Mapping[str, _Table], rejects: Rejects) -> None:
        fields = self._fields_of(index, columns, rejects)
        if fields is None:
            return
        read = [name for name in (*fields.columns.values(), fields.key) if name in columns]
        lengths = {name: len(columns[name]) for name in read if isinstance(columns[name], list)}
        if len(set(lengths.values())) > 1:
            (first, n_first), *others = lengths.items()
            other, n_other = next(item for item in others if item[1] != n_first)
            reason = f"columns of different lengths: {first} has {n_first} values, {other} has {n_other}"
            rejects.add(index, fields.schema.kind, reason)
            return
        for row in range(next(iter(lengths.values()), 1)):
            record = {name: columns[name][row] if name in lengths else columns[name] for name in read}
            self._add_row(index, fields, record, tables, rejects)

    def _add_row(
        self,
        index: int,
        fields: RecordFields,
        record: Mapping[str, Any],
        tables: Mapping[str, _Table],
        rejects: Rejects,
    ) -> None:
        kind = fields.schema.kind
        try:
            tables[kind].add_row(index, fields.row(record))
        except DecodeError as error:
            rejects.add(index, kind, str(error))

    def _fields_of(self, index: int, record: dict[str, Any], rejects: Rejects) -> RecordFields | None:
        """Return what `record` is; None where it is of no kind that is wanted, and rejected where it is of none."""
        named = record.get(KIND_FIELD)
        if isinstance(named, str) and named in KINDS:
            candidates = [self._kinds[named]] if named in self._kinds else []
        else:
            candidates = list(self._kinds.values())
        for fields in candidates:
            if fields.required <= record.keys():
                return fields
        if candidates:
            kind = candidates[0].schema.kind if len(candidates) == 1 else self._message_kind
            full = rejects.is_full(index)
            rejects.add(index, kind, "" if full else _reason_of_none(candidates, record))
        return None


class _Table:
    """Rows of one kind, collected from several messages in order."""

    def __init__(self, schema: Schema, *, keyed: bool) -> None:
        self._schema = schema
        self._dtypes = [column.dtype for column in schema.columns] + [np.dtype(np.int64)] * keyed
        self._keyed = keyed
        self._blocks: list[Arrays] = []
        self._rows: list[Row] = []
        self._indices: list[int] = []
        self._n_rows: list[int] = []

    def add_row(self, index: int, row: Row) -> None:
        self._rows.append(row)
        self._indices.append(index)
        self._n_rows.append(1)

    def add_arrays(self, index: int, arrays: Arrays) -> None:
        self._close_rows()
        self._blocks.append(arrays)
        self._indices.append(index)
        self._n_rows.append(len(arrays[0]))

    def batch(self, rejects: Rejects) -> Batch | None:
        self._close_rows()
        if not self._blocks:
            return None
        arrays = [np.concatenate(parts) for parts in zip(*self._blocks, strict=True)]
        return sift(
            self._schema,
            dict(zip(self._schema.names, arrays, strict=False)),
            identity=arrays[-1] if self._keyed else None,
            indices=self._indices,
            n_rows=self._n_rows,
            rejects=rejects,
        )

    def _close_rows(self) -> None:
        if self._rows:
            columns = zip(*self._rows, strict=True)
            self._blocks.append([np.array(c, dtype) for c, dtype in zip(columns, self._dtypes, strict=True)])
            self._rows = []


def _parse(payload: bytes) -> Any:
    """Return the value of a JSON text; raises `DecodeError` where it is none.

    What msgspec refuses gets a second chance: Python's own writer makes NaN and Infinity, and one number beyond the
    range of a float should not take the other rows with it.
    """
    try:
        return msgspec.json.decode(payload)
    except ValueError as error:
        reason = str(error)
    except RecursionError:
        raise DecodeError("JSON is nested too deep") from None
    try:
        return json.loads(payload)
    except (ValueError, RecursionError):
        raise DecodeError(reason if payload else "the message is empty") from None


def _reason_of_none(candidates: Sequence[RecordFields], record: Mapping[str, Any]) -> str:
    nearest_kind = min(candidates, key=lambda fields: len(fields.required - record.keys()))
    reason = nearest_kind.missing_reason(record)
    return reason if len(candidates) == 1 else f"{reason} (to be {nearest_kind.schema.kind})"
