"""The formats by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from pipelines.core.batch import Batch
from pipelines.core.dictionary import Dictionary
from pipelines.core.errors import SpecError
from pipelines.core.schema import Schema
from pipelines.core.url import SourceSpec, nearest
from pipelines.decoders.binance import BinanceDecoder
from pipelines.decoders.contract import Decoder
from pipelines.decoders.encode import json_encoder, packed_encoder
from pipelines.decoders.json_rows import JsonDecoder
from pipelines.decoders.packed import PackedDecoder

__all__ = ["ENCODERS", "FORMATS", "make_decoder", "make_encoder"]

FORMATS: Final[dict[str, Callable[[SourceSpec, Dictionary], Decoder]]] = {
    "binance": BinanceDecoder,
    "json": JsonDecoder,
    "packed": PackedDecoder,
}
"""What decodes each format."""

ENCODERS: Final[dict[str, Callable[[Schema, Dictionary], Callable[[Batch], bytes]]]] = {
    "json": json_encoder,
    "packed": packed_encoder,
}
"""What writes each format that can be written: an object of columns, and records of the default layout."""


def make_decoder(spec: SourceSpec, dictionary: Dictionary) -> Decoder:
    """Return what decodes the messages of a source.

    Raises
    ------
    SpecError
        Where the source names no format, or one that there is not, or options that the format can't follow.
    """
    if not spec.format:
        raise SpecError(f"the source has no format: add format= with one of {', '.join(FORMATS)}")
    if spec.format not in FORMATS:
        raise SpecError(f"unknown format {spec.format!r}{nearest(spec.format, FORMATS)}")
    if spec.struct and spec.format != "packed":
        raise SpecError(f"struct= describes packed records: leave it out, or write format=packed, not {spec.format}")
    return FORMATS[spec.format](spec, dictionary)


def make_encoder(format_name: str, schema: Schema, dictionary: Dictionary) -> Callable[[Batch], bytes]:
    """Return what writes batches of `schema` as messages; raises `SpecError` where the format can't be written."""
    if format_name not in ENCODERS:
        raise SpecError(f"the format {format_name!r} can't be written{nearest(format_name, ENCODERS)}")
    return ENCODERS[format_name](schema, dictionary)
