"""Who waits for which picture: one place a viewer, where the newest request wins."""

from __future__ import annotations

import logging
import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Final, Literal

from pipelines.live.explore.answer import ExploreAnswer, Failure
from pipelines.live.explore.request import Snapped

__all__ = ["Deliver", "Job", "RequestQueue"]

_LOG: Final = logging.getLogger(__name__)

_Outcome = Literal["answered", "failed", "dropped"]

Deliver = Callable[[ExploreAnswer | Failure], None]
"""What an answer is handed to. It must hand it on and return."""


@dataclass(slots=True, eq=False)
class _Viewer:
    """Somebody with open requests."""

    n_open: int = 0
    newest_delivered: int = 0
    newest_dropped: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)  # held while something is delivered


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """A request that was taken in.

    Parameters
    ----------
    number : int
        Requests are numbered as they come, from 1.
    name : hashable
        Who asked.
    viewer : _Viewer
        What is known of them.
    snapped : Snapped
        For which picture.
    deliver : callable
        Where the answers go.
    """

    number: int
    name: Hashable
    viewer: _Viewer
    snapped: Snapped
    deliver: Deliver


class RequestQueue:
    """Requests that wait or are being drawn.

    A newer request of a viewer drops the one that waits and takes its place, so nobody who asks often waits longer or
    shorter than others. A request for a picture that is being drawn joins it.

    Parameters
    ----------
    max_waiting : int
        Most viewers that may wait.

    Notes
    -----
    *Threads.* Any.
    """

    def __init__(self, max_waiting: int) -> None:
        self.max_waiting = max_waiting
        self._counts: Counter[str] = Counter()
        self._changed = threading.Condition()
        self._is_open = False
        self._waiting: OrderedDict[Hashable, Job] = OrderedDict()
        self._drawing: dict[Snapped, list[Job]] = {}
        self._viewers: dict[Hashable, _Viewer] = {}

    def open(self) -> None:
        """Take in requests from now on."""
        with self._changed:
            self._is_open = True

    def close(self) -> None:
        """Drop what waits, take in no more and let go of who takes."""
        with self._changed:
            self._is_open = False
            while self._waiting:
                self._end(self._waiting.popitem()[1], "dropped")
            self._changed.notify_all()

    def put(self, name: Hashable, snapped: Snapped, deliver: Deliver) -> bool:
        """Take in a request of a viewer. Returns whether it was: not where too many wait or the queue is closed."""
        with self._changed:
            self._counts["asked"] += 1
            older = self._waiting.get(name)
            if not self._is_open or (older is None and len(self._waiting) >= self.max_waiting):
                self._counts["dropped"] += 1
                return False
            viewer = self._viewers.setdefault(name, _Viewer())
            viewer.n_open += 1
            self._waiting[name] = Job(self._counts["asked"], name, viewer, snapped, deliver)
            if older is not None:
                self._end(older, "dropped")
            self._changed.notify()
            return True

    def take(self) -> Job | None:
        """Wait for a request whose picture nobody draws, and return it; None where the queue is closed."""
        with self._changed:
            while True:
                self._changed.wait_for(lambda: self._waiting or not self._is_open)
                if not self._waiting:
                    return None
                _, job = self._waiting.popitem(last=False)
                if job.snapped not in self._drawing:
                    self._drawing[job.snapped] = [job]
                    return job
                self._drawing[job.snapped].append(job)
                self._counts["shared"] += 1

    def give(self, snapped: Snapped, answer: ExploreAnswer | Failure, *, is_current: bool = True) -> None:
        """Deliver an answer to all who wait for this picture; those who got one that is final wait no more.

        Where rows came meanwhile that it lacks, those who asked while it was being drawn may have asked for these: they
        get it too, and wait on.
        """
        is_final = isinstance(answer, Failure) or answer.is_final
        with self._changed:
            jobs = self._drawing.pop(snapped) if is_final else list(self._drawing[snapped])
        if is_final and not is_current:
            jobs, joined = jobs[:1], jobs[1:]
            for job in joined:
                self._deliver(job, answer)
                self._wait_on(job)
        for job in jobs:
            is_delivered = self._deliver(job, answer)
            if is_final:
                outcome: _Outcome = "failed" if isinstance(answer, Failure) else "answered"
                with self._changed:
                    self._end(job, outcome if is_delivered else "dropped")

    def _wait_on(self, job: Job) -> None:
        with self._changed:
            if not self._is_open or job.name in self._waiting or job.number <= job.viewer.newest_dropped:
                self._end(job, "dropped")
            else:
                self._waiting[job.name] = job
                self._changed.notify()

    def leave(self, name: Hashable) -> None:
        """Forget what a viewer asked for: at most what is being delivered still is."""
        with self._changed:
            if name in self._viewers:
                self._viewers[name].newest_dropped = self._counts["asked"]
            if (job := self._waiting.pop(name, None)) is not None:
                self._end(job, "dropped")

    def statistics(self) -> tuple[Counter[str], int]:
        """Return a copy of the counts, and how many requests wait or are being drawn."""
        with self._changed:
            return self._counts.copy(), sum(viewer.n_open for viewer in self._viewers.values())

    def _deliver(self, job: Job, answer: ExploreAnswer | Failure) -> bool:
        """Deliver, unless a newer answer was or the viewer left; return whether it was delivered."""
        with job.viewer.lock:
            if job.number < job.viewer.newest_delivered or job.number <= job.viewer.newest_dropped:
                return False
            job.viewer.newest_delivered = job.number
            try:
                job.deliver(answer)
            except Exception:
                _LOG.exception("a viewer could not take an answer")
                return False
            return True

    def _end(self, job: Job, outcome: _Outcome) -> None:
        self._counts[outcome] += 1
        job.viewer.n_open -= 1
        if job.viewer.n_open == 0:
            del self._viewers[job.name]
