"""The thread that a source reads with, and how it stands."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from pipelines.core.errors import SourceError
from pipelines.sources.contract import SourceState
from pipelines.sources.queue import MessageQueue

__all__ = ["Reader"]

_log = logging.getLogger(__name__)


class Reader:
    """One thread that fills a queue, from `start` until `stop`.

    Parameters
    ----------
    name : str
        What the thread is called.
    queue : MessageQueue
        Opened before the thread starts and closed to end it, so that a reader who waits for room wakes up.
    read : callable
        Runs in the thread until the event that it is given is set, or until it has nothing more to read. Whatever it
        raises makes the state ``"failed"``.
    interrupt : callable
        Wakes `read` where it waits for something other than the event or the queue.

    Notes
    -----
    *Threads.* `start` and `stop` may be called from any thread but the reader's own.
    """

    def __init__(
        self,
        name: str,
        *,
        queue: MessageQueue,
        read: Callable[[threading.Event], None],
        interrupt: Callable[[], None] = lambda: None,
    ) -> None:
        self._standing: tuple[SourceState, str] = ("stopped", "")
        self._name = name
        self._queue = queue
        self._read = read
        self._interrupt = interrupt
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    @property
    def standing(self) -> tuple[SourceState, str]:
        """State and detail for `SourceStatus`. `read` sets it while it runs; another state is logged."""
        return self._standing

    @standing.setter
    def standing(self, standing: tuple[SourceState, str]) -> None:
        if standing[0] != self._standing[0] and standing[1]:
            level = logging.INFO if standing[0] in ("connected", "ended") else logging.WARNING
            _log.log(level, "%s is %s: %s", self._name, *standing)
        self._standing = standing

    def start(self) -> None:
        """Open the queue and start the thread. Does nothing where it was started and not stopped since."""
        with self._lock:
            if self._thread is not None:
                return
            self._queue.reopen()
            self._stopping = threading.Event()
            self.standing = ("connecting", "")
            self._thread = threading.Thread(target=self._run, args=(self._stopping,), name=self._name, daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Close the queue, end the thread and wait for that. Does nothing where it is stopped."""
        with self._lock:
            if self._thread is None:
                return
            self._stopping.set()
            self._queue.close()
            self._interrupt()
            self._thread.join()
            self._thread = None
            self.standing = ("stopped", "")

    def _run(self, stopping: threading.Event) -> None:
        try:
            self._read(stopping)
        except SourceError as error:
            self.standing = ("failed", str(error))
        except Exception as error:
            _log.exception("%s failed", self._name)
            self.standing = ("failed", f"{type(error).__name__}: {error}")
