"""How the feeds stand: what came, what became of it, how soon it is seen, what could not be read."""

from __future__ import annotations

from pipelines.live.broadcast.handler import process_counts
from pipelines.live.feeds import process_feeds
from pipelines.views.dead_letters import DeadLetters
from pipelines.views.ledger_table import LedgerTable
from pipelines.views.page.frame import LiveView, PageFrame
from pipelines.views.process_facts import ProcessFacts
from pipelines.views.watched_views import WatchedViews


def compose(frame: PageFrame) -> list[LiveView]:
    """Return the views of the page."""
    feeds = tuple(process_feeds())
    watched = WatchedViews(process_counts)
    return [LedgerTable(feeds), watched, ProcessFacts(feeds), DeadLetters(feeds, frame.browser)]


PageFrame("status", compose).servable()
