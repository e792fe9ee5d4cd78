"""`/watch/<symbol or sensor>`: one view as a page of its own, without a session, for wall screens and crowds."""

from __future__ import annotations

import json
from html import escape
from pathlib import Path
from string import Template
from typing import Final
from urllib.parse import quote

from pipelines.core.clock import NS_PER_SECOND
from pipelines.core.errors import StreamshadeError
from pipelines.core.spec import ViewSpec
from pipelines.live.broadcast.ticket import process_tickets
from pipelines.live.feeds import process_feeds
from pipelines.live.guard import Guarded
from pipelines.live.watch.view import view_of
from pipelines.live.wire.scripts import CLIENT_JS

__all__ = ["WatchHandler"]

_HERE: Final = Path(__file__).parent
_PAGE: Final = Template((_HERE / "watch.html").read_text("utf-8"))
_SCRIPT: Final = CLIENT_JS + (_HERE / "watch.js").read_text("utf-8")


class WatchHandler(Guarded):
    """A static page, with a ticket for its view.

    Notes
    -----
    *Threads.* The server's loop.
    """

    async def prepare(self) -> None:
        """Send who has not logged in to the login, and back here afterwards."""
        if not await self.is_known():
            self.redirect(f"{self.get_login_url()}?next={quote(self.request.uri or '/', safe='')}")

    def get(self, key: str) -> None:
        """Answer with the page; with 404 and what there is where the address names nothing."""
        self.set_header("Cache-Control", "no-store")
        self.set_header("X-Frame-Options", "SAMEORIGIN")
        options = {name: self.get_query_argument(name) for name in self.request.query_arguments}
        try:
            view = view_of(key, options, process_feeds())
        except StreamshadeError as error:
            self.set_status(404)
            self.finish(_page(key, main=f'<p class="words" role="alert">{escape(str(error))}</p>'))
            return
        self.finish(_live_page(view, process_tickets().mint({"view": view})))


def _live_page(view: ViewSpec, ticket: str) -> str:
    settings = {"ticket": ticket, "span_s": view.span_ns / NS_PER_SECOND, "widens": view.glyph == "points"}
    words = json.dumps(settings).replace("<", "\\u003c")
    script = (
        f'<script type="application/json" id="settings">{words}</script>\n<script type="module">\n{_SCRIPT}</script>'
    )
    look = "line" if view.glyph == "line" else "points" if view.by is None else f"points by {view.by}"
    what = f"{view.value}, {look}, the last {view.span_ns / NS_PER_SECOND:,g} s"
    return _page(view.key, what=what, state="Connecting", main="<canvas></canvas>", script=script)


def _page(name: str, *, what: str = "", state: str = "", main: str, script: str = "") -> str:
    title = f"{name} \N{MIDDLE DOT} streamshade"
    words = {key: escape(text) for key, text in {"title": title, "name": name, "what": what, "state": state}.items()}
    return _PAGE.substitute(words, main=main, script=script)
