from __future__ import annotations

import json
import re

import pytest
from msgspec.structs import replace
from tornado.testing import AsyncHTTPTestCase
from tornado.web import Application

from pipelines.core.clock import NS_PER_SECOND
from pipelines.core.spec import ViewSpec
from pipelines.live.watch import handler
from pipelines.live.watch.page import live_page
from tests.live.hand_feed import HandFeed

VIEW = ViewSpec("feed", "trades", "BTC", "price")


@pytest.mark.parametrize(
    ("span_ns", "words"),
    [
        (90 * NS_PER_SECOND, "the last 90 s"),
        (30 * 60 * NS_PER_SECOND, "the last 30 min"),
        (48 * 3_600 * NS_PER_SECOND, "the last 2 d"),
        (1_500_000, "the last 1,500 µs"),
    ],
)
def test_the_span_is_in_words(span_ns: int, words: str) -> None:
    assert words in live_page(replace(VIEW, span_ns=span_ns), ticket="", frames="")


def test_a_name_is_text_wherever_it_stands() -> None:
    page = live_page(replace(VIEW, key='"><script>x</script>'), ticket="</script><script>", frames="")
    assert "<script>x" not in page
    assert page.count("</script>") == 2


class TestAddresses(AsyncHTTPTestCase):
    def get_app(self) -> Application:
        return Application([(r"/watch/(.*)", handler.WatchHandler)])

    @pytest.fixture(autouse=True)
    def feeds(self, monkeypatch: pytest.MonkeyPatch) -> None:
        feed = HandFeed(symbols=("BTC", "plant/1"))
        for symbol in ("BTC", "plant/1"):
            feed.add([feed.clock.now_ns()], symbol=symbol)
        monkeypatch.setattr(handler, "process_feeds", lambda: [feed])

    def test_frames_are_found_from_any_depth(self) -> None:
        for name, frames in [("BTC", "../frames"), ("plant%2F1", "../frames"), ("plant/1", "../../frames")]:
            answer = self.fetch(f"/watch/{name}")
            settings = re.search(r'id="settings">(.*?)</script>', answer.body.decode())
            assert settings, name
            assert json.loads(settings[1])["frames"] == frames
