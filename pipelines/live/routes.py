"""Routes beside the pages: give this module to `panel serve --plugins pipelines.live.routes`."""

from __future__ import annotations

from typing import Any, Final

from prometheus_client.exposition import CONTENT_TYPE_LATEST
from tornado.web import RequestHandler

from pipelines.live.feeds import process_feeds
from pipelines.live.metrics import render_metrics

__all__ = ["ROUTES", "HealthHandler", "MetricsHandler", "ReadyHandler"]


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
        statuses = [feed.status() for feed in process_feeds()]
        ready = all(status.ready for status in statuses)
        self.set_status(200 if ready else 503)
        self.set_header("Cache-Control", "no-store")
        self.finish({"status": "ready" if ready else "waiting", "feeds": {s.name: s.ready for s in statuses}})


class MetricsHandler(RequestHandler):
    """``/metrics``: the feeds' state in Prometheus's text format."""

    def get(self) -> None:
        """Answer with one consistent snapshot a feed."""
        self.set_header("Content-Type", CONTENT_TYPE_LATEST)
        self.set_header("Cache-Control", "no-store")
        self.finish(render_metrics(feed.status() for feed in process_feeds()))


ROUTES: Final[list[tuple[str, type[RequestHandler], dict[str, Any]]]] = [
    (r"/health", HealthHandler, {}),
    (r"/ready", ReadyHandler, {}),
    (r"/metrics", MetricsHandler, {}),
]
"""What Panel adds to its server."""
