"""Snapshots of aggregates between processes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pipelines.aggregates.last_values import LastValuesSnapshot
from pipelines.aggregates.rates import RatesSnapshot
from pipelines.live.relay.words import Packed, RelayError

__all__ = ["IS_SENT", "packed", "unpacked"]

_SNAPSHOTS: Final = MappingProxyType({"last": LastValuesSnapshot, "rates": RatesSnapshot})

IS_SENT: Final = frozenset(_SNAPSHOTS)
"""Aggregates whose snapshots can be sent."""


def packed(snapshot: Any) -> dict[str, Packed | int | dict[str, Packed]]:
    """Return a snapshot of an aggregate as what can be sent."""
    return {field.name: _packed(getattr(snapshot, field.name)) for field in fields(snapshot)}


def unpacked(aggregate: str, content: Mapping[str, Any]) -> Any:
    """Return the snapshot again; raises `RelayError` for an aggregate that is not sent."""
    if aggregate not in _SNAPSHOTS:
        raise RelayError(f"there are no snapshots of {aggregate!r}")
    return _SNAPSHOTS[aggregate](**{name: _unpacked(value) for name, value in content.items()})


def _packed(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _packed(each) for name, each in value.items()}
    if isinstance(value, np.ndarray):
        return Packed(value.dtype.str, value.shape, value.tobytes())
    return value


def _unpacked(value: Any) -> Any:
    if isinstance(value, Packed):
        array: NDArray[Any] = np.frombuffer(value.data, np.dtype(value.dtype)).reshape(value.shape)
        return array
    if isinstance(value, dict):
        return {name: _unpacked(each) for name, each in value.items()}
    return value
