"""What a record of the format ``packed`` looks like: a little-endian struct without gaps."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import numpy as np

from pipelines.core.errors import SpecError
from pipelines.core.schema import Schema
from pipelines.core.url import SourceSpec, nearest

__all__ = ["DEFAULT_LAYOUTS", "MAX_SYMBOL_BYTES", "Layout", "layout_of", "parse_layout"]

MAX_SYMBOL_BYTES: Final = 16
"""Widest field for a name."""

DEFAULT_LAYOUTS: Final = {
    "trades": "time:i8,symbol:S16,price:f8,size:f8,side:i1",  # 41 bytes
    "quotes": "time:i8,symbol:S16,bid:f8,bid_size:f8,ask:f8,ask_size:f8",  # 56 bytes
    "depth": "time:i8,symbol:S16,side:i1,price:f8,size:f8",  # 41 bytes
    "readings": "time:i8,sensor:S16,value:f8,lat:f8,lon:f8",  # 48 bytes
}
"""The layout of each kind where the source declares none. NaN in a column that isn't required means absent."""

_FIELD: Final = re.compile(r"(?P<name>[^:]+):(?P<type>[iu][1248]|f[48]|S(?:[1-9]|1[0-6]))")
_PADDING: Final = re.compile(r"_:(?P<bytes>[1-9]\d{0,3})")


@dataclass(frozen=True, slots=True)
class Layout:
    """A record, and which of its fields go into which columns.

    Parameters
    ----------
    dtype : numpy.dtype
        The record: little-endian fields by name.
    columns : dict of str to str
        From column to field. A column that is not required may have none, and so may the symbol or sensor where the
        source names one.
    key : str
        The field that makes a record unique; empty where none is declared.
    """

    dtype: np.dtype
    columns: dict[str, str]
    key: str


def parse_layout(text: str) -> np.dtype:
    """Return the record that a declaration such as ``time:i8,symbol:S16,_:4,price:f8`` describes.

    Types are ``i1 i2 i4 i8 u1 u2 u4 u8 f4 f8``, ``Sn`` for n bytes of UTF-8 padded with NUL, and ``_:n`` for n bytes
    that are skipped. Raises `SpecError` where it says something else.
    """
    names: list[str] = []
    formats: list[str] = []
    offsets: list[int] = []
    size = 0
    for part in text.split(","):
        if padding := _PADDING.fullmatch(part):
            size += int(padding["bytes"])
            continue
        field = _FIELD.fullmatch(part)
        if field is None:
            raise SpecError(f"struct={part}: expected NAME:TYPE with a type of i1 i2 i4 i8 u1 u2 u4 u8 f4 f8 S1 to S16")
        if field["name"] in names:
            raise SpecError(f"struct={text}: the field {field['name']!r} is declared twice")
        names.append(field["name"])
        formats.append(f"<{field['type']}")
        offsets.append(size)
        size += np.dtype(field["type"]).itemsize
    return np.dtype({"names": names, "formats": formats, "offsets": offsets, "itemsize": size})


def layout_of(schema: Schema, spec: SourceSpec) -> Layout:
    """Return how the records of a source are laid out.

    Raises
    ------
    SpecError
        Where the declared struct lacks a column, has a field that nothing asks for, or a type that can't fill a column.
    """
    text = spec.struct or _default_struct(schema, spec)
    dtype = parse_layout(text)
    fields = dtype.names or ()
    columns = {name: field for name in schema.names if (field := spec.fields.get(name, name)) in fields}
    for column in schema.columns:
        if column.required and column.name not in columns and not (column.name == schema.key and spec.symbol):
            field = spec.fields.get(column.name, column.name)
            raise SpecError(f"struct={text} has no field {field!r} for {schema.kind}{nearest(field, fields)}")
    if spec.key and spec.key not in fields:
        raise SpecError(f"struct={text} has no field {spec.key!r} for key={spec.key}{nearest(spec.key, fields)}")
    for field in fields:
        if field not in columns.values() and field != spec.key:
            raise SpecError(
                f"struct: {field!r} is no column of {schema.kind}{nearest(field, schema.names)}; skip with _:n"
            )
    _check_types(schema, dtype, columns, spec.key)
    return Layout(dtype, columns, spec.key)


def _default_struct(schema: Schema, spec: SourceSpec) -> str:
    parts = (part.split(":") for part in DEFAULT_LAYOUTS[schema.kind].split(","))
    return ",".join(f"{spec.fields.get(name, name)}:{type_name}" for name, type_name in parts)


def _check_types(schema: Schema, dtype: np.dtype, columns: dict[str, str], key: str) -> None:
    for name, field in columns.items():
        type_code = dtype[field].kind
        column = schema.column(name)
        allowed = {"code": "Siu", "sign": "i"}.get(column.unit, "iuf")
        if type_code not in allowed:
            raise SpecError(f"struct: {field}:{dtype[field].str[1:]} can't hold {schema.kind}.{name}")
    if key and dtype[key].kind == "f":
        raise SpecError(f"struct: the key {key!r} must be a whole number or a name, not a float")
