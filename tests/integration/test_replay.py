"""`streamshade replay` from another shell: what is stored equals what is in the file."""

from __future__ import annotations

import gzip
import json
import math
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.live.feed import Feed
from pipelines.live.feeds import declare
from tests.commands import STREAMSHADE
from tests.servers import Mosquitto
from tests.waiting import wait_until


@pytest.fixture
def broker(tmp_path: Path, mosquitto_path: str) -> Iterator[Mosquitto]:
    broker = Mosquitto(tmp_path / "broker", mosquitto_path)
    broker.start()
    yield broker
    broker.kill()


@pytest.fixture
def generated(tmp_path: Path) -> Path:
    """A recording of the exchange's format, with trades, quotes and depth mixed."""
    lines = []
    for number in range(3_000):
        ms = 1_723_161_256_000 + number
        event = {"E": ms + 1, "T": ms, "s": "BTCUSDT"}
        if number % 3 == 0:
            event |= {"e": "trade", "t": number, "p": f"{61_800 + number % 7 / 10:.2f}", "q": "0.006", "m": False}
        elif number % 3 == 1:
            event |= {"e": "bookTicker", "u": number, "b": "61800.2", "B": "1", "a": "61800.3", "A": "2"}
        else:
            event |= {"e": "depthUpdate", "U": number, "u": number, "b": [["61800.2", "0"]], "a": []}
        lines.append(f"{ms * 1_000_000 - 1_300_000_000} {json.dumps({'stream': 'x', 'data': event})}\n")
    file = tmp_path / "generated.gz"
    file.write_bytes(gzip.compress("".join(lines).encode()))
    return file


def lines_of(file: Path) -> list[bytes]:
    return gzip.decompress(file.read_bytes()).splitlines()


def trades_of(file: Path) -> list[tuple[int, float, float]]:
    """Read a recording in the plainest way: time in nanoseconds, price and size of each trade."""
    events = [json.loads(line.split(b" ", 1)[1]).get("data", {}) for line in lines_of(file)]
    return [(e["T"] * 1_000_000, float(e["p"]), float(e["q"])) for e in events if e.get("e") == "trade"]


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


def test_a_generated_recording_is_stored_to_the_trade(broker: Mosquitto, generated: Path) -> None:
    check_replay(broker, generated)


def test_the_recorded_exchange_is_stored_to_the_trade(broker: Mosquitto, recordings: Path) -> None:
    check_replay(broker, recordings / "binance" / "usdm" / "btcusdt_20240808.gz")
