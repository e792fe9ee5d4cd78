"""The main job: real exchange messages through a real broker, on the page of a real browser."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import OpenTab
from tests.commands import STREAMSHADE
from tests.page_server import PageServer, page_server
from tests.recorded import trades_of, write_recording
from tests.servers import Mosquitto
from tests.waiting import wait_until

PATIENCE_MS = 30_000
RANGES = """(() => {
  const f = [...Bokeh.documents[0]._all_models.values()].find((model) => model.type === 'Figure');
  return [f.x_range.start, f.x_range.end, f.y_range.start, f.y_range.end];
})()"""

Replaying = Callable[..., AbstractContextManager[subprocess.Popen[bytes]]]


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory, mosquitto_path: str) -> Iterator[Mosquitto]:
    broker = Mosquitto(tmp_path_factory.mktemp("broker"), mosquitto_path)
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture
def served(tmp_path: Path, broker: Mosquitto) -> Iterator[PageServer]:
    with page_server(tmp_path, broker.url("binance/#", "format=binance&kind=trades,quotes")) as server:
        yield server


@pytest.fixture
def replaying(broker: Mosquitto) -> Replaying:
    @contextmanager
    def replay(file: Path, *options: str) -> Iterator[subprocess.Popen[bytes]]:
        command = [STREAMSHADE, "replay", str(file), "--to", broker.url("binance/usdm"), *options]
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True)
        try:
            yield process
        finally:
            process.kill()
            process.wait(10)

    return replay


def picture_of(tab: Page) -> Locator:
    figure = tab.locator(".bk-Figure").first
    figure.wait_for(timeout=PATIENCE_MS)
    return figure


def check_the_end_of(file: Path, served: PageServer, replaying: Replaying, open_tab: OpenTab) -> None:
    """Publish a whole recording: price and tape show its last trade."""
    tab = open_tab(f"{served.address}/market")
    with replaying(file, "--speed", "0") as process:
        assert process.wait(60) == 0
    price = f"{trades_of(file)[-1][1]:,.1f}"
    expect(tab.locator(".last")).to_have_text(price, timeout=PATIENCE_MS)
    newest = tab.locator("td[data-label=price]").first
    expect(newest).to_have_text(price, timeout=PATIENCE_MS)


def test_the_last_price_is_that_of_a_generated_file(
    served: PageServer, replaying: Replaying, open_tab: OpenTab, tmp_path: Path
) -> None:
    check_the_end_of(write_recording(tmp_path / "generated.gz", 30_000), served, replaying, open_tab)


def test_the_last_price_is_that_of_the_recorded_exchange(
    served: PageServer, replaying: Replaying, open_tab: OpenTab, recordings: Path
) -> None:
    check_the_end_of(recordings / "binance" / "usdm" / "btcusdt_20240808.gz", served, replaying, open_tab)


def test_the_picture_moves_with_the_stream_and_stands_still_when_it_ends(
    served: PageServer, replaying: Replaying, open_tab: OpenTab, tmp_path: Path
) -> None:
    recording = write_recording(tmp_path / "generated.gz", 60_000)
    with replaying(recording):
        tab = open_tab(f"{served.address}/market?span=10s")
        picture = picture_of(tab)
        first = picture.screenshot()
        wait_until(lambda: picture.screenshot() != first)
        right = tab.evaluate(RANGES)[1]
        wait_until(lambda: tab.evaluate(RANGES)[1] > right)

        tab.mouse.move(*middle(picture))
        tab.mouse.wheel(0, -300)
        tab.get_by_text("Paused").wait_for()
        zoomed = tab.evaluate(RANGES)
        tab.wait_for_timeout(1_500)
        assert tab.evaluate(RANGES) == zoomed
        tab.locator("[title='Reset']").first.click()
        tab.mouse.move(1, 1)  # or the button that it stands on is lit
        wait_until(lambda: tab.evaluate(RANGES)[1] > zoomed[1])
    tab.wait_for_timeout(2_000)
    still = picture.screenshot()
    tab.wait_for_timeout(1_000)
    assert picture.screenshot() == still


def middle(figure: Locator) -> tuple[float, float]:
    box = figure.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
