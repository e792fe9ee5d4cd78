"""Names in fixed-width records, and their codes in a feed's dictionary."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.core.dictionary import UNKNOWN, Dictionary
from pipelines.core.errors import DecodeError
from pipelines.decoders.rows import name_fault
from pipelines.kernels.names import FREE, MISSING, insert_names, look_up_names

__all__ = ["NameTable"]

_FIRST_SLOTS: Final = 1_024
_SLOTS_A_NAME: Final = 8


class NameTable:
    """Finds the codes of names by their bytes, without making a string of each.

    Parameters
    ----------
    dictionary : Dictionary
        Takes the names that are new.
    read : callable
        From 16 bytes to the name; raises `DecodeError` where they hold none. What else it raises ends the look-up, and
        no name has been added.

    Notes
    -----
    *Threads.* Used by the feed's writer only.
    """

    def __init__(self, dictionary: Dictionary, *, read: Callable[[bytes], str]) -> None:
        self._dictionary = dictionary
        self._read = read
        self._n_names = 0
        self._slot_words = np.zeros((_FIRST_SLOTS, 2), np.uint64)
        self._slot_codes = np.full(_FIRST_SLOTS, FREE, np.int32)

    def codes(self, words: NDArray[np.uint64]) -> NDArray[np.int32]:
        """Return the codes of names (uint64[n, 2]) as int32[n], `UNKNOWN` for those that have no place."""
        codes = np.empty(len(words), np.int32)
        if look_up_names(words, self._slot_words, self._slot_codes, codes):
            missing = np.flatnonzero(codes == MISSING)
            self._learn(words[missing])
            found = np.empty(len(missing), np.int32)
            look_up_names(words[missing], self._slot_words, self._slot_codes, found)
            codes[missing] = np.where(found == MISSING, UNKNOWN, found)
        return codes

    def fault(self, words: NDArray[np.uint64]) -> str:
        """Return why the name in `words` (uint64[2]) has no code."""
        try:
            return name_fault(self._read(words.tobytes()), self._dictionary)
        except DecodeError as error:
            return str(error)

    def _learn(self, words: NDArray[np.uint64]) -> None:
        _, first_rows = np.unique(words, axis=0, return_index=True)
        distinct = words[np.sort(first_rows)]
        names = list(map(self._name_of, distinct))  # all, before the first is added
        codes = np.fromiter(map(self._code_of, names), np.int32, len(names))
        known = codes != UNKNOWN
        self._make_room(int(known.sum()))
        insert_names(distinct[known], codes[known], self._slot_words, self._slot_codes)

    def _name_of(self, words: NDArray[np.uint64]) -> str | None:
        try:
            return self._read(words.tobytes())
        except DecodeError:
            return None

    def _code_of(self, name: str | None) -> int:
        return UNKNOWN if name is None else self._dictionary.encode_one(name)

    def _make_room(self, n_names: int) -> None:
        self._n_names += n_names
        n_slots = len(self._slot_codes)
        while n_slots < _SLOTS_A_NAME * self._n_names:
            n_slots *= 2
        if n_slots > len(self._slot_codes):
            words, codes = self._slot_words, self._slot_codes
            self._slot_words = np.zeros((n_slots, 2), np.uint64)
            self._slot_codes = np.full(n_slots, FREE, np.int32)
            insert_names(words[codes != FREE], codes[codes != FREE], self._slot_words, self._slot_codes)
