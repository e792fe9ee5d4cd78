from __future__ import annotations

from pipelines.views.dead_letters import DeadLetters
from pipelines.views.page.browser import Browser
from tests.views.fakes import FakeFeed


def test_the_newest_stands_on_top_with_its_reason() -> None:
    feed = FakeFeed()
    feed.reject("no price", "{}")
    feed.clock.advance(seconds=1)
    feed.reject("no time", "{}")
    html = DeadLetters([feed], Browser())._html.html
    assert 0 < html.index("no time") < html.index("no price")


def test_hostile_bytes_stay_text() -> None:
    feed = FakeFeed("<a>")
    feed.reject("got <b>", "</code><script>alert(1)</script>")
    html = DeadLetters([feed], Browser())._html.html
    for tag in ("<script", "<b>", "<a>"):
        assert tag not in html
    assert "&lt;/code&gt;&lt;script&gt;" in html


def test_times_are_the_browsers_once_it_has_told_its_zone() -> None:
    feed, browser = FakeFeed(), Browser()
    feed.reject("no price", "{}")
    letters = DeadLetters([feed], browser)
    browser.zone = "Asia/Tokyo"
    assert letters.update()
    assert "09:00:00.000" in letters._html.html


def test_nothing_is_sent_while_none_came() -> None:
    feed = FakeFeed()
    letters = DeadLetters([feed], Browser())
    feed.trade("A", 1.0)
    assert not letters.update()
    assert "None: everything that came could be read" in letters._html.html
