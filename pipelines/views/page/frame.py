"""What all pages share: header, navigation, light and dark, and the beat at which a session's views are updated."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from html import escape
from typing import Any, Final, Protocol, TypeAlias

import panel as pn
from panel.io.callbacks import PeriodicCallback
from panel.io.document import hold
from panel.util import edit_readonly
from panel.viewable import Viewable
from panel_material_ui import Page

from pipelines.core.errors import StreamshadeError
from pipelines.views.page.browser import DARK_COOKIE, Browser
from pipelines.views.page.flow import flow
from pipelines.views.page.live_html import LiveHTML
from pipelines.views.page.theme import CARD, PAGE_STYLE, THEME

__all__ = ["PAGES", "Compose", "LiveView", "PageFrame"]

_log = logging.getLogger(__name__)

PAGES: Final = {"overview": "Overview", "market": "Market", "status": "Status"}
"""Pages by the name of their file, in the order of the navigation."""

_BEAT_MS: Final = 200
_PATIENCE_BEATS: Final = 50
"""What was sent while the connection broke is never acknowledged: after so many beats another update goes out."""

_NAVIGATION_SHEET: Final = """
nav { display: flex; gap: 4px; margin-left: 20px; }
a { padding: 5px 10px; border-radius: 6px; color: var(--quiet); font-weight: 500; }
a[aria-current] { color: var(--text); background: color-mix(in srgb, var(--text) 9%, transparent); }
@media (max-width: 480px) { nav { margin-left: 4px; gap: 0; } a { padding: 5px 7px; } }
"""
_NOTICE_SHEET: Final = ".panel { border-left: 3px solid var(--down); }"


class LiveView(Protocol):
    """A part of a page that changes.

    Parameters
    ----------
    n_beats : int
        It is updated every so many beats of 200 ms.
    """

    n_beats: int

    def update(self) -> bool:
        """Show what is true now. Returns whether anything changed, which is cheap to find out where nothing did."""
        ...

    def __panel__(self) -> Viewable:
        """Return what is put into the page."""
        ...


Compose: TypeAlias = "Callable[[PageFrame], Sequence[LiveView | tuple[LiveView, LiveView]]]"


class PageFrame:
    """One page of one session.

    Views are updated on the session's own loop, only while its browser keeps up: what a slow line or a hidden tab has
    not drawn is followed by a second's updates at most. The newest state wins.

    Parameters
    ----------
    name : str
        One of `PAGES`.
    compose : callable
        Called with the frame, returns the page's views from top to bottom; a tuple of two stands side by side where the
        page is wide enough, the first taking what the second leaves. An error that streamshade raises on purpose is
        shown in words.

    Notes
    -----
    *Threads.* Made and used on the loop of one session, with which it ends.
    """

    def __init__(self, name: str, compose: Compose) -> None:
        pn.extension(apply_signatures=False)
        self.browser = Browser(dark=pn.state.cookies.get(DARK_COOKIE) == "1")
        self._notice = LiveHTML(sheet=_NOTICE_SHEET, visible=False)
        rows = self._compose(compose)
        self._views = [view for row in rows for view in (row if isinstance(row, tuple) else (row,))]
        self._n_beats = self._n_waited = 0
        self._page = Page(
            title="streamshade",
            meta_title=f"{PAGES[name]} \N{MIDDLE DOT} streamshade",
            site_url="./overview",
            header=[LiveHTML(_navigation(name), sheet=_NAVIGATION_SHEET)],
            main=[self._notice, *map(_laid_out, rows), self.browser],
            theme_config=THEME,
            dark_theme=self.browser.dark,
            sx=PAGE_STYLE,
            busy_indicator=None,
        )
        self._page.param.watch(lambda event: setattr(self.browser, "dark", event.new), "dark_theme")
        # By itself a page follows the whole process's `busy`: it would be told of whatever any session does, and never
        # be freed. Only another reference ends that.
        with edit_readonly(self._page):
            self._page.busy = self._notice.param.loading

    def servable(self) -> None:
        """Publish the page. Its views are updated once the browser shows it: what changes before may get lost."""
        self._page.servable()
        # In the background, or each beat would tell every page of the process that the server is busy.
        beats = PeriodicCallback(callback=self._beat, period=_BEAT_MS, background=True)
        pn.state.onload(beats.start)

    def _compose(self, compose: Compose) -> list[LiveView | tuple[LiveView, LiveView]]:
        try:
            return list(compose(self))
        except StreamshadeError as error:
            self._show_notice(str(error))
            return []

    def _beat(self) -> None:
        self._n_beats += 1
        self._n_waited = 0 if self.browser.keeps_up else self._n_waited + 1
        if self._n_waited % _PATIENCE_BEATS or not self.browser.zone:
            return
        due = [view for view in self._views if self._n_beats % view.n_beats == 0]
        with hold():  # all that changed goes out in one message: each costs what looking through the document does
            if sum(self._update(view) for view in due):
                self.browser.n_sent += 1

    def _update(self, view: LiveView) -> bool:
        """Update a view. One that fails stops, and the others go on."""
        try:
            return view.update()
        except Exception as error:
            _log.exception("%s stopped", type(view).__name__)
            self._views.remove(view)
            self._show_notice(f"A part of this page has stopped ({error!r}). Load the page again to start it.")
            return True

    def _show_notice(self, words: str) -> None:
        self._notice.param.update(html=f'<div class="panel" role="alert">{escape(words)}</div>', visible=True)


def _laid_out(row: LiveView | tuple[LiveView, LiveView]) -> Any:
    if not isinstance(row, tuple):
        return row
    wide, narrow = (pn.Column(view, margin=0, sizing_mode="stretch_width", styles=CARD) for view in row)
    wide.styles = CARD | {"flex": "1000 1 600px", "min-width": "0"}
    narrow.styles = CARD | {"flex": "1 1 380px", "max-width": "100%"}
    return flow(wide, narrow, gap="16px", align="stretch")


def _navigation(current: str) -> str:
    links = (
        f'<a href="./{name}"{" aria-current=page" if name == current else ""}>{title}</a>'
        for name, title in PAGES.items()
    )
    return f"<nav>{''.join(links)}</nav>"
