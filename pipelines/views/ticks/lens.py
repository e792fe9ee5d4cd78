"""Which picture a viewer sees: the newest frame of a live view, or the answer to where they zoomed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from pipelines.aggregates.canvas import Canvas, column_log2_of
from pipelines.core.clock import NS_PER_SECOND, Clock
from pipelines.core.dictionary import UNKNOWN
from pipelines.core.errors import SpecError
from pipelines.core.spec import CANVAS_COLUMNS, ViewSpec
from pipelines.live.explore.answer import ExploreAnswer, Failure, Way
from pipelines.live.explore.explorer import Explorer
from pipelines.live.explore.request import ExploreRequest
from pipelines.live.frames.frame import Frame
from pipelines.live.frames.palette import scale_of
from pipelines.live.frames.views import Subscription, Views
from pipelines.live.window_buffer import TickFeed
from pipelines.store.series import Series
from pipelines.views.ticks.axis import TimeAxis

__all__ = ["LOOKS", "Lens", "PictureFeed", "Shown", "Viewport"]

LOOKS: Final[Mapping[str, Mapping[str, Any]]] = {
    "points": {},
    "side": {"by": "side"},
    "line": {"glyph": "line", "reduction": "any"},
}
"""How rows may be drawn, as parts of a `ViewSpec`: their number in a cell, the same by side, or a line through them."""

_WAYS: Final[Mapping[Way, str]] = {
    "pyramid": "from summaries",
    "raster": "one by one",
    "tiles": "from tiles",
    "datashader": "by Datashader",
}
"""How a picture was drawn, in words."""

_RETRY_NS: Final = NS_PER_SECOND
_FIRST_WAIT_S: Final = 0.15
"""How long to wait for the first frame of a new view: it is there within two of the writer's steps."""


class PictureFeed(TickFeed, Protocol):
    """What a picture needs of a feed."""

    @property
    def name(self) -> str:
        """What it is called."""
        ...

    @property
    def views(self) -> Views:
        """Live pictures."""
        ...

    @property
    def explorer(self) -> Explorer:
        """Pictures of any range."""
        ...


