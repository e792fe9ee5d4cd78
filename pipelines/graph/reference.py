"""A reference counter that may be used from several threads and fires once."""

from __future__ import annotations

import threading
from collections.abc import Callable

from streamz import RefCounter

__all__ = ["Reference"]


class _AtOnce:
    """Stands in for streamz's event loop: our callbacks only note something down, so they may run right here."""

    @staticmethod
    def add_callback(callback: Callable[[], None]) -> None:
        callback()


class Reference(RefCounter):
    """Counts who still holds an element; its maker is the first.

    Parameters
    ----------
    callback : callable
        Called once, by the thread that lets go last.
    """

    def __init__(self, callback: Callable[[], None]) -> None:
        super().__init__(initial=1, loop=_AtOnce)
        self._callback: Callable[[], None] | None = callback
        self._lock = threading.Lock()

    def retain(self, n: int = 1) -> None:
        """Hold on, `n` times."""
        with self._lock:
            self.count += n

    def release(self, n: int = 1) -> None:
        """Let go, `n` times."""
        with self._lock:
            self.count -= n
            is_last = self.count <= 0
        if is_last:
            self.finish()

    def finish(self) -> None:
        """Call back now, whoever still holds on. Does nothing where that has happened."""
        with self._lock:
            callback, self._callback = self._callback, None
        if callback is not None:
            callback()
