from __future__ import annotations

from pipelines.sources.contract import SourceStatus
from pipelines.views.feed_cards import FeedCards
from tests.views.fakes import FakeFeed


def test_a_card_tells_name_address_state_and_rows() -> None:
    feed = FakeFeed("binance")
    for _ in range(1_200):
        feed.trade("A", 1.0)
    html = FeedCards([feed])._html.html
    for words in ("binance", "mqtt://127.0.0.1:1883/ticks/#", "live", "1,200"):
        assert words in html


def test_a_feed_in_trouble_tells_why_as_text() -> None:
    feed = FakeFeed("<i>")
    feed.source = SourceStatus("failed", "refused by <script>")
    html = FeedCards([feed])._html.html
    assert "refused by &lt;script&gt;" in html
    assert "<i>" not in html


def test_nothing_is_sent_while_nothing_changed() -> None:
    feed = FakeFeed()
    feed.trade("A", 1.0)
    cards = FeedCards([feed])
    assert not cards.update()
    feed.trade("A", 1.0)
    assert cards.update()