@dataclass(frozen=True, slots=True)
class Viewport:
    """What a viewer who paused the picture looks at: times (nanoseconds UTC) and values."""

    start_ns: int
    end_ns: int
    y_range: tuple[float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """A picture as a viewer sees it.

    Parameters
    ----------
    view : ViewSpec
        What is shown.
    canvas : Canvas
        Which times and values the cells stand for.
    axis : TimeAxis
        Its time axis.
    codes : uint8[n_columns, n_rows]
        Value codes, oldest column and lowest row first.
    colours : uint8[256, 4]
        Red, green, blue and alpha of each code.
    value_range : tuple of float
        The values that a picture that follows should show.
    story : str
        How it came about, where there is something to tell.
    """

    view: ViewSpec
    canvas: Canvas
    axis: TimeAxis
    codes: NDArray[np.uint8]
    colours: NDArray[np.uint8]
    value_range: tuple[float, float]
    story: str

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Left, bottom, right and top edge of the cells: milliseconds of the axis, and values."""
        left, right = (self.axis.to_axis(edge_ns) for edge_ns in (self.canvas.start_ns, self.canvas.end_ns))
        return left, self.canvas.y_range[0], right, self.canvas.y_range[1]


class Lens:
    """Decides what one viewer sees, and when it has changed.

    Parameters
    ----------
    feed : PictureFeed
        Where the pictures come from.
    kind, value : str
        The kind of rows, and the column that is drawn upwards.
    key : str
        The symbol or sensor.
    span_ns : int
        Length of the time axis while it follows.
    look : str
        One of `LOOKS`.
    zone : str
        The viewer's time zone.
    clock : Clock
        Tells how long the feed has been quiet.

    Attributes
    ----------
    width_px : int
        Width of the plot in the browser.
    viewport : Viewport or None
        What is looked at while it is paused; None while it follows. For `look_at` to set.
    trouble : str
        Why there is no picture; empty where there is one.

    Notes
    -----
    *Threads.* One session's loop. Answers come from threads that draw, and wait for the next `advance`.
    """

    def __init__(
        self, feed: PictureFeed, *, kind: str, value: str, key: str, span_ns: int, look: str, zone: str, clock: Clock
    ) -> None:
        self.kind, self.value, self.key, self.span_ns, self.look, self.zone = kind, value, key, span_ns, look, zone
        self.width_px = CANVAS_COLUMNS[2]
        self.viewport: Viewport | None = None
        self.trouble = ""
        self.axis = TimeAxis.around(feed.shown_edge_ns(), zone)
        self._feed: PictureFeed | None = feed
        self._clock = clock
        self._generation, self._woken_ns = feed.generation, clock.monotonic_ns()
        self._view: ViewSpec | None = None
        self._subscription: Subscription | None = None
        self._retry_ns = 0
        self._asked: tuple[ExploreRequest, int] | None = None
        self._answer: ExploreAnswer | Failure | None = None
        self._candidate: Frame | ExploreAnswer | None = None
        self._drawn: tuple[Any, ...] = ()

    @property
    def quiet_ns(self) -> int:
        """How long nothing has come into the feed."""
        return self._clock.monotonic_ns() - self._woken_ns

    @property
    def series(self) -> Series | None:
        """All rows that the feed keeps of the key; None where there are none, or the lens is closed."""
        if self._feed is None or self.kind not in self._feed.tables:
            return None
        code = self._feed.dictionary.find(self.key)
        return None if code == UNKNOWN else self._feed.tables[self.kind].series(code)

    def look_at(self, viewport: Viewport | None) -> None:
        """Pause at a viewport, or follow again."""
        if viewport is None or self.viewport is None:
            self._asked = self._answer = None
        self.viewport = viewport

    def advance(self) -> bool:
        """Look for what is new. Returns whether there is another picture to be shown."""
        feed = self._feed
        if feed is None:
            return False
        if feed.generation != self._generation:
            self._generation, self._woken_ns = feed.generation, self._clock.monotonic_ns()
        self._subscribe(feed)
        if self.viewport is None:
            self._candidate = None if self._subscription is None else self._subscription.frame
        else:
            self._explore(feed, self.viewport)
        return self._candidate is not None and self._drawn != (self._candidate, self.zone)

    def picture(self) -> Shown | None:
        """Return the picture to be shown now; None where there is none yet."""
        if self._candidate is None and self._subscription is not None:
            self._candidate = self._subscription.wait(_FIRST_WAIT_S)
        picture, view = self._candidate, self._view
        self._drawn = (picture, self.zone)
        if picture is None or view is None:
            return None
        self._choose_axis(picture.canvas.end_ns)
        if isinstance(picture, Frame):
            colours, value_range = picture.colours, picture.value_range
            story = "" if picture.progress == 1.0 else f"reading the past: {picture.progress:.0%}"
        else:
            colours = scale_of(view, picture.quantiser.levels).update(picture.histogram, 0)
            value_range = picture.canvas.y_range
            story = (
                f"{picture.n_rows:,} rows in this time, {_WAYS[picture.way]}{'' if picture.is_final else ' (coarse)'}"
            )
        return Shown(view, picture.canvas, self.axis, picture.codes, colours, value_range, story)

    def close(self) -> None:
        """Let go of the feed. There is no other picture from here on."""
        if self._feed is not None:
            self._feed.explorer.leave(id(self))
        if self._subscription is not None:
            self._subscription.close()
        self._feed = self._subscription = self._candidate = None

    def _subscribe(self, feed: PictureFeed) -> None:
        view = self._view_of(feed)
        now_ns = self._clock.monotonic_ns()
        failure = "" if self._subscription is None else self._subscription.failure
        is_held = self._subscription is not None and not failure
        if view == self._view and (is_held or now_ns < self._retry_ns):
            self.trouble = failure or self.trouble
            return
        before, self._view, self._retry_ns = self._subscription, view, now_ns + _RETRY_NS
        try:
            self._subscription, self.trouble = feed.views.subscribe(view), ""
        except SpecError as error:  # tried again when the view before has made room
            self._subscription, self.trouble = None, str(error)
        if before is not None:
            before.close()

    def _view_of(self, feed: PictureFeed) -> ViewSpec:
        n_columns = self._n_columns(self.span_ns)
        return ViewSpec(feed.name, self.kind, self.key, self.value, self.span_ns, n_columns, **LOOKS[self.look])

    def _explore(self, feed: PictureFeed, viewport: Viewport) -> None:
        """Ask for what is looked at, again where rows may have come into it, and take what was answered."""
        try:
            request = ExploreRequest(
                self.kind,
                self.key,
                self.value,
                viewport.start_ns,
                viewport.end_ns,
                self._n_columns(viewport.end_ns - viewport.start_ns),
                y_range=viewport.y_range,
                **LOOKS[self.look],
            )
        except SpecError as error:
            self.trouble = str(error)
            return
        if self._asked != (request, feed.generation) and feed.explorer.ask(id(self), request, self._deliver):
            self._asked = (request, feed.generation)
        answer = self._answer
        if answer is None or answer.snapped != request.snapped():
            return
        if isinstance(answer, Failure):
            self.trouble = answer.reason
        else:
            self._candidate, self.trouble = answer, ""

    def _deliver(self, answer: ExploreAnswer | Failure) -> None:
        self._answer = answer

    def _n_columns(self, span_ns: int) -> int:
        """Return the largest class of canvas whose columns are no narrower than the screen's."""
        fitting = [n for n in CANVAS_COLUMNS if -(-span_ns >> column_log2_of(span_ns, n)) <= self.width_px]
        return max(fitting, default=CANVAS_COLUMNS[0])

    def _choose_axis(self, edge_ns: int) -> None:
        if self.viewport is not None:  # whose milliseconds count from the axis as it is
            self.axis = replace(self.axis, zone=self.zone)
        elif self.axis.zone != self.zone or not self.axis.reaches(edge_ns):
            self.axis = TimeAxis.around(edge_ns, self.zone)
