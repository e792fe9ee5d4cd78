"""Candles in a real browser, on messages of an exchange through a real broker."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenTab
from tests.commands import STREAMSHADE
from tests.page_server import PageServer, page_server
from tests.recorded import trades_of, write_recording
from tests.servers import Mosquitto
from tests.waiting import wait_until

PATIENCE_MS = 30_000
SHOWN = """(() => {
  const models = [...Bokeh.documents[0]._all_models.values()];
  const source = models.find((model) => model.type === 'ColumnDataSource' && model.data.vwap);
  if (!source) return {close: [], volume: [], range: []};
  const shows = (model) => model.type === 'Figure' && model.renderers.some((each) => each.data_source === source);
  const {x_range, y_range} = models.find(shows);
  return {
    close: [...source.data.close],
    volume: [...source.data.volume],
    range: [x_range.start, x_range.end, y_range.start, y_range.end],
  };
})()"""


@pytest.fixture
def broker(tmp_path: Path, mosquitto_path: str) -> Iterator[Mosquitto]:
    broker = Mosquitto(tmp_path / "broker", mosquitto_path)
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture
def served(tmp_path: Path, broker: Mosquitto) -> Iterator[PageServer]:
    with page_server(tmp_path, broker.url("binance/#", "format=binance&kind=trades")) as server:
        yield server


def shown(tab: Page) -> dict[str, Any]:
    state: dict[str, Any] = tab.evaluate(SHOWN)
    return state


def test_the_candles_are_those_of_what_was_published(
    served: PageServer, broker: Mosquitto, open_tab: OpenTab, tmp_path: Path
) -> None:
    recording = write_recording(tmp_path / "generated.gz", 60_000)
    trades = trades_of(recording)
    tab = open_tab(f"{served.address}/market?period=5s", height=1_400)
    expect(tab.get_by_text("The candles begin with the first trade.")).to_be_visible(timeout=PATIENCE_MS)
    publish = [STREAMSHADE, "replay", str(recording), "--to", broker.url("binance/usdm"), "--speed", "0"]
    subprocess.run(publish, check=True, timeout=60, stderr=subprocess.DEVNULL)

    expect(tab.locator(".last")).to_have_text(f"{trades[-1][1]:,.1f}", timeout=PATIENCE_MS)
    wait_until(lambda: sum(shown(tab)["volume"]) == pytest.approx(sum(size for *_, size in trades)))
    assert shown(tab)["close"][-1] == trades[-1][1]
    assert len(shown(tab)["close"]) == len({time_ns // 5_000_000_000 for time_ns, *_ in trades})

    n_panes = """[...globalThis[Symbol.for("streamshade.frames")].values()].map((client) => client._panes.size)"""
    assert tab.evaluate(n_panes) == [4]  # one connection for picture, quote, tape and candles

    figure = tab.locator(".bk-Figure").nth(1)
    box = figure.bounding_box()
    assert box is not None
    at_home = shown(tab)["range"]
    tab.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    tab.mouse.wheel(0, -300)
    expect(tab.get_by_text("Paused - reset to follow")).to_be_visible()
    assert shown(tab)["range"] != at_home
    tab.get_by_role("button", name="Follow").click()
    wait_until(lambda: shown(tab)["range"] == at_home)

    tab.get_by_role("button", name="1s", exact=True).click()
    expect(tab).to_have_url(re.compile("period=1s"))
    wait_until(lambda: len(shown(tab)["close"]) == len({time_ns // 1_000_000_000 for time_ns, *_ in trades}))
