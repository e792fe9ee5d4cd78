"""Routes beside the pages: give this module to `panel serve --plugins pipelines.live.routes`."""

from __future__ import annotations

import logging
from functools import lru_cache
from typing import Any, Final

from prometheus_client.exposition import CONTENT_TYPE_LATEST
from tornado.web import RequestHandler

from pipelines.core.errors import StreamshadeError
from pipelines.live.broadcast.handler import FramesHandler, process_counts
from pipelines.live.feeds import process_feeds
from pipelines.live.guard import Guarded, has_token
from pipelines.live.metrics import render_metrics
from pipelines.live.own_resources import serve_own_resources
from pipelines.live.status import FeedStatus
from pipelines.live.watch.handler import WatchHandler

__all__ = ["ROUTES", "HealthHandler", "MetricsHandler", "ReadyHandler"]

_log = logging.getLogger(__name__)


class HealthHandler(RequestHandler):
    """``/health``: the process works. Starts nothing."""

    def get(self) -> None:
        """Answer 200."""
        self.set_header("Cache-Control", "no-store")
        self.finish({"status": "ok"})


class ReadyHandler(RequestHandler):
    """``/ready``: every source is connected and every feed runs. Names no address and no reason."""

    def get(self) -> None:
        """Answer 200 where all is ready, else 503."""
        statuses = _statuses()
        ready = bool(statuses) and all(status.ready for status in statuses)
        self.set_status(200 if ready else 503)
        self.set_header("Cache-Control", "no-store")
        self.finish({"status": "ready" if ready else "waiting", "feeds": {s.name: s.ready for s in statuses}})


class MetricsHandler(Guarded):
    """``/metrics``: the feeds' state in Prometheus's text format. With a login, also for who sends the token."""

    async def prepare(self) -> None:
        """Refuse who may not read them; raises `HTTPError` 403."""
        if not has_token(self):
            await super().prepare()

    def get(self) -> None:
        """Answer with one consistent snapshot a feed."""
        self.set_header("Content-Type", CONTENT_TYPE_LATEST)
        self.set_header("Cache-Control", "no-store")
        self.finish(render_metrics(_statuses(), process_counts()))


def _statuses() -> list[FeedStatus]:
    """Return how the feeds stand; none where the environment declares what can't be, as the pages say in words."""
    try:
        return [feed.status() for feed in process_feeds()]
    except StreamshadeError as error:
        _complain(str(error))
        return []


@lru_cache(maxsize=16)
def _complain(why: str) -> None:
    """Say why there are no feeds: once, for supervisors ask whether we are ready again and again."""
    _log.error("no feeds: %s", why)


ROUTES: Final[list[tuple[str, type[RequestHandler], dict[str, Any]]]] = [
    (r"/health", HealthHandler, {}),
    (r"/ready", ReadyHandler, {}),
    (r"/metrics", MetricsHandler, {}),
    (r"/frames", FramesHandler, {}),
    (r"/watch/(.*)", WatchHandler, {}),
]
"""What Panel adds to its server."""

serve_own_resources()
