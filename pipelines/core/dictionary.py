"""A bounded dictionary of strings: rows carry int32 codes, so a hostile stream of names can't fill the memory."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["MAX_NAME_BYTES", "UNKNOWN", "Dictionary"]

UNKNOWN: Final = -1
"""The code of a name that has no place: the dictionary is full, or the name is too long or empty."""

MAX_NAME_BYTES: Final = 64
"""Longest name that is taken, in bytes of UTF-8."""


class Dictionary:
    """Names (symbols, sensors) and their codes, which count up from 0 and never change.

    Parameters
    ----------
    capacity : int
        Most names that are taken. Later names get the code `UNKNOWN`.

    Notes
    -----
    *Threads.* One thread encodes (the feed's writer); any thread reads `names`, `name` and `find`.
    """

    def __init__(self, capacity: int = 65_536) -> None:
        self.capacity = capacity
        self._codes: dict[str, int] = {}
        self._names: list[str] = []

    def __len__(self) -> int:
        return len(self._names)

    @property
    def names(self) -> tuple[str, ...]:
        """All names so far, in the order of their codes."""
        return tuple(self._names)

    def name(self, code: int) -> str:
        """Return the name of `code`; raises `IndexError` where there is none."""
        if code < 0:
            raise IndexError(code)
        return self._names[code]

    def find(self, name: str) -> int:
        """Return the code of `name`, or `UNKNOWN`, without adding it."""
        return self._codes.get(name, UNKNOWN)

    def encode_one(self, name: str) -> int:
        """Return the code of `name`, adding it where there is room."""
        code = self._codes.get(name)
        return self._add(name) if code is None else code

    def encode(self, names: Iterable[str]) -> NDArray[np.int32]:
        """Return the codes of `names` (int32[n]), adding those that are new where there is room."""
        listed = names if isinstance(names, list) else list(names)
        try:
            return np.fromiter(map(self._codes.__getitem__, listed), np.int32, len(listed))  # twice as fast as `get`
        except KeyError:
            return np.fromiter(map(self.encode_one, listed), np.int32, len(listed))

    def _add(self, name: str) -> int:
        full = len(self._names) >= self.capacity
        if full or not name or len(name) > MAX_NAME_BYTES or len(name.encode("utf-8", "replace")) > MAX_NAME_BYTES:
            return UNKNOWN
        code = len(self._names)
        self._names.append(name)  # before its code is known, so that a reader who finds the code finds the name
        self._codes[name] = code
        return code
