"""Which positions may be released: those of the longest prefix of passes that have left the graph."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence

from pipelines.core.message import Position

__all__ = ["Passes"]


class Passes:
    """Passes through the graph, released in the order in which they began.

    Nodes that users attach may hold one pass while later ones finish. Releasing a later position would then release the
    earlier one too, for a source resumes after the newest that was released.

    Parameters
    ----------
    release : callable
        Gets the positions of passes that are finished, in order.

    Notes
    -----
    *Threads.* The writer begins passes; any thread finishes them.
    """

    def __init__(self, release: Callable[[Sequence[Position]], None]) -> None:
        self._release = release
        self._open: deque[list[Position]] = deque()
        self._finished: set[int] = set()
        self._lock = threading.Lock()

    def begin(self, positions: list[Position]) -> Callable[[], None]:
        """Begin a pass; returns what finishes it."""
        with self._lock:
            self._open.append(positions)
        return lambda: self._finish(positions)

    def forget(self) -> None:
        """Forget all open passes: the source has been stopped, and will send again what they hold."""
        with self._lock:
            self._open.clear()
            self._finished.clear()

    def _finish(self, positions: list[Position]) -> None:
        with self._lock:
            if any(positions is waiting for waiting in self._open):
                self._finished.add(id(positions))
            done: list[Position] = []
            while self._open and id(self._open[0]) in self._finished:
                self._finished.remove(id(self._open[0]))
                done += self._open.popleft()
            if done:
                self._release(done)
