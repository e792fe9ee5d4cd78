from __future__ import annotations

import pytest

from pipelines.core.clock import NS_PER_SECOND
from pipelines.core.errors import SpecError
from pipelines.core.spec import ViewSpec
from pipelines.live.watch.view import view_of
from tests.live.hand_feed import HandFeed


def feed(name: str, *symbols: str) -> HandFeed:
    made = HandFeed(symbols=symbols)
    made.name = name
    for symbol in symbols:
        made.add([made.clock.now_ns()], symbol=symbol)
    return made


FEEDS = (feed("one", "BTC"), feed("two", "ETH", "BTC"))


def test_a_name_alone_is_its_points_over_a_minute_of_the_first_feed_that_has_it() -> None:
    assert view_of("BTC", {}, FEEDS) == ViewSpec("one", "trades", "BTC", "price", 60 * NS_PER_SECOND)
    assert view_of("ETH", {}, FEEDS).feed == "two"


def test_an_address_may_say_all_of_a_view() -> None:
    options = {"feed": "two", "kind": "trades", "look": "line", "span": "5m", "value": "size"}
    wanted = ViewSpec("two", "trades", "BTC", "size", 300 * NS_PER_SECOND, glyph="line", reduction="any")
    assert view_of("BTC", options, FEEDS) == wanted


@pytest.mark.parametrize(
    ("key", "options", "words"),
    [
        ("BTX", {}, "did you mean 'BTC'"),
        ("", {}, "there are BTC, ETH"),
        ("ETH", {"feed": "one"}, "no rows of 'ETH'"),
        ("BTC", {"feed": "three"}, "unknown feed 'three'"),
        ("BTC", {"kind": "quotes"}, "unknown kind 'quotes'"),
        ("BTC", {"look": "lines"}, "did you mean 'line'"),
        ("BTC", {"span": "soon"}, "'soon' is no duration"),
        ("BTC", {"value": "prise"}, "did you mean 'price'"),
        ("BTC", {"value": "side"}, "can't be drawn"),
        ("BTC", {"spam": "1m"}, "did you mean 'span'"),
    ],
)
def test_what_there_is_not_is_explained(key: str, options: dict[str, str], words: str) -> None:
    with pytest.raises(SpecError, match=words):
        view_of(key, options, FEEDS)
