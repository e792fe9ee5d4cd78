"""From batches to the bytes of messages: what the simulator publishes, and what the decoders read back bit for bit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from pipelines.core.batch import Batch
from pipelines.core.dictionary import Dictionary
from pipelines.core.errors import SpecError
from pipelines.core.schema import Schema
from pipelines.core.url import nearest
from pipelines.decoders.layout import DEFAULT_LAYOUTS, MAX_SYMBOL_BYTES, parse_layout

__all__ = ["ENCODERS", "make_encoder"]


def _json_encoder(schema: Schema, dictionary: Dictionary) -> Callable[[Batch], bytes]:
    """Return what writes a batch as an object of columns, in which null stands for NaN."""

    def encode(batch: Batch) -> bytes:
        columns: dict[str, list[object]] = {name: batch[name].tolist() for name in schema.names}
        columns[schema.key] = [dictionary.name(code) for code in batch.keys.tolist()]
        return msgspec.json.encode(columns)

    return encode


def _packed_encoder(schema: Schema, dictionary: Dictionary) -> Callable[[Batch], bytes]:
    """Return what writes a batch as records of the default layout; raises `SpecError` for a name that is too long."""
    dtype = parse_layout(DEFAULT_LAYOUTS[schema.kind])
    packed: list[bytes] = []
    packed_names = np.empty(0, f"S{MAX_SYMBOL_BYTES}")

    def encode(batch: Batch) -> bytes:
        nonlocal packed_names
        if len(packed) < len(dictionary):
            packed.extend(name.encode() for name in dictionary.names[len(packed) :])
            packed_names = np.array(packed, f"S{MAX_SYMBOL_BYTES}")
        _check_widths(packed, batch.keys)
        records = np.empty(len(batch), dtype)
        for name in schema.names:
            records[name] = packed_names[batch.keys] if name == schema.key else batch[name]
        return records.tobytes()

    return encode


def _check_widths(packed: list[bytes], codes: NDArray[np.int32]) -> None:
    for code in np.unique(codes).tolist():
        if len(packed[code]) > MAX_SYMBOL_BYTES:
            raise SpecError(f"{packed[code].decode()!r} has more than the {MAX_SYMBOL_BYTES} bytes of a packed name")


ENCODERS: Final[dict[str, Callable[[Schema, Dictionary], Callable[[Batch], bytes]]]] = {
    "json": _json_encoder,
    "packed": _packed_encoder,
}
"""What writes each format that can be written: an object of columns, and records of the default layout."""


def make_encoder(format_name: str, schema: Schema, dictionary: Dictionary) -> Callable[[Batch], bytes]:
    """Return what writes batches of `schema` as messages; raises `SpecError` where the format can't be written."""
    if format_name not in ENCODERS:
        raise SpecError(f"the format {format_name!r} can't be written{nearest(format_name, ENCODERS)}")
    return ENCODERS[format_name](schema, dictionary)
