"""Rows under the pointers of a collector's viewers, looked for beside its loop."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Final

from pipelines.live.relay.outlet import Outlet
from pipelines.live.relay.words import Row, RowWanted, encode
from pipelines.live.streams.stream import Look, ViewStream

__all__ = ["RowsFound"]

_LOG: Final = logging.getLogger(__name__)

_MOST: Final = 64
"""Rows that are looked for at a time. Servers do not wait for more of them, so these are answered with none."""


class RowsFound:
    """Finds rows, and tells the servers that want them.

    Parameters
    ----------
    outlet : Outlet
        The way to the servers.
    post : callable
        Has a function called on the loop, soon. From any thread.
    workers : Executor
        Look for them.

    Notes
    -----
    *Threads.* The collector's loop.
    """

    def __init__(self, outlet: Outlet, *, post: Callable[[Callable[[], None]], None], workers: Executor) -> None:
        self._outlet, self._post, self._workers = outlet, post, workers
        self._n_open = 0

    def find(self, wanted: RowWanted, picture: ViewStream | Look | None) -> None:
        """Find the row under a place of a picture; none where there is no picture, or too many are looked for."""
        if picture is None or self._n_open >= _MOST:
            self._tell(wanted, {})
            return

        def work() -> None:
            row: dict[str, str] = {}
            try:
                row = picture.row_at(wanted.time_ns, wanted.value)
            except Exception:
                _LOG.exception("a row could not be found")
            self._post(lambda: found(row))

        def found(row: dict[str, str]) -> None:
            self._n_open -= 1
            self._tell(wanted, row)

        self._n_open += 1
        self._workers.submit(work)

    def _tell(self, wanted: RowWanted, row: dict[str, str]) -> None:
        self._outlet.send(wanted.server, encode(Row(wanted.call, row)))
