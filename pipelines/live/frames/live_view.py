"""A view that somebody looks at: it reads on in the table from where it was, and publishes frames."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from pipelines.core.clock import NS_PER_SECOND, Clock
from pipelines.core.dictionary import UNKNOWN, Dictionary
from pipelines.core.spec import ViewSpec
from pipelines.live.frames.colour import ColourScale
from pipelines.live.frames.drawing import Drawing, Drawn
from pipelines.live.frames.frame import Frame
from pipelines.live.frames.make_drawing import drawing_bytes
from pipelines.live.frames.palette import scale_of
from pipelines.live.frames.reader import Reader
from pipelines.live.frames.value_scale import ValueScale
from pipelines.store.series import Series
from pipelines.store.table import Table

__all__ = ["FRAME_NS", "LiveView"]

FRAME_NS: Final = NS_PER_SECOND // 30
"""Shortest time between two frames of a view, on average."""

_RENEWAL_NS: Final = NS_PER_SECOND
"""Shortest time between two drawings that take over."""

_T = TypeVar("_T", bound=np.generic)


class LiveView:
    """One view, drawn once for all who look at it.

    It starts with the rows of its span that the table keeps, in slices as long as the caller allows, and costs the new
    rows from then on. Where its drawing would be better made anew (an outlier has scrolled out), another one is built
    beside it, and takes its place when it has caught up. Until a drawing is built, all rows that there were when it was
    begun are held for it.

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
    *Threads.* The writer's, but `frame` and `n_bytes` may be read by anybody.
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
        self._reader: Reader | None = None
        self._successor: Reader | None = None
        self._has_other_cells = self._wants_rebuild = False
        self._due_ns = self._renewal_due_ns = 0

    @property
    def n_bytes(self) -> int:
        """Memory of the drawings, of the newest frame, and of rows that are kept only because a drawing is being built.

        Before there are any, what they will take.
        """
        readers = [reader for reader in (self._reader, self._successor) if reader is not None]
        n_bytes = sum(reader.drawing.n_bytes for reader in readers) or drawing_bytes(self.spec)
        n_bytes += self.spec.n_columns * self.spec.n_rows if self.frame is None else self.frame.codes.nbytes
        if self.holds_rows:
            row_bytes = sum(column.dtype.itemsize for column in self._table.schema.columns)
            n_bytes += row_bytes * max(reader.n_held(self._series()) for reader in readers)
        return n_bytes

    @property
    def is_ready(self) -> bool:
        """Whether it is drawn up to now, but for rows that came since its last step."""
        reader = self._reader
        return reader is not None and reader.progress == 1.0

    def is_building(self, now_ns: int) -> bool:
        """Tell whether it wants a drawing that is not built yet, by now: its first, or a better one."""
        return (
            not self.is_ready or self._successor is not None or (self._wants_rebuild and now_ns >= self._renewal_due_ns)
        )

    @property
    def holds_rows(self) -> bool:
        """Whether a drawing has been begun, and is not built yet."""
        return (self._reader is not None and not self.is_ready) or self._successor is not None

    def is_due(self, now_ns: int) -> bool:
        """Tell whether there may be another frame by now, a time of the monotonic clock."""
        return now_ns >= self._due_ns

    def step(self, edge_ns: int, *, deadline_ns: int) -> bool:
        """Read on, until there are no more rows or the monotonic clock passes `deadline_ns`, and publish what changed.

        Returns whether there is a new frame.
        """
        if not self.is_due(self._clock.monotonic_ns()):
            return False
        if self._reader is None:
            series = self._series()
            if series is None:
                return False
            self._reader = self._begin(series, edge_ns)
        reader = self._reader
        is_new = reader.read(clock=self._clock, deadline_ns=deadline_ns) or self._has_other_cells
        is_new |= reader.drawing.advance(edge_ns)
        if is_new:
            self._wants_rebuild = reader.drawing.wants_rebuild
        is_new |= self._colours is not None and self._colours.moving
        return is_new and self._publish(reader, edge_ns)

    def build(self, edge_ns: int, *, deadline_ns: int) -> bool:
        """Go on with the drawing that is wanted, as long as `step` does. Returns whether there is a new frame.

        One that is to take over does so when it has caught up, and is seen as soon as a frame is due.
        """
        if not self.is_ready:
            return self.step(edge_ns, deadline_ns=deadline_ns)
        series = self._series()
        if series is None or not (self._successor or self._are_all_kept(series)):
            self._successor, self._wants_rebuild = None, False
            return False
        successor = self._successor = self._successor or self._begin(series, edge_ns)
        successor.read(clock=self._clock, deadline_ns=deadline_ns)
        if not successor.has_caught_up:
            return False
        self._reader, self._successor = successor, None
        self._wants_rebuild, self._has_other_cells = False, True
        self._renewal_due_ns = self._clock.monotonic_ns() + _RENEWAL_NS
        return self.step(edge_ns, deadline_ns=deadline_ns)

    def rest(self) -> None:
        """Let go of drawings that are not built yet, and so of the rows held for them. `step` begins anew."""
        self._successor = None
        if not self.is_ready:
            self._reader, self._has_other_cells = None, self.frame is not None

    def close(self) -> None:
        """Let go of everything but the newest frame."""
        self._reader = self._successor = None

    def _series(self) -> Series | None:
        code = self._dictionary.find(self.spec.key)
        return None if code == UNKNOWN else self._table.series(code)

    def _begin(self, series: Series, edge_ns: int) -> Reader:
        return Reader(self._make(self.spec, series.code, self._table), self._table, series, edge_ns)

    def _are_all_kept(self, series: Series) -> bool:
        """Tell whether the table still has all rows on the canvas: columns that scrolled in stay, others or not."""
        if series.first_row == 0 or self.frame is None:
            return True
        return series.time_before(self.frame.canvas.start_ns) is not None

    def _publish(self, reader: Reader, edge_ns: int) -> bool:
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
            newest_ns=reader.newest_ns,
            rendered_ns=self._clock.now_ns(),
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
