from __future__ import annotations

import asyncio
import json
from typing import Any

from pipelines.core.spec import RowsSpec, View
from pipelines.live.broadcast.ticket import process_tickets
from pipelines.views.ticks.document import _beats
from pipelines.views.ticks.linked import LinkedPane
from tests.live.wire.bars_and_rows import ShownRows
from tests.views.fakes import FakeFeed

VIEW = RowsSpec("market", "trades", "A")


class Told(LinkedPane):
    """A pane that notes what its browsers are sent."""

    _esm = ""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[dict[str, Any]] = []

    def _send_msg(self, data: dict[str, Any]) -> None:
        self.sent.append(data)

    def say(self, **words: Any) -> None:
        self._handle_msg({"client": "1", **words})


def rights(pane: LinkedPane) -> dict[str, View]:
    return dict(process_tickets().read(pane.view["ticket"]))


def test_a_ticket_is_for_what_is_shown_and_nothing_else() -> None:
    pane, feed = Told(), FakeFeed()
    pane.show(feed, VIEW, words={"of": "A"})
    assert rights(pane) == {"1": VIEW}
    other = RowsSpec("market", "trades", "B")
    pane.show(feed, other, words={"of": "B"})
    assert (rights(pane), pane.view["name"], pane.view["of"]) == ({"2": other}, "2", "B")
    pane.blank()
    assert pane.view == {}


def test_a_ticket_is_renewed_for_the_same_view_and_not_once_nothing_is_shown() -> None:
    pane = Told()
    pane.show(FakeFeed(), VIEW, words={"of": "A"})
    pane.say(renew=True)
    assert (rights(pane), pane.view["name"], pane.view["of"]) == ({"1": VIEW}, "1", "A")
    pane.let_go()
    before = pane.view
    pane.say(renew=True)
    assert pane.view is before


def test_rows_come_over_the_document_also_from_another_feed() -> None:
    pane, feeds = Told(), (FakeFeed(), FakeFeed("other"))

    async def look(feed: FakeFeed, number: int) -> list[float]:
        pane.show(feed, RowsSpec(feed.name, "trades", "A"), words={})
        pane.say(opened=True)
        pane.say(taken=True)
        pane.say(text=json.dumps({"type": "subscribe", "pane": 0, "view": str(number)}))
        pane.say(taken=True)
        _beats[feed][asyncio.get_running_loop()]._hub.beat()
        shown = ShownRows()
        for message in [sent["data"] for sent in pane.sent if isinstance(sent.get("data"), bytes)]:
            shown.apply(message)
        pane.sent.clear()
        return [row["price"] for row in shown.rows]

    async def story() -> list[list[float]]:
        return [await look(feed, number) for number, feed in enumerate(feeds, 1)]

    for price, feed in enumerate(feeds):
        feed.trade("A", price)
    assert asyncio.run(story()) == [[0.0], [1.0]]
    pane.let_go()
