"""The views of a feed that exist: from their first subscriber until some time after their last."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

from pipelines.core.clock import NS_PER_SECOND, Clock
from pipelines.core.dictionary import Dictionary
from pipelines.core.errors import SpecError
from pipelines.core.spec import ViewSpec
from pipelines.live.frames.drawing import Drawing
from pipelines.live.frames.frame import Frame
from pipelines.live.frames.live_view import LiveView
from pipelines.live.frames.make_drawing import make_drawing
from pipelines.store.table import Table

__all__ = ["Subscription", "Views"]

_LINGER_NS: Final = 30 * NS_PER_SECOND
"""Who looks elsewhere and comes back finds the view as it was."""

_SLICE_NS: Final = NS_PER_SECOND // 200
"""How long views may be drawn and built before the writer takes its next rows. Of either a step more at the most."""

_MAX_BUILDING: Final = 4
"""Most drawings that are built at a time: all rows that there were when one was begun are held until it is built."""


class Subscription:
    """Somebody's hold of a view. It exists until all holds are closed.

    Notes
    -----
    *Threads.* Any.
    """

    def __init__(self, view: LiveView, close: Callable[[], None]) -> None:
        self._view = view
        self._close = close
        self._closed = False

    @property
    def frame(self) -> Frame | None:
        """The newest picture; None before the first."""
        return self._view.frame

    @property
    def failure(self) -> str:
        """Why the view is not drawn any more; empty while it is. Who subscribes again gets a new one."""
        return self._view.failure

    def wait(self, timeout_s: float) -> Frame | None:
        """Return the newest picture, waiting for the first one; None where it does not come in time."""
        self._view.drawn.wait(timeout_s)
        return self._view.frame

    def close(self) -> None:
        """Let go. Does nothing the second time."""
        if not self._closed:
            self._closed = True
            self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@dataclass(slots=True)
class _Entry:
    view: LiveView
    n_subscribers: int = 0
    left_ns: int = 0
    drawn_ns: int = 0
    built_ns: int = 0


class Views:
    """What is drawn for a feed, and for whom.

    In each step, views that are ready share a slice of time with those that are built: while there are both, the former
    may use half of it, and the latter what is left. Of both, who has waited longest comes first, and at least one has
    its turn. So neither keep the others waiting for good, and a picture that is there waits for no more steps than
    there are views.

    Parameters
    ----------
    tables : mapping of str to Table
        Rows by kind.
    dictionary : Dictionary
        Names of keys.
    make : callable
        Makes an empty drawing, for a view, the code of its key and its table.
    clock : Clock
        Paces frames, and tells when a view has been left for long.
    memory_bytes : int
        Most memory that views may take. Those that nobody looks at go first.
    on_error : callable
        Told which view failed, and how. That one is not drawn any more; the others go on.

    Attributes
    ----------
    is_behind : bool
        Whether the last step had no time for all that there was to do: the next one should come soon.

    Notes
    -----
    *Threads.* `subscribe` and subscriptions: any. `step` belongs to the writer.
    """

    def __init__(
        self,
        *,
        tables: Mapping[str, Table],
        dictionary: Dictionary,
        make: Callable[[ViewSpec, int, Table], Drawing] = make_drawing,
        clock: Clock,
        memory_bytes: int,
        on_error: Callable[[str, BaseException], None],
    ) -> None:
        self._tables, self._dictionary, self._make, self._clock = tables, dictionary, make, clock
        self._memory_bytes = memory_bytes
        self._on_error = on_error
        self.is_behind = False
        self._entries: dict[ViewSpec, _Entry] = {}
        self._dropped: list[LiveView] = []
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def n_bytes(self) -> int:
        """Memory of all views."""
        return sum(entry.view.n_bytes for entry in self._list())

    def subscribe(self, spec: ViewSpec) -> Subscription:
        """Look at a view. It is made where nobody does yet; its first frame comes with the writer's next step.

        Raises
        ------
        SpecError
            Where the feed has no rows of that kind, or the memory for views is used up by others that are looked at.
        """
        if spec.kind not in self._tables:
            raise SpecError(f"feed {spec.feed!r} has no {spec.kind}: there are {', '.join(self._tables)}")
        with self._lock:
            if spec not in self._entries:
                self._make_room()
                table = self._tables[spec.kind]
                view = LiveView(spec, table=table, dictionary=self._dictionary, make=self._make, clock=self._clock)
                self._entries[spec] = _Entry(view)
            entry = self._entries[spec]
            entry.n_subscribers += 1
        return Subscription(entry.view, lambda: self._leave(entry))

    def still(self, spec: ViewSpec, timeout_s: float) -> Frame | None:
        """Return a picture; None where there can be none, or it does not come in time."""
        try:
            with self.subscribe(spec) as subscription:
                return subscription.wait(timeout_s)
        except SpecError:
            return None

    def step(self, edge_ns: int) -> bool:
        """Draw what has changed, and build what is not there yet, for a slice of time.

        Returns whether there is any new frame.
        """
        self._drop_left()
        began_ns = self._clock.monotonic_ns()
        entries = self._list()
        is_shared = any(entry.view.is_building(began_ns) for entry in entries)
        self.is_behind = False
        is_new = self._draw(entries, edge_ns, began_ns, began_ns + _SLICE_NS // (2 if is_shared else 1))
        return self._build(entries, edge_ns, began_ns + _SLICE_NS) or is_new

    def rest(self) -> None:
        """Let go of all rows that are held for drawings which are not built yet: they are begun anew.

        Call it when the writer has stopped.
        """
        self._drop_left()
        for entry in self._list():
            entry.view.rest()

    def _draw(self, entries: list[_Entry], edge_ns: int, now_ns: int, deadline_ns: int) -> bool:
        """Let views that are ready read on, if another frame is due. Returns whether there is any."""
        due = [entry for entry in entries if entry.view.is_ready and entry.view.is_due(now_ns)]
        due.sort(key=lambda entry: entry.drawn_ns)
        is_new = False
        for number, entry in enumerate(due):
            if number and now_ns >= deadline_ns:
                self.is_behind = True
                break
            entry.drawn_ns = now_ns
            is_new |= self._fenced(entry, entry.view.step, edge_ns, deadline_ns)
            now_ns = self._clock.monotonic_ns()
        return is_new

    def _build(self, entries: list[_Entry], edge_ns: int, deadline_ns: int) -> bool:
        """Go on with the drawings of views that want one. Returns whether there is any new frame."""
        now_ns = self._clock.monotonic_ns()
        building = [entry for entry in entries if entry.view.is_building(now_ns) and not entry.view.failure]
        building.sort(key=lambda entry: entry.built_ns)
        n_begun = sum(entry.view.holds_rows for entry in building)
        is_new = has_built = False
        for entry in building:
            was_begun = entry.view.holds_rows
            if (has_built and now_ns >= deadline_ns) or not (was_begun or n_begun < _MAX_BUILDING):
                self.is_behind = True
                continue
            entry.built_ns = now_ns
            is_new |= self._fenced(entry, entry.view.build, edge_ns, deadline_ns)
            has_built = True
            n_begun += entry.view.holds_rows - was_begun
            now_ns = self._clock.monotonic_ns()
        self.is_behind |= n_begun > 0
        return is_new

    def _fenced(self, entry: _Entry, work: Callable[..., bool], edge_ns: int, deadline_ns: int) -> bool:
        try:
            return work(edge_ns, deadline_ns=deadline_ns)
        except Exception as error:
            entry.view.failure = f"{type(error).__name__}: {error}"
            with self._lock:
                if self._entries.get(entry.view.spec) is entry:  # and not one that was made since that was dropped
                    del self._entries[entry.view.spec]
            entry.view.close()
            self._on_error(f"view of {entry.view.spec.kind}", error)
            return False

    def _list(self) -> list[_Entry]:
        with self._lock:
            return list(self._entries.values())

    def _leave(self, entry: _Entry) -> None:
        with self._lock:
            entry.n_subscribers -= 1
            entry.left_ns = self._clock.monotonic_ns()

    def _drop_left(self) -> None:
        """Drop views that were left long ago, and let go of what dropped ones hold: no other thread may, in a step."""
        long_ago_ns = self._clock.monotonic_ns() - _LINGER_NS
        with self._lock:
            for entry in tuple(self._entries.values()):
                if entry.n_subscribers == 0 and entry.left_ns <= long_ago_ns:
                    self._drop(entry)
            dropped, self._dropped = self._dropped, []
        for view in dropped:
            view.close()

    def _drop(self, entry: _Entry) -> None:
        del self._entries[entry.view.spec]
        self._dropped.append(entry.view)

    def _make_room(self) -> None:
        """Drop views that nobody looks at, longest left first, while the memory is used up."""
        left = sorted((e for e in self._entries.values() if e.n_subscribers == 0), key=lambda entry: entry.left_ns)
        while sum(entry.view.n_bytes for entry in self._entries.values()) >= self._memory_bytes:
            if not left:
                raise SpecError(
                    f"{len(self._entries)} views take all of the {self._memory_bytes >> 20} MiB for pictures: "
                    "close some, or serve with a larger --memory"
                )
            self._drop(left.pop(0))
