"""From decoded rows to a batch and dead letters: what all decoders share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pipelines.core.batch import Batch
from pipelines.core.dictionary import MAX_NAME_BYTES, Dictionary
from pipelines.core.ledger import UNKNOWN_KIND
from pipelines.core.message import DeadLetter, Message
from pipelines.core.schema import Column, Schema
from pipelines.core.url import SourceSpec

__all__ = ["EXCERPT_BYTES", "MAX_REASONS", "Rejects", "message_kind", "name_fault", "shown", "sift"]

EXCERPT_BYTES: Final = 120
"""How much of its message a dead letter shows."""

MAX_REASONS: Final = 16
"""Most reasons that are told apart within one message: a million bad rows must not make a million dead letters."""

_OTHER_REASONS: Final = "more rows of this message are bad, for other reasons"
_MAX_SHOWN: Final = 40
_MOST: Final = float(np.finfo(np.float64).max)


class Rejects:
    """The dead letters of one call to a decoder.

    Records of one message that are bad for the same reason make one dead letter.

    Parameters
    ----------
    messages : sequence of Message
        What is being decoded. Records are named by the index of their message in it.
    """

    def __init__(self, messages: Sequence[Message]) -> None:
        self._messages = messages
        self._counts: dict[int, dict[tuple[str, str], int]] = {}

    def add(self, index: int, kind: str, reason: str, n_records: int = 1) -> None:
        """Count records of message `index` as rejected."""
        counts = self._counts.setdefault(index, {})
        same = (kind, reason)
        if same not in counts and len(counts) >= MAX_REASONS:
            same = (kind, _OTHER_REASONS)
        counts[same] = counts.get(same, 0) + n_records

    def add_rows(self, kind: str, reason: str, owners: NDArray[np.intp]) -> None:
        """Count one record for each message index in `owners`."""
        for index, n_records in zip(*np.unique(owners, return_counts=True), strict=True):
            self.add(int(index), kind, reason, int(n_records))

    def is_full(self, index: int) -> bool:
        """Tell whether no further reason of message `index` is told apart, so that none need be worded."""
        return len(self._counts.get(index, ())) >= MAX_REASONS

    def letters(self) -> tuple[DeadLetter, ...]:
        """Return the dead letters in the order of their messages."""
        return tuple(
            self._letter(self._messages[index], kind, reason, n_records)
            for index in sorted(self._counts)
            for (kind, reason), n_records in self._counts[index].items()
        )

    @staticmethod
    def _letter(message: Message, kind: str, reason: str, n_records: int) -> DeadLetter:
        text = bytes(message.payload[:EXCERPT_BYTES]).decode("utf-8", "replace")
        excerpt = "".join(letter if letter.isprintable() else "\N{MIDDLE DOT}" for letter in text)
        return DeadLetter(kind, reason, message.position, message.received_ns, excerpt, n_records)


def sift(
    schema: Schema,
    columns: Mapping[str, NDArray[Any]],
    *,
    identity: NDArray[np.int64] | None,
    indices: Sequence[int],
    n_rows: Sequence[int],
    rejects: Rejects,
) -> Batch | None:
    """Keep the rows whose values can be believed.

    Parameters
    ----------
    schema : Schema
        What the columns are.
    columns : mapping of str to array
        Columns of `schema`, each of shape [n].
    identity : int64[n] or None
        What makes a row unique.
    indices, n_rows : sequence of int
        The messages that the rows come from, in order, and how many rows of each.
    rejects : Rejects
        Takes the other rows.

    Returns
    -------
    Batch or None
        None where no row is left.
    """
    bad: NDArray[np.bool_] | None = None
    for name, mask, expected in _faults(schema, columns):
        fresh = mask if bad is None else mask & ~bad
        bad = mask if bad is None else mask | bad
        owners = np.repeat(np.asarray(indices, np.intp), n_rows)[fresh]
        values = columns[name][fresh]
        found = np.unique(owners, return_index=True, return_counts=True)
        for index, first, count in zip(*found, strict=True):
            rejects.add(int(index), schema.kind, f"{name}: expected {expected}, got {values[first]}", int(count))
    batch = Batch(schema, columns, identity=identity)
    if bad is not None:
        batch = batch.select(~bad)
    return batch if len(batch) else None


def message_kind(spec: SourceSpec) -> str:
    """Return the kind under which a message is counted that can't be read at all."""
    return spec.kinds[0] if spec.declared and len(spec.kinds) == 1 else UNKNOWN_KIND


def name_fault(name: str, dictionary: Dictionary) -> str:
    """Return why `name` has no code in `dictionary`."""
    if not name:
        return "the name is empty"
    if len(name.encode("utf-8", "replace")) > MAX_NAME_BYTES:
        return f"{shown(name)} has more than {MAX_NAME_BYTES} bytes"
    return f"there is no room for more names than the {dictionary.capacity} that are known"


def shown(value: object) -> str:
    """Return a value that came, short enough for a reason."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int) and value.bit_length() > 128:
        return f"a number of {value.bit_length()} bits"
    text = value if isinstance(value, str) else str(value)
    text = text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}..."
    return repr(text) if isinstance(value, str) else text


def _faults(schema: Schema, columns: Mapping[str, NDArray[Any]]) -> Iterator[tuple[str, NDArray[np.bool_], str]]:
    """Yield (column, which rows, what was expected) for whatever can't be believed."""
    time = columns["time"]
    if not len(time):
        return
    if time.min() <= 0:
        yield "time", time <= 0, "a time after 1970"
    for column in schema.columns:
        values = columns[column.name]
        is_size = column.name.endswith("size")
        if column.unit == "sign":
            if column.required or not _all_within(values, -1, 1):
                yield from _faults_of_signs(column, values)
        elif column.dtype.kind == "f" and not _all_within(values, 0.0 if is_size else -_MOST, _MOST):
            believable = np.isfinite(values)
            if not column.required:
                believable |= np.isnan(values)
            if not believable.all():
                yield column.name, ~believable, "a finite number"
            if is_size and (negative := values < 0).any():
                yield column.name, negative & believable, "a number of at least 0"


def _faults_of_signs(column: Column, values: NDArray[Any]) -> Iterator[tuple[str, NDArray[np.bool_], str]]:
    allowed = (values == 1) | (values == -1)
    if not column.required:
        allowed |= values == 0
    if not allowed.all():
        yield column.name, ~allowed, "1 or -1" if column.required else "1, -1 or 0"


def _all_within(values: NDArray[Any], low: float, high: float) -> bool:
    """Tell whether all values lie between two bounds, which NaN does not. Two looks at them find that fastest."""
    return bool(values.min() >= low and values.max() <= high)
