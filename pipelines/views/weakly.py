"""Callbacks for libraries that keep them for as long as the process lives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import WeakMethod

__all__ = ["weakly"]


def weakly(method: Callable[..., None]) -> Callable[..., None]:
    """Return what calls a method without holding its object, and does nothing once that is gone."""
    held = WeakMethod(method)

    def call(*args: Any) -> None:
        alive = held()
        if alive is not None:
            alive(*args)

    return call
