"""A part of a page whose browser gets a view over ``/frames``, or over the document where that is not served."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import panel as pn
import param
from panel.custom import JSComponent

from pipelines.core.spec import View
from pipelines.live.broadcast.ticket import process_tickets
from pipelines.live.source import FrameSource
from pipelines.live.wire.scripts import CLIENT_JS
from pipelines.views.ticks.document import DocumentViewers
from pipelines.views.weakly import weakly

__all__ = ["LINK_JS", "LinkedPane"]

_HERE: Final = Path(__file__).parent
_ROUTES: Final = "pipelines.live.routes"

_SCRIPTS: Final = ("document", "clients", "link", "seen", "turns")

LINK_JS: Final = "\n".join((CLIENT_JS, *((_HERE / f"{name}.js").read_text("utf-8") for name in _SCRIPTS)))
"""The browser's connection, and when to draw. What draws follows."""


class LinkedPane(JSComponent):
    """What the browser needs to show a view, and what it says back.

    Parameters
    ----------
    view : dict
        What is shown: ``name`` and ``ticket`` for the server, and words for whoever draws it. Empty where nothing is.
    route : str
        Where the frames come from, relative to the page; empty where they come over the document.

    Notes
    -----
    *Threads.* The loop of one session.
    """

    view = param.Dict(default={})
    route = param.String()

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        self._feed: FrameSource | None = None
        self._views: dict[str, View] = {}
        self._viewers: DocumentViewers | None = None
        self._n_views = 0

    def show(self, feed: FrameSource, view: View, *, words: Mapping[str, Any], **params: Any) -> None:
        """Show another view, from its live edge on. `words` go with it, and `params` are set at the same time."""
        if feed is not self._feed:
            self._end()
            self._feed, self._viewers = feed, DocumentViewers(feed, self._views, weakly(self._tell))
        self._n_views += 1
        self._views.clear()
        self._views[str(self._n_views)] = view
        ticket = process_tickets().mint(self._views)
        self.param.update(view={"name": str(self._n_views), "ticket": ticket, **words}, **params)

    def blank(self) -> None:
        """Show nothing."""
        self._views.clear()
        self.view = {}

    def join_session(self) -> None:
        """Take the route of the page that is being made, if it has one, and let go of the feed when it ends."""
        self.route = _route()
        pn.state.on_session_destroyed(lambda _: self.let_go())

    def let_go(self) -> None:
        """Let go of the feed. Nothing more is sent."""
        self._views.clear()
        self._end()

    def _end(self) -> None:
        if self._viewers is not None:
            self._viewers.close()

    def _tell(self, message: Any) -> None:
        """Send something to the browser, wherever the view is shown."""
        self._send_msg(message)

    def _handle_msg(self, data: Any) -> None:
        """Take what the browser says: a message over the document, or that its ticket is too old."""
        if "renew" not in data:
            if self._viewers is not None:
                self._viewers.hear(data)
        elif self._views:
            self.view = self.view | {"ticket": process_tickets().mint(self._views)}


def _route() -> str:
    """Return where this session's page finds ``/frames``, relative to it; empty where it is not served.

    Panel imports what adds routes by its name and tells nobody, so what was imported counts as served. Where it is not
    there, the browser finds that out.
    """
    return f"{pn.state.rel_path or '.'}/frames" if _ROUTES in sys.modules else ""
