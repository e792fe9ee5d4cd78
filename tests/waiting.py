"""Waiting for what another thread or process does, with a deadline."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

__all__ = ["wait_until"]

T = TypeVar("T")


def wait_until(predicate: Callable[[], T], timeout_s: float = 20.0, *, what: str = "") -> T:
    """Return what `predicate` returns once that is true; fails after `timeout_s`, naming `what` was waited for."""
    deadline = time.monotonic() + timeout_s
    pause = threading.Event()
    while not (result := predicate()):
        assert time.monotonic() < deadline, f"not within {timeout_s:g} s: {what or predicate}"
        pause.wait(0.01)
    return result
