"""The memory of bars: a page a slot of the ring, shared with snapshots, and copied before it changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.kernels.one_bar import N_FIGURES, N_MARKS

__all__ = ["BarPages", "Page", "SharedPages"]

_MIN_KEYS: Final = 64


class Page:
    """A place for the bars of all keys in one slot. It may be written anew once nobody has it any more.

    Parameters
    ----------
    place : int
        Where its bars begin.
    free : list of int
        Where it goes at the end.
    """

    __slots__ = ("_free", "place")

    def __init__(self, place: int, free: list[int]) -> None:
        self.place = place
        self._free = free

    def __del__(self) -> None:
        self._free.append(self.place)


@dataclass(frozen=True, slots=True)
class SharedPages:
    """The pages as they were when they were shared. They never change while this lives.

    Parameters
    ----------
    bars : float64[n_places, 8]
        Figures.
    marks : int64[n_places, 5]
        Marks.
    pages : tuple of Page or None
        The page of each slot.
    changed : int64[n_bars]
        The generation in which each slot changed last.
    n_keys : int
        Bars in a page.
    """

    bars: NDArray[np.float64]
    marks: NDArray[np.int64]
    pages: tuple[Page | None, ...]
    changed: NDArray[np.int64]
    n_keys: int

    def places(self, since_generation: int = 0) -> NDArray[np.int64]:
        """Return where the pages begin that changed after a generation, int64[n]."""
        slots = np.flatnonzero(self.changed > since_generation)
        return np.array([page.place for slot in slots if (page := self.pages[slot]) is not None], np.int64)


class BarPages:
    """Bars of all keys in a ring of slots.

    Later changes cost a copy of each page that changes, not of the ring, and only where it was shared.

    Parameters
    ----------
    n_bars : int
        Slots of the ring.

    Attributes
    ----------
    bars : float64[n_places, 8]
        Figures.
    marks : int64[n_places, 5]
        Marks.
    writable : int64[n_bars]
        Where the page of each slot begins; -1 where it may not be written.

    Notes
    -----
    *Threads.* The writer's. What `share` returns is anybody's; pages come back from whichever thread had them last.
    """

    def __init__(self, n_bars: int) -> None:
        self.writable = np.full(n_bars, -1, np.int64)
        self._n_pages = n_bars + max(n_bars // 4, 16)  # the rest is for what only snapshots have
        self._pages: list[Page | None] = [None] * n_bars
        self._changed = np.zeros(n_bars, np.int64)
        self._n_keys = 0
        self.bars, self.marks = np.empty((0, N_FIGURES)), np.empty((0, N_MARKS), np.int64)
        self._free: list[int] = []
        self._allocate(_MIN_KEYS)

    @property
    def n_bytes(self) -> int:
        """Memory of the pages in use, those that only snapshots have included."""
        n_used = self._n_pages - len(self._free)
        return n_used * self._n_keys * (self.bars.itemsize * N_FIGURES + self.marks.itemsize * N_MARKS)

    def make_room(self, n_keys: int) -> None:
        """Have room for so many keys in each page."""
        if n_keys > self._n_keys:
            self._allocate(max(n_keys, self._n_keys * 9 // 8))

    def make_writable(self, slot: int, generation: int) -> None:
        """Have a page for a slot that nobody else has; it will change in `generation`."""
        if self.writable[slot] >= 0:
            return
        if not self._free:
            self._allocate(self._n_keys)  # readers keep what was there
        place, before = self._free.pop(), self._pages[slot]
        now = slice(place, place + self._n_keys)
        if before is None:
            self.marks[now] = 0
        else:
            self.bars[now] = self.bars[before.place : before.place + self._n_keys]
            self.marks[now] = self.marks[before.place : before.place + self._n_keys]
        self._pages[slot] = Page(place, self._free)
        self._changed[slot] = generation
        self.writable[slot] = place

    def share(self) -> SharedPages:
        """Return the pages as they are; none may be written until it was copied."""
        self.writable[:] = -1
        return SharedPages(self.bars, self.marks, tuple(self._pages), self._changed.copy(), self._n_keys)

    def _allocate(self, n_keys: int) -> None:
        """Take new memory, which the system provides as it is written to, and move the pages there."""
        n_places = self._n_pages * n_keys
        bars, marks = np.zeros((n_places, N_FIGURES)), np.zeros((n_places, N_MARKS), np.int64)
        free = list(reversed(range(0, n_places, n_keys)))  # what came back last is taken first: it is in the cache
        for slot, page in enumerate(self._pages):
            if page is None:
                continue
            place = free.pop()
            bars[place : place + self._n_keys] = self.bars[page.place : page.place + self._n_keys]
            marks[place : place + self._n_keys] = self.marks[page.place : page.place + self._n_keys]
            self._pages[slot] = Page(place, free)
            if self.writable[slot] >= 0:
                self.writable[slot] = place
        self.bars, self.marks, self._free, self._n_keys = bars, marks, free, n_keys
