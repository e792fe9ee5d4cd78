"""The pages in a real browser, on a real broker: what is published is what is shown."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import paho.mqtt.client as paho
import pytest
from playwright.sync_api import Page, expect

from pipelines.core.clock import SystemClock
from tests.browser.conftest import OpenTab
from tests.page_server import PageServer, page_server
from tests.servers import Mosquitto, free_port

PATIENCE_MS = 30_000


class Publisher:
    """Publishes trades in time."""

    def __init__(self, port: int) -> None:
        self._client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def send(self, payload: bytes | str) -> None:
        self._client.publish("ticks/all", payload, qos=1).wait_for_publish(10)

    def trade(self, symbol: str, price: float, side: str = "buy") -> None:
        row = {"time": SystemClock().now_ns(), "symbol": symbol, "price": price, "size": 1.5, "side": side}
        self.send(json.dumps(row))

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory, mosquitto_path: str) -> Iterator[Mosquitto]:
    broker = Mosquitto(tmp_path_factory.mktemp("broker"), mosquitto_path)
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, broker: Mosquitto) -> Iterator[PageServer]:
    source = broker.url("ticks/#", "format=json&kind=trades&qos=1&name=desk&client_id=desk")
    with page_server(tmp_path_factory.mktemp("pages"), source) as server:
        yield server


@pytest.fixture
def publisher(broker: Mosquitto, served: PageServer) -> Iterator[Publisher]:
    publisher = Publisher(broker.port)
    yield publisher
    publisher.close()


def top_of_tape(tab: Page) -> Any:
    return tab.locator("tr:has(td[data-label=price])").first


def test_price_and_tape_show_the_newest_trade_to_the_digit(
    served: PageServer, publisher: Publisher, open_tab: OpenTab
) -> None:
    publisher.trade("EXACT", 100.5)
    tab = open_tab(f"{served.address}/market?symbol=EXACT")
    for price, shown, side in ((100.5, "100.5", "buy"), (99_999.125, "99,999.125", "sell"), (7.0, "7.000", "buy")):
        publisher.trade("EXACT", price, side)
        expect(tab.locator(".last")).to_have_text(shown, timeout=PATIENCE_MS)
        expect(top_of_tape(tab).locator("td[data-label=price]")).to_have_text(shown, timeout=PATIENCE_MS)
        expect(top_of_tape(tab)).to_have_class(side)
    expect(tab.locator(".badge")).to_have_text(re.compile(r"stale \d+ s"), timeout=PATIENCE_MS)


def test_all_tabs_share_one_connection_and_what_came_before_they_opened(
    served: PageServer, publisher: Publisher, broker: Mosquitto, open_tab: OpenTab
) -> None:
    publisher.trade("SHARED", 42.0)
    for _ in range(3):
        tab = open_tab(f"{served.address}/market?symbol=SHARED")
        expect(tab.locator(".last")).to_have_text("42", timeout=PATIENCE_MS)
        tab.close()
    assert broker.log.read_text().count(" as desk ") == 1


def test_what_can_not_be_read_is_counted_and_shown_as_text(
    served: PageServer, publisher: Publisher, open_tab: OpenTab
) -> None:
    tab = open_tab(f"{served.address}/status")
    row = tab.locator("tr[data-kind=trades]")
    expect(row).to_be_visible(timeout=PATIENCE_MS)
    hostile = "</code><script>document.title = 'owned'</script><img src=x onerror=\"document.title='owned'\">"
    publisher.send(hostile)
    publisher.send(json.dumps({"symbol": "<b>bold</b>", "price": "<i>", "size": 1, "time": 1}))
    publisher.trade("<b>bold</b>", 1.0)
    expect(tab.locator("code", has_text="document.title")).to_contain_text("<script>", timeout=PATIENCE_MS)
    for tag in ("code script", "code img", "td b", "td i"):
        expect(tab.locator(tag)).to_have_count(0)
    assert "owned" not in tab.title()
    for cell in tab.locator("td[data-label=Unaccounted]").all():
        expect(cell).to_have_text("0")
    rejected = tab.locator("td[data-label=Rejected]").all_inner_texts()
    assert sum(int(re.sub(r"\D", "", text)) for text in rejected) >= 2

    market = open_tab(f"{served.address}/market?symbol=%3Cb%3Ebold%3C%2Fb%3E")
    expect(market.locator(".big .name span").first).to_have_text("<b>bold</b>", timeout=PATIENCE_MS)


def test_without_a_broker_the_pages_say_what_they_wait_for(
    tmp_path_factory: pytest.TempPathFactory, open_tab: OpenTab
) -> None:
    source = f"mqtt://user:secret@127.0.0.1:{free_port()}/ticks/#?format=json&kind=trades&name=desk"
    with page_server(tmp_path_factory.mktemp("absent"), source, until="/health") as server:
        market = open_tab(f"{server.address}/market", loses_server=True)
        expect(market.locator(".empty strong").first).to_have_text(
            "Waiting for the first trade from desk", timeout=PATIENCE_MS
        )
        expect(market.get_by_text(re.compile("next try")).first).to_be_visible(timeout=PATIENCE_MS)
        for page in ("overview", "status"):
            tab = open_tab(f"{server.address}/{page}", loses_server=True)
            expect(tab.locator(".badge.wait").first).to_be_visible(timeout=PATIENCE_MS)
            assert "secret" not in tab.content()


def test_a_source_that_can_not_be_is_a_sentence_on_every_page(
    tmp_path_factory: pytest.TempPathFactory, open_tab: OpenTab
) -> None:
    with page_server(tmp_path_factory.mktemp("wrong"), "mqqt://127.0.0.1/ticks", until="/health") as server:
        for page in ("overview", "market", "status"):
            tab = open_tab(f"{server.address}/{page}", loses_server=True)
            expect(tab.get_by_role("alert")).to_contain_text("mqtt", timeout=PATIENCE_MS)
