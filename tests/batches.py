"""Batches for tests, from the columns that matter; the rest is filled in."""

from __future__ import annotations

from typing import Any

import numpy as np

from pipelines.core.batch import Batch
from pipelines.core.schema import READINGS, TRADES

__all__ = ["readings", "trades"]


def readings(time: Any, *, key: Any = 0, value: Any = None, identity: Any = None) -> Batch:
    """Readings at `time`; the value is the time where none is given."""
    time = np.asarray(time, dtype=np.int64)
    columns = {
        "time": time,
        "sensor": np.broadcast_to(np.asarray(key, dtype=np.int32), time.shape).copy(),
        "value": np.asarray(time if value is None else value, dtype=np.float64).copy(),
        "lat": np.full(len(time), np.nan),
        "lon": np.full(len(time), np.nan),
    }
    return Batch(READINGS, columns, identity=None if identity is None else np.asarray(identity, dtype=np.int64))


def trades(
    time: Any, *, key: Any = 0, price: Any = 100.0, size: Any = 1.0, side: Any = 1, identity: Any = None
) -> Batch:
    """Trades at `time`, all buys where no side is given."""
    time = np.asarray(time, dtype=np.int64)

    def column(values: Any, dtype: type) -> np.ndarray:
        return np.broadcast_to(np.asarray(values, dtype=dtype), time.shape).copy()

    columns = {
        "time": time,
        "symbol": column(key, np.int32),
        "price": column(price, np.float64),
        "size": column(size, np.float64),
        "side": column(side, np.int8),
    }
    return Batch(TRADES, columns, identity=None if identity is None else np.asarray(identity, dtype=np.int64))
