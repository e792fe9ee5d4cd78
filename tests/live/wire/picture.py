"""A client's picture, decoded from PROTOCOL.md alone: nothing of the product's code is used."""

from __future__ import annotations

import json
import struct
import zlib
from typing import Any, ClassVar

import numpy as np

__all__ = ["Picture"]

_NO_TIME = -(1 << 63)


class Picture:
    """What a client knows of one pane."""

    def __init__(self) -> None:
        self.generation = 0
        self.kind = self.pane = 0
        self.column_log2 = self.n_rows = self.n_columns = self.first_column = 0
        self.y_range = self.shown = (0.0, 0.0)
        self.columns: dict[int, np.ndarray] = {}
        self.colours = np.zeros((256, 4), np.uint8)
        self.newest_ns: int | None = None
        self.rendered_ns = self.skew_ns = 0
        self.ledger: tuple[int, ...] = ()
        self.progress = 1.0
        self.story: dict[str, Any] = {}

    @property
    def codes(self) -> np.ndarray:
        """uint8[n_columns, n_rows]."""
        return np.stack([self.columns[self.first_column + i] for i in range(self.n_columns)])

    def apply(self, message: bytes) -> None:
        """Take in a message; a delta must begin at the generation that the picture has."""
        kind, flags, self.pane, generation, base = struct.unpack_from("<BBHII", message)
        assert kind in (1, 2)
        assert flags in (0, 1)
        assert base in (0, self.generation)
        body = message[12:]
        if flags & 1:
            body = zlib.decompress(body, -15)
        if base == 0:
            self.columns.clear()
        place = 0
        while place < len(body):
            (head,) = struct.unpack_from("<I", body, place)
            part, length = head & 255, head >> 8
            self._parts[part](self, body[place + 4 : place + 4 + length])
            place += 4 + length
        assert place == len(body)
        self.kind, self.generation = kind, generation
        end = self.first_column + self.n_columns
        self.columns = {i: codes for i, codes in self.columns.items() if self.first_column <= i < end}

    def _layout(self, body: bytes) -> None:
        self.column_log2, self.n_rows, self.n_columns, low, high = struct.unpack("<BxHIdd", body)
        self.y_range = low, high

    def _columns(self, body: bytes) -> None:
        self.first_column, n = struct.unpack_from("<qI", body)
        place, column = 12, self.first_column
        for _ in range(n):
            gap, place = _number(body, place)
            column += gap
            codes = bytearray()
            while len(codes) < self.n_rows:
                token, place = _number(body, place)
                length = token >> 2
                if token & 3 == 0:
                    codes += bytes(length)
                elif token & 3 == 1:
                    codes += body[place : place + length]
                    place += length
                else:
                    assert token & 3 == 2
                    codes += body[place : place + 1] * length
                    place += 1
            assert len(codes) == self.n_rows
            self.columns[column] = np.frombuffer(bytes(codes), np.uint8)
            column += 1
        assert place == len(body)

    def _colours(self, body: bytes) -> None:
        table = np.frombuffer(body, np.uint8, offset=1).reshape(-1, 4)
        self.colours[body[0] : body[0] + len(table)] = table

    def _shown(self, body: bytes) -> None:
        self.shown = struct.unpack("<dd", body)

    def _times(self, body: bytes) -> None:
        newest_ns, self.rendered_ns, self.skew_ns = struct.unpack("<qqq", body)
        self.newest_ns = None if newest_ns == _NO_TIME else newest_ns

    def _ledger(self, body: bytes) -> None:
        self.ledger = struct.unpack("<5Q", body)

    def _progress(self, body: bytes) -> None:
        (self.progress,) = struct.unpack("<f", body)

    def _story(self, body: bytes) -> None:
        self.story = json.loads(body)

    _parts: ClassVar[dict[int, Any]] = {
        1: _layout,
        2: _columns,
        3: _colours,
        4: _shown,
        5: _times,
        6: _ledger,
        7: _progress,
        8: _story,
    }


def _number(body: bytes, place: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = body[place]
        place += 1
        number |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return number, place
