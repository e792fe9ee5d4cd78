"""The picture of what is chosen, and words until there is one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipelines.views.market_choice import MarketChoice
from pipelines.views.market_picture import MarketPicture
from pipelines.views.page.browser import Browser
from tests.views.fakes import FakeFeed


def test_words_stand_where_the_picture_will_be(monkeypatch: pytest.MonkeyPatch) -> None:
    feed = FakeFeed()
    status = feed.status
    monkeypatch.setattr(feed, "status", lambda: replace(status(), warm=False))
    choice = MarketChoice([feed], Browser())
    picture = MarketPicture(choice, Browser())
    assert "Compiling" in picture._empty.html
    monkeypatch.undo()
    picture.update()
    assert "begins with the first row" in picture._empty.html
    feed.trade("BTC", 100.0)
    choice.update()
    assert picture.update()
    assert picture._picture is not None
    assert picture._picture.key == "BTC"


def test_a_kind_without_sides_is_drawn_as_points() -> None:
    feed = FakeFeed(kinds=("readings",))
    feed.read("t1", 20.0)
    choice = MarketChoice([feed], Browser())
    choice.update()
    choice.draw = "side"
    picture = MarketPicture(choice, Browser())
    assert picture._picture is not None
    assert picture._picture.look == "points"
