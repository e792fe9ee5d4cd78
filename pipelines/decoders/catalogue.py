"""The formats by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from pipelines.core.dictionary import Dictionary
from pipelines.core.errors import SpecError
from pipelines.core.url import SourceSpec, nearest
from pipelines.decoders.binance import BinanceDecoder
from pipelines.decoders.contract import Decoder
from pipelines.decoders.json_rows import JsonDecoder
from pipelines.decoders.packed import PackedDecoder

__all__ = ["FORMATS", "make_decoder"]

FORMATS: Final[dict[str, Callable[[SourceSpec, Dictionary], Decoder]]] = {
    "binance": BinanceDecoder,
    "json": JsonDecoder,
    "packed": PackedDecoder,
}
"""What decodes each format."""


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
