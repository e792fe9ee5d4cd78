"""The picture of what is chosen: made with its first row, and anew where another feed or kind is chosen."""

from __future__ import annotations

from typing import Any, Final

import panel as pn
from panel.viewable import Viewable, Viewer

from pipelines.live.source import PageFeed
from pipelines.views.market_choice import MarketChoice
from pipelines.views.page.browser import Browser
from pipelines.views.page.live_html import LiveHTML
from pipelines.views.ticks.picture import TickPicture

__all__ = ["MarketPicture"]

_HEIGHT: Final = 538
_FIRST_ROW: Final = "The picture begins with the first row."
_COMPILING: Final = "Compiling for this machine: this takes some seconds, once."
_EMPTY_SHEET: Final = f".empty {{ height: {_HEIGHT}px; display: grid; place-items: center; }}"


class MarketPicture(Viewer):
    """The ticks of what is chosen, live; words until there are any.

    Parameters
    ----------
    choice : MarketChoice
        What is looked at, and how.
    browser : Browser
        Tells whether the page is dark.
    """

    n_beats = 1

    def __init__(self, choice: MarketChoice, browser: Browser) -> None:
        super().__init__()
        self._choice = choice
        self._browser = browser
        self._of: tuple[PageFeed, str] | None = None
        self._picture: TickPicture | None = None
        self._empty = LiveHTML(sheet=_EMPTY_SHEET)
        self._place = pn.Column(self._empty, sizing_mode="stretch_width", min_height=_HEIGHT, margin=0)
        self.update()

    def __panel__(self) -> Viewable:
        return self._place

    def update(self) -> bool:
        """Hand on what was chosen. The picture draws itself."""
        choice = self._choice
        if choice.kind is None:
            words = _FIRST_ROW if choice.feed.status().warm else _COMPILING
            self._empty.html = f'<div class="empty quiet">{words}</div>'
            return False
        look: dict[str, Any] = {
            "key": choice.symbol,
            "span_ns": choice.span_ns,
            "look": choice.look,
            "zone": choice.zone_name,
            "dark": self._browser.dark,
        }
        if self._picture is None or self._of != (choice.feed, choice.kind):
            self._open(choice.feed, choice.kind, look)
            return True
        changed = {name: value for name, value in look.items() if getattr(self._picture, name) != value}
        self._picture.param.update(**changed)
        return bool(changed)

    def _open(self, feed: PageFeed, kind: str, look: dict[str, Any]) -> None:
        if self._picture is not None:
            self._picture.close()
        self._of = (feed, kind)
        self._picture = TickPicture(feed, kind=kind, height=_HEIGHT, **look)
        self._place[:] = [self._picture]
