"""What is running, and what everything is worth now."""

from __future__ import annotations

from pipelines.live.feeds import process_feeds
from pipelines.views.feed_cards import FeedCards
from pipelines.views.page.frame import LiveView, PageFrame
from pipelines.views.watchlist import Watchlist


def compose(_: PageFrame) -> list[LiveView]:
    """Return the views of the page."""
    feeds = tuple(process_feeds())
    return [FeedCards(feeds), *(Watchlist(feed, titled=len(feeds) > 1) for feed in feeds)]


PageFrame("overview", compose).servable()
