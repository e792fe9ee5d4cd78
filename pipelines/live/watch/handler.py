"""`/watch/<symbol or sensor>`: one view as a page of its own, without a session, for wall screens and crowds."""

from __future__ import annotations

from typing import Final

from pipelines.core.errors import StreamshadeError
from pipelines.core.spec import RowsSpec, View
from pipelines.live.broadcast.ticket import process_tickets
from pipelines.live.feeds import process_feeds
from pipelines.live.guard import Guarded
from pipelines.live.watch.page import live_page, words_page
from pipelines.live.watch.view import view_of

__all__ = ["WatchHandler"]

_LOOK_AGAIN_S: Final = 10
"""A wall screen may be up before the first row of what it shows."""


class WatchHandler(Guarded):
    """A static page, with a ticket for its view and the newest row.

    Notes
    -----
    *Threads.* The server's loop.
    """

    is_page = True

    def get(self, key: str) -> None:
        """Answer with the page; with 404 and what there is where the address names nothing."""
        self.set_header("Cache-Control", "no-store")
        self.set_header("X-Frame-Options", "SAMEORIGIN")
        options = {name: self.get_query_argument(name) for name in self.request.query_arguments}
        try:
            view = view_of(key, options, process_feeds())
        except StreamshadeError as error:
            self.set_status(404)
            self.set_header("Refresh", str(_LOOK_AGAIN_S))
            self.finish(words_page(key, str(error)))
            return
        views: dict[str, View] = {"view": view, "last": RowsSpec(view.feed, view.kind, view.key, 1)}
        self.finish(live_page(view, ticket=process_tickets().mint(views), frames=self._frames))

    @property
    def _frames(self) -> str:
        """The way to `/frames` from this page, whatever a proxy put before both. A name may have slashes."""
        route = f"{getattr(self.application, 'prefix', '')}/watch/"
        return "../" * (1 + self.request.path[len(route) :].count("/")) + "frames"
