"""How many rows each key has a second, and how its value moved in the last minute."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from pipelines.aggregates.by_key import grown, n_keys_of, take_in
from pipelines.core.batch import Batch
from pipelines.core.clock import NS_PER_SECOND
from pipelines.core.schema import Schema
from pipelines.kernels.latest import ring_bins
from pipelines.store.table import Table

__all__ = ["Rates", "RatesSnapshot"]

_NEVER: Final = np.int64(np.iinfo(np.int64).min)
_FILLS: Final = (_NEVER, np.uint32(0), np.float64(np.nan), _NEVER)
"""Bin, count, last value and its time where nothing came."""


@dataclass(frozen=True, slots=True)
class RatesSnapshot:
    """Rows and last values by key and bin of event time.

    Parameters
    ----------
    bin_ns : int
        Length of a bin.
    bins : int64[n_keys, n_bins]
        Which bin (time // bin_ns) each place holds.
    counts : uint32[n_keys, n_bins]
        Rows in it.
    last : float64[n_keys, n_bins]
        Its last value.
    """

    bin_ns: int
    bins: NDArray[np.int64]
    counts: NDArray[np.uint32]
    last: NDArray[np.float64]

    def per_second(self, edge_ns: int, *, over_bins: int = 10) -> NDArray[np.float64]:
        """Return the rows a second of each key (float64[n_keys]) over the last full bins before `edge_ns`."""
        edge = edge_ns // self.bin_ns
        recent = (self.bins >= edge - over_bins) & (self.bins < edge)
        n_rows: NDArray[np.float64] = np.where(recent, self.counts, 0).sum(axis=1).astype(np.float64)
        return n_rows * NS_PER_SECOND / (over_bins * self.bin_ns)

    def trail(self, code: int, edge_ns: int) -> NDArray[np.float64]:
        """Return a key's last value in each bin up to `edge_ns` (float64[n_bins]), oldest first, NaN where none."""
        n_bins = self.bins.shape[1]
        wanted = np.arange(edge_ns // self.bin_ns - n_bins + 1, edge_ns // self.bin_ns + 1)
        if not 0 <= code < len(self.bins):
            return np.full(n_bins, np.nan)
        places = wanted % n_bins
        return np.where(self.bins[code, places] == wanted, self.last[code, places], np.nan)


class Rates:
    """Counts and last values in bins of event time, for the last minute.

    Counts merge exactly in any order; last values where the parts are merged in the order of their rows.

    Parameters
    ----------
    schema : Schema
        What the rows are. Last values are kept of its `value` column.
    bin_ns : int
        Length of a bin.
    n_bins : int
        How many bins are kept.
    """

    def __init__(self, schema: Schema, *, bin_ns: int = NS_PER_SECOND, n_bins: int = 64) -> None:
        self.schema = schema
        self.bin_ns = bin_ns
        self.n_bins = n_bins
        self._forget()

    def update(self, batch: Batch) -> None:
        """Take in new rows."""
        rows, row = (batch.keys, batch.time, batch[self.schema.value]), 0
        while (row := ring_bins(row, *rows, self.bin_ns, self._n_keys, *self._ring)) < len(batch):
            self._make_room(n_keys_of(batch.keys))

    def merge(self, other: Self) -> None:
        """Take in the rows that `other`, with bins of the same length and number, has seen after us."""
        self._make_room(other._n_keys)
        bins, counts, last, times = self._seen(other._n_keys)
        other_bins, other_counts, other_last, other_times = other._seen(other._n_keys)
        newer, same = other_bins > bins, other_bins == bins
        later = newer | (same & (other_times >= times))
        counts[same] += other_counts[same]
        counts[newer] = other_counts[newer]
        last[later] = other_last[later]
        times[later] = other_times[later]
        bins[newer] = other_bins[newer]

    def snapshot(self) -> RatesSnapshot:
        """Return counts and last values now."""
        bins, counts, last, _ = self._seen(self._n_keys)
        return RatesSnapshot(self.bin_ns, bins.copy().T, counts.copy().T, last.copy().T)

    def rebuild(self, table: Table) -> Iterator[None]:
        """Forget everything, and take in the rows that `table` keeps."""
        self._forget()
        yield from take_in(table, self.update)

    def _seen(self, n_keys: int) -> tuple[NDArray[Any], ...]:
        return tuple(array[:, :n_keys] for array in self._ring)

    def _forget(self) -> None:
        self._n_keys = 0
        self._ring: tuple[NDArray[Any], ...] = tuple(np.full((self.n_bins, 0), fill) for fill in _FILLS)

    def _make_room(self, n_keys: int) -> None:
        self._n_keys = max(self._n_keys, n_keys)
        self._ring = tuple(_wider(array, n_keys, fill) for array, fill in zip(self._ring, _FILLS, strict=True))


def _wider(array: NDArray[Any], n_keys: int, fill: Any) -> NDArray[Any]:
    """Return an array of keys by bin with room for so many keys."""
    return np.ascontiguousarray(grown(array.T, n_keys, fill).T)
