"""Messages, decoders and batches to try them with."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np

from pipelines.core.batch import Batch
from pipelines.core.dictionary import Dictionary
from pipelines.core.message import Message, Position
from pipelines.core.schema import KINDS
from pipelines.core.url import SourceSpec
from pipelines.decoders.catalogue import make_decoder
from pipelines.decoders.contract import Decoded, Decoder

__all__ = [
    "NOON_NS",
    "RECEIVED_NS",
    "chunks",
    "decode",
    "decoder",
    "messages",
    "n_records",
    "random_batch",
    "rows",
    "to_json",
]

NOON_NS: Final = 1_723_118_400_000_000_000
RECEIVED_NS: Final = NOON_NS + 7


def decoder(format_name: str, *kinds: str, dictionary: Dictionary | None = None, **options: Any) -> Decoder:
    """Make a decoder for the kinds, or for all where none is named."""
    spec = SourceSpec("test", format=format_name, kinds=kinds or tuple(KINDS), declared=bool(kinds), **options)
    return make_decoder(spec, Dictionary() if dictionary is None else dictionary)


def messages(payloads: Iterable[bytes]) -> list[Message]:
    """Return payloads as messages of one partition, received at one time."""
    return [Message(payload, Position("p", offset), RECEIVED_NS) for offset, payload in enumerate(payloads)]


def decode(format_name: str, payload: bytes, *kinds: str, **options: Any) -> Decoded:
    """Decode one message with a decoder that has seen none before."""
    return decoder(format_name, *kinds, **options).decode(messages([payload]))


def to_json(value: object) -> bytes:
    """Return a value as a message of JSON."""
    return json.dumps(value).encode()


def rows(decoded: Decoded, kind: str) -> list[tuple[Any, ...]]:
    """Return the rows of a kind as plain values, with the identity last where there is one. NaN becomes None."""
    found: list[tuple[Any, ...]] = []
    for batch in decoded.batches:
        if batch.kind == kind:
            arrays = [batch[name] for name in batch.schema.names]
            arrays += [] if batch.identity is None else [batch.identity]
            plain = ([None if value != value else value for value in array.tolist()] for array in arrays)
            found += zip(*plain, strict=True)
    return found


def n_records(decoded: Decoded) -> int:
    """Return how many records a ledger would count."""
    return sum(map(len, decoded.batches)) + sum(letter.n_records for letter in decoded.dead_letters)


def chunks(sequence: Sequence[Message], cuts: Iterable[int]) -> list[Sequence[Message]]:
    """Divide a sequence at `cuts`."""
    edges = sorted({0, len(sequence), *(cut % (len(sequence) + 1) for cut in cuts)})
    return [sequence[first:last] for first, last in itertools.pairwise(edges)]


def random_batch(kind: str, n_rows: int, dictionary: Dictionary, *, seed: int = 1) -> Batch:
    """Make rows whose floats use all their digits. Columns that aren't required have NaN in them."""
    random = np.random.default_rng(seed)
    schema = KINDS[kind]
    codes = [dictionary.encode_one(name) for name in ("BTCUSDT", "ETHUSDT", "Zürich-7", "x")]
    columns: dict[str, Any] = {}
    for column in schema.columns:
        if column.name == "time":
            columns["time"] = NOON_NS + random.integers(0, 10**12, n_rows)
        elif column.unit == "code":
            columns[column.name] = random.choice(np.array(codes, np.int32), n_rows)
        elif column.unit == "sign":
            columns[column.name] = random.choice(np.array([-1, 1], np.int8), n_rows)
        else:
            values = random.random(n_rows) * 10.0 ** random.integers(-9, 9, n_rows)
            columns[column.name] = values if column.required else np.where(random.random(n_rows) < 0.2, np.nan, values)
    return Batch(schema, columns)
