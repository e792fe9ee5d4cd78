"""`streamshade replay` from another shell: what is stored equals what is in the file."""

from __future__ import annotations

import math
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.live.feed import Feed
from pipelines.live.feeds import declare
from tests.commands import STREAMSHADE
from tests.recorded import lines_of, trades_of, write_recording
from tests.servers import Mosquitto
from tests.waiting import wait_until


@pytest.fixture
def broker(tmp_path: Path, mosquitto_path: str) -> Iterator[Mosquitto]:
    broker = Mosquitto(tmp_path / "broker", mosquitto_path)
    broker.start()
    yield broker
    broker.kill()


def check_replay(broker: Mosquitto, file: Path) -> None:
    (spec,) = declare([broker.url("binance/#", "format=binance&kind=trades")])
    feed = Feed(spec)
    feed.start()
    try:
        wait_until(lambda: feed.status().source.connected)
        command = [STREAMSHADE, "replay", str(file), "--to", broker.url("binance/usdm")]
        subprocess.run([*command, "--speed", "0"], check=True, timeout=120, capture_output=True)
        expected = trades_of(file)
        wait_until(lambda: feed.status().ledger.n_messages == len(lines_of(file)), 60)
        counts = feed.status().ledger.kinds
        series = feed.tables["trades"].series(feed.dictionary.find("BTCUSDT"))
        assert series is not None
        stored = series.since(0).columns
    finally:
        feed.stop()
    assert list(counts) == ["trades"]  # other kinds never enter the ledger
    assert counts["trades"].received == counts["trades"].stored == len(expected)
    assert counts["trades"].unaccounted == 0
    assert stored["time"].tolist() == [time for time, _, _ in expected]
    value = math.fsum(price * size for _, price, size in expected)
    assert math.fsum(stored["price"] * stored["size"]) == value


def test_a_generated_recording_is_stored_to_the_trade(broker: Mosquitto, tmp_path: Path) -> None:
    check_replay(broker, write_recording(tmp_path / "generated.gz"))


def test_the_recorded_exchange_is_stored_to_the_trade(broker: Mosquitto, recordings: Path) -> None:
    check_replay(broker, recordings / "binance" / "usdm" / "btcusdt_20240808.gz")
