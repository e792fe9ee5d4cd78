"""A view that somebody looks at: it reads on in the table from where it was, and publishes frames."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from pipelines.core.batch import Batch
from pipelines.core.clock import NS_PER_SECOND, Clock
from pipelines.core.dictionary import UNKNOWN, Dictionary
from pipelines.core.spec import ViewSpec
from pipelines.live.frames.colour import ColourScale
from pipelines.live.frames.drawing import Drawing, Drawn
from pipelines.live.frames.frame import Frame
from pipelines.live.frames.palette import scale_of
from pipelines.live.frames.value_scale import ValueScale
from pipelines.store.series import Series
from pipelines.store.table import Table

__all__ = ["FRAME_NS", "LiveView"]

FRAME_NS: Final = NS_PER_SECOND // 30
"""Shortest time between two frames of a view, on average."""

_CHUNK_ROWS: Final = 1 << 16
"""Rows between two looks at the clock: well under a millisecond."""

_ALMOST: Final = 0.99

_RENEWAL_NS: Final = NS_PER_SECOND
"""Shortest time between two drawings that take over."""

_T = TypeVar("_T", bound=np.generic)


class _Reader:
    """A drawing, and how far it has read: first what the table keeps, then what arrives."""

    def __init__(self, drawing: Drawing, table: Table, edge_ns: int) -> None:
        self.drawing = drawing
        self.progress = 0.0
        self._steps = drawing.rebuild(table, edge_ns)
        self._cursor = 0

    def read(self, series: Series, *, clock: Clock, deadline_ns: int) -> bool:
        """Take in rows until there are no more or the time is over. Returns whether there were any."""
        is_new = False
        while self.progress < 1.0:
            self._build()
            is_new = True
            if clock.monotonic_ns() >= deadline_ns:
                return True
        while self._cursor < series.next_row:
            rows = series.since(self._cursor, max_rows=_CHUNK_ROWS)
            self.drawing.update(Batch(series.schema, rows.columns))
            self._cursor = rows.next_row
            is_new = True
            if clock.monotonic_ns() >= deadline_ns:
                break
        return is_new

    def has_caught_up(self, series: Series) -> bool:
        """Tell whether it has taken in all rows."""
        return self.progress == 1.0 and self._cursor >= series.next_row

    def _build(self) -> None:
        try:
            self.progress = min(next(self._steps), _ALMOST)
        except StopIteration:
            self.progress, self._cursor = 1.0, self.drawing.next_row


class LiveView:
    """One view, drawn once for all who look at it.

    It starts with the rows of its span that the table keeps, in slices as long as the caller allows, and costs the new
    rows from then on. Where its drawing would be better made anew (an outlier has scrolled out), another one is built
    beside it, and takes its place when it has caught up.

    Parameters
    ----------
    spec : ViewSpec
        What is shown.
    table : Table
        Where the rows are.
    dictionary : Dictionary
        Names of keys. The view's need not be there yet.
    make : callable
        Makes an empty drawing, for a key by its code and the table.
    clock : Clock
        Paces the frames.

    Attributes
    ----------
    frame : Frame or None
        The newest picture; None before the first row.
    drawn : threading.Event
        Set with the first frame.
    failure : str
        Why it is not drawn any more, set by the owner; empty while it is.

    Notes
    -----
    *Threads.* The writer calls `step`. `frame` may be read by anybody.
    """

    def __init__(
        self,
        spec: ViewSpec,
        *,
        table: Table,
        dictionary: Dictionary,
        make: Callable[[ViewSpec, int, Table], Drawing],
        clock: Clock,
    ) -> None:
        self.spec = spec
        self.frame: Frame | None = None
        self.drawn = threading.Event()
        self.failure = ""
        self._table, self._dictionary, self._make, self._clock = table, dictionary, make, clock
        self._values = ValueScale()
        self._colours: ColourScale | None = None
        self._reader: _Reader | None = None
        self._successor: _Reader | None = None
        self._has_other_cells = False
        self._due_ns = self._renewal_due_ns = 0

    @property
    def n_bytes(self) -> int:
        """Memory of the drawings and of the newest frame; before there are any, what they will take at least."""
        if self._reader is None:
            return 8 * self.spec.n_columns * self.spec.n_rows
        drawings = sum(reader.drawing.n_bytes for reader in (self._reader, self._successor) if reader is not None)
        return drawings + (0 if self.frame is None else self.frame.codes.nbytes)

    def step(self, edge_ns: int, *, deadline_ns: int) -> bool:
        """Read on, until there are no more rows or the monotonic clock passes `deadline_ns`, and publish what changed.

        Returns whether there is a new frame.
        """
        if self._clock.monotonic_ns() < self._due_ns:
            return False
        code = self._dictionary.find(self.spec.key)
        series = None if code == UNKNOWN else self._table.series(code)
        if series is None and self._reader is None:
            return False
        reader = self._reader or self._begin(code, edge_ns)
        is_new = False
        if series is not None:  # else all rows have left the table: what is drawn of them scrolls on
            is_new = reader.read(series, clock=self._clock, deadline_ns=deadline_ns)
            self._reader = self._successor_of(reader, series, edge_ns, deadline_ns)
            self._has_other_cells |= self._reader is not reader
        reader = self._reader = self._reader or reader
        is_new |= self._has_other_cells
        is_new |= reader.drawing.advance(edge_ns)
        is_new |= self._colours is not None and self._colours.moving
        return is_new and self._publish(reader, edge_ns)

    def _begin(self, code: int, edge_ns: int) -> _Reader:
        return _Reader(self._make(self.spec, code, self._table), self._table, edge_ns)

    def _successor_of(self, reader: _Reader, series: Series, edge_ns: int, deadline_ns: int) -> _Reader:
        """Build the drawing that is to take over, where one is wanted. Returns it when it has caught up."""
        now_ns = self._clock.monotonic_ns()
        if self._successor is None:
            if not reader.drawing.wants_rebuild or now_ns < self._renewal_due_ns or not self._are_all_kept(series):
                return reader
            self._successor = self._begin(series.code, edge_ns)
        successor = self._successor
        successor.read(series, clock=self._clock, deadline_ns=deadline_ns)
        if not successor.has_caught_up(series):
            return reader
        self._successor = None
        self._renewal_due_ns = now_ns + _RENEWAL_NS
        return successor

    def _are_all_kept(self, series: Series) -> bool:
        """Tell whether the table still has all rows on the canvas: columns that scrolled in stay, others or not."""
        if series.first_row == 0 or self.frame is None:
            return True
        return series.time_before(self.frame.canvas.start_ns) is not None

    def _publish(self, reader: _Reader, edge_ns: int) -> bool:
        drawn = reader.drawing.draw()
        if drawn is None:
            return False
        now_ns = self._clock.monotonic_ns()
        generation = 1 if self.frame is None else self.frame.generation + 1
        self.frame = Frame(
            view=self.spec,
            generation=generation,
            canvas=drawn.canvas,
            codes=_frozen(drawn.codes),
            generations=_frozen(_generations(None if self._has_other_cells else self.frame, drawn, generation)),
            histogram=_frozen(drawn.histogram),
            quantiser=drawn.quantiser,
            colours=self._coloured(drawn, now_ns),
            value_range=self._values.range if drawn.value_range is None else self._values.fit(*drawn.value_range),
            edge_ns=edge_ns,
            progress=reader.progress,
        )
        self._has_other_cells = False
        self.drawn.set()
        if reader.progress == 1.0:
            self._due_ns = max(self._due_ns + FRAME_NS, now_ns)  # on average: steps come at their own times
        return True

    def _coloured(self, drawn: Drawn, now_ns: int) -> NDArray[np.uint8]:
        if self._colours is None or (self.frame is not None and self.frame.quantiser != drawn.quantiser):
            self._colours = scale_of(self.spec, drawn.quantiser.levels)
        return self._colours.update(drawn.histogram, now_ns)


def _generations(before: Frame | None, drawn: Drawn, generation: int) -> NDArray[np.int64]:
    """Return when each column last changed: those of other cells than before, and those that are new, just now."""
    canvas = drawn.canvas
    generations = np.full(canvas.n_columns, generation, np.int64)
    if before is not None and before.canvas.with_columns(0, 0) == canvas.with_columns(0, 0):
        start = max(before.canvas.first_column, canvas.first_column)
        end = min(before.canvas.end_column, canvas.end_column)
        if start < end:
            kept = before.generations[start - before.canvas.first_column : end - before.canvas.first_column]
            generations[start - canvas.first_column : end - canvas.first_column] = kept
            generations[drawn.changed] = generation
    return generations


def _frozen(array: NDArray[_T]) -> NDArray[_T]:
    array.flags.writeable = False
    return array
