"""What a message is made of: a head and parts. PROTOCOL.md beside this file describes all of it."""

from __future__ import annotations

import zlib
from enum import IntEnum
from struct import Struct
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.aggregates.canvas import Canvas
from pipelines.core.ledger import KindCounts
from pipelines.kernels.codes import N_CODES
from pipelines.kernels.runs import encode_columns, most_bytes

__all__ = [
    "DEFLATED",
    "HEAD_BYTES",
    "VERSION",
    "Kind",
    "Part",
    "colours_part",
    "columns_part",
    "deflated",
    "for_pane",
    "is_keyframe",
    "layout_part",
    "ledger_part",
    "message",
    "part",
    "progress_part",
    "shown_part",
    "times_part",
]

VERSION: Final = 1

DEFLATED: Final = 1
"""Flag of a message whose parts are compressed (RFC 1951, without the head of zlib)."""

_NO_TIME_NS: Final = np.iinfo(np.int64).min

_HEAD: Final = Struct("<BBHII")
_PANE: Final = Struct("<H")
HEAD_BYTES: Final = _HEAD.size
_PART: Final = Struct("<I")
_LENGTH_BITS: Final = 24
_LAYOUT: Final = Struct("<BxHIdd")
_COLUMNS: Final = Struct("<qI")
_SHOWN: Final = Struct("<dd")
_TIMES: Final = Struct("<qqq")
_LEDGER: Final = Struct("<5Q")
_PROGRESS: Final = Struct("<f")
_RAW_DEFLATE: Final = -15


class Kind(IntEnum):
    """What a message is."""

    FRAME = 1
    ANSWER = 2


class Part(IntEnum):
    """What a part of a message tells."""

    LAYOUT = 1
    COLUMNS = 2
    COLOURS = 3
    SHOWN = 4
    TIMES = 5
    LEDGER = 6
    PROGRESS = 7
    STORY = 8
    BARS = 9
    ROW_COLUMNS = 10
    ROWS = 11
    FIGURES = 12


def message(kind: Kind, *, generation: int, base: int, parts: bytes, is_deflated: bool = False) -> bytes:
    """Put a head before parts: one for pane 0."""
    return _HEAD.pack(kind, DEFLATED if is_deflated else 0, 0, generation, base) + parts


def for_pane(message: bytes, pane: int) -> bytes:
    """Return a message for another pane than 0."""
    return message if pane == 0 else message[:2] + _PANE.pack(pane) + message[4:]


def is_keyframe(message: bytes) -> bool:
    """Tell whether a message stands by itself."""
    return message.endswith(bytes(4), 0, HEAD_BYTES)


def part(kind: Part, content: bytes) -> bytes:
    """Put its kind and length before the content of a part."""
    return _PART.pack(len(content) << (32 - _LENGTH_BITS) | kind) + content


def deflated(parts: bytes) -> bytes:
    """Compress parts."""
    compressor = zlib.compressobj(wbits=_RAW_DEFLATE)
    return compressor.compress(parts) + compressor.flush()


def layout_part(canvas: Canvas) -> bytes:
    """Return how the cells lie: all of a canvas but which columns."""
    return part(Part.LAYOUT, _LAYOUT.pack(canvas.column_log2, canvas.n_rows, canvas.n_columns, *canvas.y_range))


def columns_part(first_column: int, codes: NDArray[np.uint8], columns: NDArray[np.int64]) -> bytes:
    """Return the codes of some columns.

    Parameters
    ----------
    first_column : int
        The first column of the canvas.
    codes : uint8[n_columns, n_rows]
        All of them.
    columns : int64[n]
        Which to tell, ascending, counted from the first.
    """
    out = np.empty(most_bytes(len(columns), codes.shape[1]), np.uint8)
    n_bytes = encode_columns(codes, columns, out)
    return part(Part.COLUMNS, _COLUMNS.pack(first_column, len(columns)) + out[:n_bytes].tobytes())


def colours_part(table: NDArray[np.uint8], before: NDArray[np.uint8] | None = None) -> bytes:
    """Return the colours from the first to the last that differ from those before; nothing where none do."""
    if before is None:
        first, end = 0, N_CODES
    else:
        other = np.flatnonzero((table != before).any(axis=1))
        if len(other) == 0:
            return b""
        first, end = int(other[0]), int(other[-1]) + 1
    return part(Part.COLOURS, bytes((first,)) + table[first:end].tobytes())


def shown_part(value_range: tuple[float, float]) -> bytes:
    """Return the values to show."""
    return part(Part.SHOWN, _SHOWN.pack(*value_range))


def times_part(*, newest_ns: int | None, rendered_ns: int, skew_ns: int) -> bytes:
    """Return the event time of the newest row, our clock when it was drawn, and how far the source's is ahead of it."""
    return part(Part.TIMES, _TIMES.pack(_NO_TIME_NS if newest_ns is None else newest_ns, rendered_ns, skew_ns))


def ledger_part(counts: KindCounts) -> bytes:
    """Return the ledger's counts."""
    numbers = (counts.received, counts.stored, counts.duplicate, counts.late, counts.rejected)
    return part(Part.LEDGER, _LEDGER.pack(*numbers))


def progress_part(progress: float) -> bytes:
    """Return which share of the rows has been drawn."""
    return part(Part.PROGRESS, _PROGRESS.pack(progress))
