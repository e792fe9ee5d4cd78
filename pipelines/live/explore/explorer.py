"""Answers to those who zoom: drawn by threads of their own, kept while they are right, shared by all who look there."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Protocol

from pipelines.core.dictionary import Dictionary
from pipelines.core.errors import StreamshadeError
from pipelines.live.explore.answer import ExploreAnswer, Failure, Way
from pipelines.live.explore.cache import ByteCache
from pipelines.live.explore.changes import RangeState, state_of
from pipelines.live.explore.queue import Deliver, RequestQueue
from pipelines.live.explore.request import ExploreRequest, Snapped
from pipelines.live.explore.ways import Ways
from pipelines.store.series import Series
from pipelines.store.table import Table

__all__ = ["ExploreStatistics", "Explorer"]

_LOG: Final = logging.getLogger(__name__)


class _Draws(Protocol):
    """What draws, as `Ways` does."""

    def draw(self, snapped: Snapped, series: Series | None) -> Iterator[ExploreAnswer]: ...


@dataclass(frozen=True, slots=True)
class ExploreStatistics:
    """What became of the requests: ``asked = answered + failed + dropped + n_open``.

    Parameters
    ----------
    asked : int
        Requests so far.
    answered, failed, dropped : int
        Of these: answered exactly; answered with an error; not answered, because a newer request of the viewer came
        first, the viewer left, too many waited or the explorer was stopped.
    n_open : int
        Requests that wait or are being drawn.
    shared : int
        Requests that joined another one, which was being drawn.
    kept : int
        Pictures that were there and still right.
    drawn : mapping of str to int
        Exact pictures that were drawn, by the way that they were.
    """

    asked: int
    answered: int
    failed: int
    dropped: int
    n_open: int
    shared: int
    kept: int
    drawn: Mapping[Way, int]


class Explorer:
    """Answers requests for ranges of a feed's tables.

    An answer is kept, for all viewers, and given again for as long as no row came into its range and none of its rows
    was evicted.

    Parameters
    ----------
    tables : mapping of str to Table
        Rows by kind.
    dictionary : Dictionary
        Names of the keys.
    n_threads : int
        How many threads draw.
    max_waiting : int
        Most viewers that may wait.
    cache_bytes : int
        Most memory of the answers that are kept.
    ways : Ways, optional
        What draws.

    Notes
    -----
    *Threads.* Any thread asks; `deliver` is called from one that draws. Answers of a viewer never come out of order: a
    picture that is finished after a newer one was delivered is kept for others.
    """

    def __init__(
        self,
        tables: Mapping[str, Table],
        dictionary: Dictionary,
        *,
        n_threads: int = 2,
        max_waiting: int = 1_024,
        cache_bytes: int = 128 << 20,
        ways: _Draws | None = None,
    ) -> None:
        self._tables, self._dictionary = tables, dictionary
        self._n_threads = n_threads
        self._ways: _Draws = Ways() if ways is None else ways
        self._queue = RequestQueue(max_waiting)
        self._answers: ByteCache[Snapped, tuple[ExploreAnswer, RangeState]] = ByteCache(cache_bytes)
        self._drawn: Counter[Way] = Counter()
        self._n_kept = 0
        self._lock = threading.Lock()  # starts and stops one at a time
        self._count_lock = threading.Lock()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Start the threads. Does nothing where they run."""
        with self._lock:
            if self._threads:
                return
            self._queue.open()
            self._threads = [
                threading.Thread(target=self._work, name=f"explore-{number}", daemon=True)
                for number in range(self._n_threads)
            ]
            for thread in self._threads:
                thread.start()

    def stop(self) -> None:
        """Drop what waits, and end the threads once they have finished their pictures. Does nothing where none run."""
        with self._lock:
            self._queue.close()
            for thread in self._threads:
                thread.join()
            self._threads = []

    def ask(self, viewer: Hashable, request: ExploreRequest, deliver: Deliver) -> bool:
        """Ask for a picture. A request of the same viewer that still waits is dropped for this one.

        Parameters
        ----------
        viewer : hashable
            Who asks.
        request : ExploreRequest
            For what.
        deliver : callable
            Called with the answer; where an exact one takes long, first with a coarse one that is not final. With a
            `Failure` where there is none.

        Returns
        -------
        bool
            Whether it is taken on: not where too many viewers wait, or the explorer is stopped.
        """
        return self._queue.put(viewer, request.snapped(), deliver)

    def leave(self, viewer: Hashable) -> None:
        """Forget what a viewer asked for: at most what is being delivered still is."""
        self._queue.leave(viewer)

    def statistics(self) -> ExploreStatistics:
        """Return what became of the requests so far."""
        counts, n_open = self._queue.statistics()
        with self._count_lock:
            drawn = MappingProxyType(dict(self._drawn))
        return ExploreStatistics(
            asked=counts["asked"],
            answered=counts["answered"],
            failed=counts["failed"],
            dropped=counts["dropped"],
            n_open=n_open,
            shared=counts["shared"],
            kept=self._n_kept,
            drawn=drawn,
        )

    def _work(self) -> None:
        while (job := self._queue.take()) is not None:
            try:
                for answer in self._answer(job.snapped):
                    self._queue.give(job.snapped, answer, is_current=self._is_current(answer))
            except StreamshadeError as error:
                self._queue.give(job.snapped, Failure(job.snapped, str(error)))
            except Exception as error:
                _LOG.exception("a picture of %s could not be drawn", job.snapped.key)
                self._queue.give(job.snapped, Failure(job.snapped, f"{type(error).__name__}: {error}"))

    def _is_current(self, answer: ExploreAnswer) -> bool:
        """Tell whether no row has come into a picture or left it since it was begun, as far as that is known."""
        kept = self._answers.get(answer.snapped)
        return kept is None or kept[0] is not answer or kept[1].is_current(self._series(answer.snapped))

    def _answer(self, snapped: Snapped) -> Iterator[ExploreAnswer]:
        series = self._series(snapped)
        kept = self._answers.get(snapped)
        if kept is not None and kept[1].is_current(series):
            with self._count_lock:
                self._n_kept += 1
            yield kept[0]
            return
        for answer in self._ways.draw(snapped, series):
            if answer.is_final:
                state = state_of(series, *answer.depends_ns)
                self._answers.put(snapped, (answer, state), answer.n_bytes)
                with self._count_lock:
                    self._drawn[answer.way] += 1
                yield answer
                return
            yield answer

    def _series(self, snapped: Snapped) -> Series | None:
        table = self._tables.get(snapped.kind)
        return None if table is None else table.series(self._dictionary.find(snapped.key))
