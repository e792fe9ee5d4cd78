from __future__ import annotations

import json

import pytest
from tornado.testing import AsyncHTTPTestCase
from tornado.web import Application

from pipelines.live import feeds
from pipelines.live.routes import ROUTES


class TestRoutesWithoutFeeds(AsyncHTTPTestCase):
    """The environment declares a source that can't be."""

    def get_app(self) -> Application:
        return Application(ROUTES)

    @pytest.fixture(autouse=True)
    def wrong_source(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(feeds, "_feeds", None)
        monkeypatch.setenv(feeds.SOURCE_VARIABLE, "mqtt://u:SECRET@h/t?format=jsn")

    def test_the_process_is_healthy(self) -> None:
        assert self.fetch("/health").code == 200

    def test_it_is_not_ready_and_says_nothing_secret(self) -> None:
        answer = self.fetch("/ready")
        assert answer.code == 503
        assert json.loads(answer.body) == {"status": "waiting", "feeds": {}}

    def test_the_metrics_have_names_but_no_samples(self) -> None:
        answer = self.fetch("/metrics")
        assert answer.code == 200
        assert b"streamshade_received_total" in answer.body
        assert b"SECRET" not in answer.body
