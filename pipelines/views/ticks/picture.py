"""A live picture of ticks: a HoloViews figure, which the browser draws frames of a view into that all viewers share."""

from __future__ import annotations

import uuid
from typing import Any, Final

import panel as pn
import param
from panel.viewable import Viewer

from pipelines.core.schema import schema_of
from pipelines.core.spec import ViewSpec
from pipelines.live.frames.frame import Frame
from pipelines.live.frames.looks import LOOKS
from pipelines.live.source import FrameSource
from pipelines.views.ticks.axis import TimeAxis
from pipelines.views.ticks.figure import dress, image_of, image_options, ink
from pipelines.views.ticks.pane import TickPane
from pipelines.views.weakly import weakly

__all__ = ["TickPicture"]

_HEAD_PX: Final = 36
_FIRST_WAIT_S: Final = 0.15
"""How long to wait for a frame that is to be seen without a server: it is there within two of the writer's steps."""


class TickPicture(Viewer):
    """Ticks of one key against time, live.

    It follows the live edge. Zooming or panning pauses it: then the ranges stay exactly as they were left, and are
    drawn from all rows that the feed keeps. A reset, or the button, follows again. While nothing comes into the feed,
    it stands still.

    Frames come to the browser over ``/frames`` where the page is served with that route, else over its document.

    Parameters
    ----------
    feed : FrameSource
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
    *Threads.* It belongs to one session, and is used on that session's loop. A picture that would come late is left
    out, never queued.
    """

    key = param.String()
    look = param.Selector(default="points", objects=list(LOOKS))
    span_ns = param.Integer(default=60_000_000_000, bounds=(1, None))
    zone = param.String(default="UTC")
    height = param.Integer(default=420, bounds=(160, None))
    dark = param.Boolean(default=False)
    following = param.Boolean(default=True)

    def __init__(
        self, feed: FrameSource, *, kind: str = "trades", value: str | None = None, key: str, **params: Any
    ) -> None:
        params.setdefault("dark", pn.config.theme == "dark")
        super().__init__(key=key, **params)
        schema = schema_of(kind)
        self._feed, self._kind, self._value = feed, kind, value or schema.value
        self._value_label = f"{self._value} ({schema.column(self._value).unit})"
        self._figures: list[Any] = []
        self._axis = TimeAxis.around(feed.shown_edge_ns(), self.zone)
        self._pane = TickPane(height_px=_HEAD_PX, figure=uuid.uuid4().hex, axis=self._axis_words())
        self._show()
        self._pane.param.watch(lambda event: setattr(self, "following", event.new), "following")
        self._layout: pn.Column | None = None

    def __panel__(self) -> pn.viewable.Viewable:
        if self._layout is None:
            is_served = pn.state.curdoc is not None and pn.state.curdoc.session_context is not None
            if is_served:
                self._pane.join_session()
                pn.state.on_session_destroyed(lambda _: self._figures.clear())
            self._layout = pn.Column(
                self._pane,
                self._figure_of(None if is_served else self._feed.still(self._view(), _FIRST_WAIT_S)),
                sizing_mode="stretch_width",
            )
        return self._layout

    def close(self) -> None:
        """Let go of the feed. Nothing more is shown."""
        self._pane.let_go()
        self._pane.blank()
        self._figures.clear()

    def _figure_of(self, frame: Frame | None) -> pn.pane.HoloViews:
        edge_ns = self._feed.shown_edge_ns()
        times = (edge_ns - self.span_ns, edge_ns)
        values = (0.0, 1.0)
        if frame is not None:
            times, values = (frame.canvas.start_ns, frame.canvas.end_ns), frame.value_range
        self._home = (*times, *values)
        image = image_of(frame, self._axis, times, value_label=self._value_label)
        options = image_options(frame, height_px=self.height, hook=weakly(self._on_figure))
        return pn.pane.HoloViews(
            image.opts(**options, backend="bokeh"),
            backend="bokeh",
            linked_axes=False,
            sizing_mode="stretch_width",
            height=self.height,
        )

    def _on_figure(self, plot: Any, _element: Any) -> None:
        """Finish a figure that HoloViews builds: one for each place that the picture is shown at."""
        dress(plot, self._axis, self._home, name=self._pane.figure, value_label=self._value_label)
        ink(plot.state, dark=self.dark)
        self._figures.append(plot)

    def _view(self) -> ViewSpec:
        return ViewSpec(self._feed.name, self._kind, self.key, self._value, self.span_ns, **LOOKS[self.look])

    @param.depends("key", "span_ns", "look", watch=True)
    def _show(self) -> None:
        """Show another view. What is on the screen stays until there is a picture of it."""
        view = self._view()
        of = f"{view.feed} {view.kind} {view.key} {view.value}"
        is_elsewhere = (of, self.span_ns) != (self._pane.view.get("of"), self._pane.view.get("span_ns"))
        words = {"span_ns": self.span_ns, "widens": view.glyph == "points", "of": of}
        self.following = self.following or is_elsewhere
        self._pane.show(self._feed, view, words=words, following=self.following)

    @param.depends("zone", watch=True)
    def _on_zone(self) -> None:
        self._axis = TimeAxis.around(self._feed.shown_edge_ns(), self.zone)
        self._pane.axis = self._axis_words()

    @param.depends("dark", watch=True)
    def _on_dark(self) -> None:
        for plot in self._figures:
            ink(plot.state, dark=self.dark)
            if plot.comm is not None:  # in a notebook nothing else sends it
                plot.push()

    @param.depends("following", watch=True)
    def _on_following(self) -> None:
        self._pane.following = self.following

    def _axis_words(self) -> dict[str, str]:
        return {"origin": str(self._axis.origin_ns), "zone": self._axis.zone}
