"""A bounded set of what came lately: open addressing over a ring."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.kernels.compile import kernel

__all__ = ["add_recent"]

_EMPTY = -1


@kernel
def _slot(key: Any, identity: Any, mask: Any) -> Any:
    """Return where a pair's search begins: the finaliser of splitmix64 (Steele, Lea and Flood, OOPSLA 2014)."""
    mixed = np.uint64(identity) ^ (np.uint64(key) << np.uint64(40))
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.int64((mixed ^ (mixed >> np.uint64(31))) & mask)


@kernel
def _forget(
    place: int, table: NDArray[np.int32], ring_keys: NDArray[np.int32], ring_identities: NDArray[np.int64], mask: Any
) -> None:
    """Take the ring's `place` out of the table, closing the gap (Knuth, TAOCP vol. 3, 6.4, algorithm R)."""
    slot = _slot(ring_keys[place], ring_identities[place], mask)
    while table[slot] != place:
        slot = (slot + 1) & np.int64(mask)
    gap = slot
    while True:
        slot = (slot + 1) & np.int64(mask)
        held = table[slot]
        if held == _EMPTY:
            break
        home = _slot(ring_keys[held], ring_identities[held], mask)
        if (slot > gap and (home <= gap or home > slot)) or (slot < gap and home <= gap and home > slot):
            table[gap] = held
            gap = slot
    table[gap] = _EMPTY


@kernel("const int32[:], const int64[:], int32[:], int32[:], int64[:], int64, bool[:]")
def add_recent(
    keys: NDArray[np.int32],
    identities: NDArray[np.int64],
    table: NDArray[np.int32],
    ring_keys: NDArray[np.int32],
    ring_identities: NDArray[np.int64],
    n_added: int,
    fresh: NDArray[np.bool_],
) -> int:
    """Add pairs to the set, forgetting the oldest where it is full, and tell which were not in it.

    Parameters
    ----------
    keys : int32[n]
        Codes.
    identities : int64[n]
        What, with the code, makes a row unique.
    table : int32[2 ** k]
        Places in the ring by hash, -1 where empty; at least twice as long as the ring.
    ring_keys : int32[capacity]
        The codes that are remembered, oldest overwritten first.
    ring_identities : int64[capacity]
        Their identities.
    n_added : int
        Pairs added so far.
    fresh : bool[n]
        Filled: whether a pair was new.

    Returns
    -------
    int
        Pairs added so far, these included.
    """
    mask = np.uint64(len(table) - 1)
    capacity = len(ring_keys)
    for row in range(len(keys)):
        key, identity = keys[row], identities[row]
        slot = _slot(key, identity, mask)
        held = table[slot]
        while held != _EMPTY and (ring_keys[held] != key or ring_identities[held] != identity):
            slot = (slot + 1) & np.int64(mask)
            held = table[slot]
        fresh[row] = held == _EMPTY
        if held != _EMPTY:
            continue
        place = n_added % capacity
        if n_added >= capacity:
            _forget(place, table, ring_keys, ring_identities, mask)
            slot = _slot(key, identity, mask)  # closing the gap may have moved what stood in the way
            while table[slot] != _EMPTY:
                slot = (slot + 1) & np.int64(mask)
        table[slot] = place
        ring_keys[place] = key
        ring_identities[place] = identity
        n_added += 1
    return n_added
