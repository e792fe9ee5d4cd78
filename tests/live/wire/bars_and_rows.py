"""A client's bars, rows and figures, decoded from PROTOCOL.md alone: nothing of the product's code is used."""

from __future__ import annotations

import json
import struct
import zlib
from typing import Any

__all__ = ["ShownBars", "ShownFigures", "ShownRows"]

_BAR = ("start", "open", "high", "low", "close", "volume", "turnover", "bought", "sold", "rows")


class _Shown:
    def __init__(self) -> None:
        self.generation = 0

    def apply(self, message: bytes) -> None:
        """Take in a message; a delta must begin at the generation that is here."""
        kind, flags, _, generation, base = struct.unpack_from("<BBHII", message)
        assert kind == 1
        assert base in (0, self.generation)
        body = zlib.decompress(message[12:], -15) if flags & 1 else message[12:]
        place = 0
        while place < len(body):
            (head,) = struct.unpack_from("<I", body, place)
            self.take(head & 255, body[place + 4 : place + 4 + (head >> 8)], is_all=base == 0)
            place += 4 + (head >> 8)
        assert place == len(body)
        self.generation = generation

    def take(self, part: int, body: bytes, *, is_all: bool) -> None:
        raise NotImplementedError


class ShownBars(_Shown):
    """`first` is the ordinal of the first of `bars`, each a list of its ten numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.first = 0
        self.bars: list[list[float]] = []

    def take(self, part: int, body: bytes, *, is_all: bool) -> None:
        assert part == 9
        known = {} if is_all else {self.first + i: bar for i, bar in enumerate(self.bars)}
        self.first, n_bars, n_told = struct.unpack_from("<iII", body)
        place, ordinals, ordinal = 12, [], self.first - 1
        for _ in range(n_told):
            gap, place = _number(body, place)
            ordinal += 1 + gap
            ordinals.append(ordinal)
        masks = struct.unpack_from(f"<{n_told}H", body, place)
        place += 2 * n_told
        for i, name in enumerate(_BAR):
            for ordinal, mask in zip(ordinals, masks, strict=True):
                if mask >> i & 1:
                    (value,) = struct.unpack_from("<q" if name in ("start", "rows") else "<d", body, place)
                    known.setdefault(ordinal, [None] * len(_BAR))[i] = value
                    place += 8
        assert place == len(body)
        self.bars = [known[self.first + i] for i in range(n_bars)]
        assert all(value is not None for bar in self.bars for value in bar)


class ShownRows(_Shown):
    """`first` is the number of the first of `rows`, each a dict."""

    def __init__(self) -> None:
        super().__init__()
        self.first = 0
        self.columns: list[list[str]] = []
        self.rows: list[dict[str, Any]] = []

    def take(self, part: int, body: bytes, *, is_all: bool) -> None:
        if part == 10:
            self.columns = json.loads(body)
            return
        assert part == 11
        first, n_rows, n_told = struct.unpack_from("<QII", body)
        place = 16
        told: list[dict[str, Any]] = [{} for _ in range(n_told)]
        for name, kind in self.columns:
            form = {"i64": "q", "f64": "d", "i8": "b"}[kind]
            for row, value in zip(told, struct.unpack_from(f"<{n_told}{form}", body, place), strict=True):
                row[name] = value
            place += n_told * struct.calcsize(form)
        assert place == len(body)
        n_kept = n_rows - n_told
        kept = [] if is_all else self.rows[first - self.first :]
        assert len(kept) >= n_kept
        self.first, self.rows = first, kept[:n_kept] + told
        assert len(self.rows) == n_rows


class ShownFigures(_Shown):
    """`figures` are all that are known, by name: numbers, words and None, times as integers."""

    def __init__(self) -> None:
        super().__init__()
        self.figures: dict[str, Any] = {}

    def take(self, part: int, body: bytes, *, is_all: bool) -> None:
        assert part == 12
        told = json.loads(body)
        assert not is_all or len(told) == 13
        for name in {"newest", "skew"} & told.keys():
            told[name] = None if told[name] is None else int(told[name])
        self.figures |= told


def _number(body: bytes, place: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = body[place]
        place += 1
        number |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return number, place
