"""HTML about feeds, made anew from how they stand."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from panel.viewable import Viewable, Viewer

from pipelines.live.source import PageFeed
from pipelines.live.status import FeedStatus
from pipelines.views.page.live_html import LiveHTML

__all__ = ["FeedsHTML"]


class FeedsHTML(Viewer):
    """A part of a page that says something of each feed.

    Parameters
    ----------
    feeds : sequence of PageFeed
        In the order of the page.

    Attributes
    ----------
    n_beats : int
        It is updated every so many beats of the page.
    sheet : str
        Its style sheet.
    """

    n_beats: ClassVar[int]
    sheet: ClassVar[str]

    def __init__(self, feeds: Sequence[PageFeed]) -> None:
        super().__init__()
        self._feeds = tuple(feeds)
        self._html = LiveHTML(sheet=self.sheet)
        self.update()

    def __panel__(self) -> Viewable:
        return self._html

    @abstractmethod
    def render(self, statuses: Sequence[FeedStatus]) -> str:
        """Return the HTML. Each feed's counts are one snapshot of its ledger."""

    def update(self) -> bool:
        """Show how the feeds stand; returns whether anything changed."""
        before = self._html.html
        self._html.html = self.render([feed.status() for feed in self._feeds])
        return self._html.html != before
