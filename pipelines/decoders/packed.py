"""The format ``packed``: records of one kind as a declared little-endian struct."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pipelines.core.dictionary import UNKNOWN, Dictionary
from pipelines.core.errors import DecodeError, SpecError
from pipelines.core.message import Message
from pipelines.core.schema import KINDS, Column
from pipelines.core.url import SourceSpec
from pipelines.decoders.contract import Decoded
from pipelines.decoders.layout import layout_of
from pipelines.decoders.name_table import NameTable
from pipelines.decoders.rows import Rejects, name_fault, sift
from pipelines.decoders.values import INT64_MAX, float_times_ns_of, identity_of

__all__ = ["PackedDecoder"]

_Faults = list[tuple[NDArray[np.intp], str]]
"""Rows that can't be taken, and why."""

_INT64: Final = np.dtype(np.int64)


class PackedDecoder:
    """Decodes messages that are any number of packed records.

    Parameters
    ----------
    spec : SourceSpec
        Exactly one kind; the record (``struct=``, see `layout.parse_layout`), the names of its fields (``map=``), unit
        of times (``time_unit=``), key (``key=``) and symbol (``symbol=``).
    dictionary : Dictionary
        Takes the names.

    Raises
    ------
    SpecError
        Where the source declares several kinds or none, or its struct doesn't make the kind's columns.

    Notes
    -----
    *Threads.* Called by the feed's writer only.

    *Values.* Names are UTF-8 padded with NUL, or whole numbers. NaN in a column that isn't required means absent. Bytes
    after the last whole record of a message are one dead letter.
    """

    def __init__(self, spec: SourceSpec, dictionary: Dictionary) -> None:
        if not spec.declared or len(spec.kinds) != 1:
            raise SpecError(f"format=packed holds records of one kind: add kind= with one of {', '.join(KINDS)}")
        self._schema = KINDS[spec.kinds[0]]
        self._layout = layout_of(self._schema, spec)
        self._time_unit_ns = spec.time_unit_ns or 1
        self._default_name = spec.symbol
        self._dictionary = dictionary
        field = self._layout.columns.get(self._schema.key)
        self._names = NameTable(dictionary, read=_name_reader("S" if field is None else self._layout.dtype[field].kind))

    def decode(self, messages: Sequence[Message]) -> Decoded:
        """Decode `messages` in order."""
        rejects = Rejects(messages)
        payloads, n_rows = self._whole_records(messages, rejects)
        records = np.frombuffer(payloads[0] if len(payloads) == 1 else b"".join(payloads), self._layout.dtype)
        faults: _Faults = []
        columns = {column.name: self._column(records, column, faults) for column in self._schema.columns}
        identity = self._identity(records, faults)
        if faults:
            owners = np.repeat(np.arange(len(messages)), n_rows)
            good = np.ones(len(records), np.bool_)
            for rows, reason in faults:
                rejects.add_rows(self._schema.kind, reason, owners[rows[good[rows]]])
                good[rows] = False
            columns = {name: values[good] for name, values in columns.items()}
            identity = None if identity is None else identity[good]
            n_rows = np.bincount(owners[good], minlength=len(messages)).tolist()
        indices = range(len(messages))
        batch = sift(self._schema, columns, identity=identity, indices=indices, n_rows=n_rows, rejects=rejects)
        return Decoded(() if batch is None else (batch,), rejects.letters())

    def _whole_records(self, messages: Sequence[Message], rejects: Rejects) -> tuple[list[bytes], list[int]]:
        size = self._layout.dtype.itemsize
        payloads = [message.payload for message in messages]
        n_bytes = list(map(len, payloads))
        n_rows = [n // size for n in n_bytes]
        for index in [index for index, n in enumerate(n_bytes) if not n or n % size]:
            n_whole, n_left = divmod(n_bytes[index], size)
            if n_left:
                reason = f"{n_left} bytes after {n_whole} records of {size} bytes"
                rejects.add(index, self._schema.kind, reason)
                payloads[index] = payloads[index][: n_whole * size]
            else:
                rejects.add(index, self._schema.kind, "the message is empty")
        return payloads, n_rows

    def _column(self, records: NDArray[Any], column: Column, faults: _Faults) -> NDArray[Any]:
        field = self._layout.columns.get(column.name)
        if column.name == self._schema.key:
            return self._codes(records, field, faults)
        if field is None:
            return np.full(len(records), 0 if column.unit == "sign" else np.nan, column.dtype)
        values = records[field]
        if column.name == "time":
            return self._times(values, faults)
        if column.unit == "sign" and values.dtype.itemsize > 1:
            values = np.clip(values, -2, 2)  # so that what is no sign stays none in 8 bits
        return values.astype(column.dtype)

    def _times(self, values: NDArray[Any], faults: _Faults) -> NDArray[np.int64]:
        unit_ns = self._time_unit_ns
        if values.dtype == _INT64 and unit_ns == 1:
            return values.astype(np.int64)
        limit = INT64_MAX // unit_ns
        fits = (values < limit) if values.dtype.kind == "u" else (values < limit) & (values > -limit)
        if not fits.all():
            faults.append((np.flatnonzero(~fits), "time: expected a time that fits 64 bits of nanoseconds"))
            values = np.where(fits, values, 1)
        if values.dtype.kind == "f":
            return float_times_ns_of(values.astype(np.float64), unit_ns)
        return values.astype(np.int64) * unit_ns

    def _codes(self, records: NDArray[Any], field: str | None, faults: _Faults) -> NDArray[np.int32]:
        if field is None:
            return self._default_codes(len(records), faults)
        words = np.zeros((len(records), 2), np.uint64)
        if records.dtype[field].kind == "S":
            words.view("S16")[:, 0] = records[field]
        else:
            words[:, 0] = records[field].astype(np.int64).view(np.uint64)
        codes = self._names.codes(words)
        unknown = np.flatnonzero(codes == UNKNOWN)
        if len(unknown):
            distinct, which = np.unique(words[unknown], axis=0, return_inverse=True)
            reasons = np.array([self._names.fault(name) for name in distinct])[which.reshape(-1)]
            faults += [(unknown[reasons == reason], f"{field}: {reason}") for reason in np.unique(reasons)]
        return codes

    def _default_codes(self, n_rows: int, faults: _Faults) -> NDArray[np.int32]:
        code = self._dictionary.encode_one(self._default_name)
        if code == UNKNOWN:
            faults.append((np.arange(n_rows), f"symbol: {name_fault(self._default_name, self._dictionary)}"))
        return np.full(n_rows, code, np.int32)

    def _identity(self, records: NDArray[Any], faults: _Faults) -> NDArray[np.int64] | None:
        if not self._layout.key:
            return None
        values = records[self._layout.key]
        if values.dtype.kind == "S":
            return self._digests(values, faults)
        if values.dtype == np.uint64 and len(values) and values.max() > INT64_MAX:
            faults.append(
                (np.flatnonzero(values > INT64_MAX), f"{self._layout.key}: expected a key of 64 bits with sign")
            )
        return values.astype(np.int64)

    def _digests(self, values: NDArray[Any], faults: _Faults) -> NDArray[np.int64]:
        identity = np.zeros(len(values), np.int64)
        unreadable: list[int] = []
        for row, key in enumerate(values.tolist()):
            try:
                identity[row] = identity_of(key.decode())
            except UnicodeDecodeError:
                unreadable.append(row)
        if unreadable:
            faults.append((np.array(unreadable, np.intp), f"{self._layout.key}: the key is no UTF-8"))
        return identity


def _name_reader(type_code: str) -> Callable[[bytes], str]:
    if type_code == "S":
        return _read_text
    signed = type_code == "i"
    return lambda words: str(int.from_bytes(words[:8], "little", signed=signed))


def _read_text(words: bytes) -> str:
    try:
        return words.rstrip(b"\0").decode()
    except UnicodeDecodeError:
        raise DecodeError("the name is no UTF-8") from None
