"""A live picture of ticks: the frames of a view, which all who look at it share, in a HoloViews figure."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from math import isfinite
from typing import Any, Final

import holoviews as hv
import holoviews.plotting.bokeh  # registers the backend, as hv.extension would
import panel as pn
import param
from holoviews.streams import Counter, PlotSize, RangeXY
from panel.io.callbacks import PeriodicCallback
from panel.viewable import Viewer

from pipelines.core.clock import NS_PER_SECOND, Clock, SystemClock
from pipelines.core.schema import schema_of
from pipelines.views.ticks.axis import NS_PER_MS
from pipelines.views.ticks.figure import colour, dress, image_of, image_options, ink, label_axes, nothing
from pipelines.views.ticks.hover import row_under
from pipelines.views.ticks.lens import LOOKS, Lens, PictureFeed, Shown, Viewport
from pipelines.views.ticks.pace import Pace
from pipelines.views.ticks.state import TickState
from pipelines.views.weakly import weakly

__all__ = ["TickPicture", "caption"]

_FRAME_MS: Final = 100
_HEAD_PX: Final = 36
_PATIENCE_NS: Final = 5 * NS_PER_SECOND
"""How long to wait for a frame to be painted: an answer is lost with its connection, and a hidden tab gives none."""

_PAUSED: Final = "<b>Paused</b> - reset to follow"
_STALE_NS: Final = 2 * NS_PER_SECOND


def caption(following: bool, quiet_ns: int, story: str = "") -> str:
    """Return in words how a picture stands."""
    parts = ["Live" if quiet_ns < _STALE_NS else "Following"] if following else [_PAUSED]
    parts += [story] if story else []
    parts += [f"nothing new for {quiet_ns // NS_PER_SECOND:,} s"] if quiet_ns >= _STALE_NS else []
    return " · ".join(parts)


class TickPicture(Viewer):
    """Ticks of one key against time, live.

    It follows the live edge. Zooming or panning pauses it: then the ranges stay exactly as they were left, and are
    drawn from all rows that the feed keeps. A reset, or the button, follows again. While nothing comes into the feed,
    it stands still.

    Parameters
    ----------
    feed : PictureFeed
        Where the pictures come from.
    kind : str
        The kind of rows.
    value : str
        The column to draw; the kind's own by default.
    key : str
        The symbol or sensor.
    look : {"points", "side", "line"}
        ``"points"`` shows the number of rows in each cell, ``"side"`` in addition which share of them were buys, and
        ``"line"`` a line through the rows in the order of time.
    span_ns : int
        Length of the time axis while it follows.
    zone : str
        Time zone of axis and hover.
    height : int
        Height in pixels.
    dark : bool
        Whether the page is dark. By default what Panel is configured for.

    Notes
    -----
    *Threads.* It belongs to one session and shows pictures on that session's loop, at most 10 a second, and fewer
    where the loop or the browser are slow. A picture that would come late is left out, never queued.
    """

    key = param.String(default="", doc="The symbol or sensor.")
    look = param.Selector(default="points", objects=list(LOOKS), doc="How rows are drawn.")
    span_ns = param.Integer(default=60 * NS_PER_SECOND, bounds=(1, None), doc="Length of the time axis, nanoseconds.")
    zone = param.String(default="UTC", doc="Time zone of axis and hover.")
    height = param.Integer(default=420, bounds=(120, None), constant=True, doc="Height in pixels.")
    dark = param.Boolean(default=False, doc="Whether the page is dark.")
    following = param.Boolean(default=True, doc="Whether it follows the live edge.")

    def __init__(
        self, feed: PictureFeed, *, kind: str = "trades", value: str = "", clock: Clock | None = None, **params: Any
    ) -> None:
        params.setdefault("dark", pn.config.theme == "dark")
        super().__init__(**params)
        schema = schema_of(kind)
        column = schema.column(value or schema.value)
        self._clock = clock or SystemClock()
        self._value_label = f"{column.name} ({column.unit})"
        look: dict[str, Any] = {"key": self.key, "span_ns": self.span_ns, "look": self.look, "zone": self.zone}
        self._lens = Lens(feed, kind=kind, value=column.name, clock=self._clock, **look)
        self._colours = ["#00000000"] * 256
        self._picture: Shown | None = None
        self._shown: list[tuple[Any, TickState]] = []
        self._inbox: deque[Callable[[], None]] = deque()
        self._drawn_ns = 0
        self._pace = Pace(_FRAME_MS * NS_PER_MS)
        self._counter = Counter()
        self._image = hv.DynamicMap(self._draw, streams=[self._counter])
        self._image.opts(backend="bokeh", **self._options())
        PlotSize(source=self._image).add_subscriber(self._on_size)
        RangeXY(source=self._image, transient=True).add_subscriber(self._on_ranges)
        self._caption = pn.pane.HTML("", margin=(4, 8), sizing_mode="stretch_width")
        self._button = pn.widgets.Button(label="Follow", color="primary", visible=False, width=90, margin=0)
        self._button.on_click(lambda _: self._on_loop(partial(self._follow, True)))
        self._layout = pn.Column(
            pn.Row(self._caption, self._button, sizing_mode="stretch_width", height=_HEAD_PX),
            pn.pane.HoloViews(
                self._image, backend="bokeh", linked_axes=False, sizing_mode="stretch_width", height=self.height
            ),
            sizing_mode="stretch_width",
        )
        self._beat: Any = None

    def _options(self) -> dict[str, Any]:
        return image_options(height_px=self.height, colours=self._colours, hook=weakly(self._on_figure))

    def __panel__(self) -> pn.viewable.Viewable:
        if self._beat is None:
            # In the background, or each beat would tell every page of the process that the server is busy.
            self._beat = PeriodicCallback(callback=self.advance, period=_FRAME_MS, background=True)
            self._beat.start()
            if pn.state.curdoc is not None and pn.state.curdoc.session_context is not None:
                pn.state.on_session_destroyed(lambda _: self.close())
        return self._layout

    def advance(self) -> None:
        """Take what is new and draw it, where a frame is due."""
        while self._inbox:
            self._inbox.popleft()()
        began_ns = self._clock.monotonic_ns()
        if not self._pace.beat(began_ns):
            return
        if self._lens.advance() and self._is_painted(began_ns):
            self._drawn_ns = began_ns
            self._counter.event()
            self._pace.drew(began_ns, self._clock.monotonic_ns())
        self._tell()

    def _is_painted(self, now_ns: int) -> bool:
        """Tell whether the newest frame is on a screen: until then another one would only queue."""
        painted = not self._shown or any(state.painted >= state.frame for _, state in self._shown)
        return painted or now_ns - self._drawn_ns >= _PATIENCE_NS

    def close(self) -> None:
        """Let go of the feed, and of the plots: HoloViews keeps every plot that listens to its browser, for ever."""
        if self._beat is not None:
            self._beat.stop()
        for plot, _ in self._shown:
            for callback in tuple(plot.callbacks):
                callback.cleanup()
            plot.cleanup()
        self._shown.clear()
        self._lens.close()

    @param.depends("key", "span_ns", watch=True)
    def _on_window(self) -> None:
        self._lens.key, self._lens.span_ns = self.key, self.span_ns
        self.following = True

    @param.depends("look", "zone", watch=True)
    def _on_look(self) -> None:
        self._lens.look, self._lens.zone = self.look, self.zone

    @param.depends("dark", watch=True)
    def _on_dark(self) -> None:
        for plot, _ in self._shown:
            ink(plot.state, dark=self.dark)
            _push(plot)

    @param.depends("following", watch=True)
    def _on_following(self) -> None:
        if self.following:
            self._lens.look_at(None)
        elif self._picture is not None:
            canvas = self._picture.canvas
            self._lens.look_at(Viewport(canvas.start_ns, canvas.end_ns, self._picture.value_range))
        for plot, state in self._shown:
            state.following = self.following
            _push(plot)
        self._button.visible = not self.following
        self._tell()

    def _on_loop(self, act: Callable[[], None]) -> None:
        """Do what the browser asked for. A notebook asks from another thread: there the next beat does it."""
        if any(plot.comm is not None for plot, _ in self._shown):
            self._inbox.append(act)
        else:
            act()

    def _follow(self, following: bool) -> None:
        self.following = following

    def _on_size(self, width: int | None, height: int | None, **_: Any) -> None:
        if width and height:
            self._lens.width_px = width

    def _on_ranges(self, x_range: tuple[float, float] | None, y_range: tuple[float, float] | None, **_: Any) -> None:
        if not self.following and x_range and y_range and all(map(isfinite, (*x_range, *y_range))):
            start_ns, end_ns = (self._lens.axis.to_ns(edge) for edge in x_range)
            self._lens.look_at(Viewport(start_ns, max(end_ns, start_ns + 1), y_range))

    def _draw(self, counter: int) -> hv.Image:
        if self._picture is None:
            self._lens.advance()
        self._picture = self._lens.picture() or self._picture
        if self._picture is None:
            edge_ns = self._lens.axis.origin_ns
            return nothing(self._lens.axis, edge_ns, self.span_ns, value_label=self._value_label)
        return image_of(self._picture, value_label=self._value_label)

    def _on_figure(self, plot: Any, element: hv.Image) -> None:
        """Finish what HoloViews builds: called for each frame of each place that the picture is shown at."""
        state, shown = plot.handles.get("tick_state"), self._picture
        if state is None:
            state = plot.handles["tick_state"] = TickState(following=self.following, row={})
            dress(plot, state, _home(shown, element), value_label=self._value_label)
            ink(plot.state, dark=self.dark)
            state.on_change("following", self._on_browser_following)
            state.on_change("pointer", partial(self._on_pointer, plot, state))
            self._shown.append((plot, state))
        else:
            state.frame += 1
        if shown is not None:
            if self.following:
                state.home = list(_home(shown, element))
            state.set_axis(shown.axis)
            colour(plot, self._colours, shown.colours)
            label_axes(plot.state, shown, width_px=self._lens.width_px)

    def _on_browser_following(self, _attr: str, _old: bool, following: bool) -> None:
        self._on_loop(partial(self._follow, following))

    def _on_pointer(self, plot: Any, state: TickState, _attr: str, _old: Any, pointer: list[float] | None) -> None:
        self._on_loop(partial(self._answer, plot, state, pointer))

    def _answer(self, plot: Any, state: TickState, pointer: list[float] | None) -> None:
        pointed = pointer is not None and all(map(isfinite, pointer))  # infinite once it has left
        state.row = self._row_at(*pointer) if pointer and pointed else {}
        _push(plot)

    def _row_at(self, axis_ms: float, value: float) -> dict[str, str]:
        shown, series = self._picture, self._lens.series
        return {} if shown is None or series is None else row_under(shown, series, shown.axis.to_ns(axis_ms), value)

    def _tell(self) -> None:
        story = "" if self._picture is None else self._picture.story
        text = self._lens.trouble or caption(self.following, self._lens.quiet_ns, story)
        if text != self._caption.object:
            self._caption.object = text


def _home(shown: Shown | None, element: hv.Image) -> tuple[float, float, float, float]:
    """Return the ranges of a picture that follows: left, bottom, right, top."""
    left, bottom, right, top = element.bounds.lbrt()
    return (left, bottom, right, top) if shown is None else (left, shown.value_range[0], right, shown.value_range[1])


def _push(plot: Any) -> None:
    """Send what was changed outside of a frame. In a notebook nothing else does."""
    if plot.comm is not None:
        plot.push()
