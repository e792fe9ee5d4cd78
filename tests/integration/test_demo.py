"""The demo as a user meets it: one command, pages, and a broker that anybody can subscribe to."""

from __future__ import annotations

import json
import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from prometheus_client.parser import text_string_to_metric_families

from pipelines.core.url import SourceSpec
from pipelines.demo.process import Demo
from pipelines.live.feed import Feed
from pipelines.live.feeds import declare
from tests.commands import STREAMSHADE
from tests.servers import free_port
from tests.waiting import wait_until


def get(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return 0, ""


def subscribe(spec: SourceSpec, n_messages: int) -> list[bytes]:
    """Return messages that a client of one's own gets from the broker."""
    payloads: list[bytes] = []
    enough = threading.Event()

    def on_message(client: paho.Client, userdata: object, message: paho.MQTTMessage) -> None:
        payloads.append(message.payload)
        if len(payloads) >= n_messages:
            enough.set()

    client = paho.Client(paho.CallbackAPIVersion.VERSION2)
    client.on_connect = lambda *_: client.subscribe(spec.path)
    client.on_message = on_message
    client.connect(spec.host, spec.port or 0)
    client.loop_start()
    assert enough.wait(20)
    client.disconnect()
    client.loop_stop()
    return payloads


def test_a_client_of_ones_own_sees_what_the_feed_stores() -> None:
    demo = Demo(rate_hz=2_000, n_symbols=5)
    (spec,) = declare([demo.start()])
    feed = Feed(spec)
    feed.start()
    try:
        wait_until(lambda: feed.status().ledger.total.stored)
        messages = [json.loads(payload) for payload in subscribe(spec.source, 50)]
        seen = [
            (time, symbol, price)
            for message in messages
            if "price" in message
            for time, symbol, price in zip(message["time"], message["symbol"], message["price"], strict=True)
        ]
        newest_ns = max(time for time, _, _ in seen)
        wait_until(lambda: (feed.tables["trades"].newest_ns or 0) > newest_ns)
        stored = set()
        for code in feed.tables["trades"].keys().tolist():
            series = feed.tables["trades"].series(code)
            assert series is not None
            rows = series.since(0).columns
            name = feed.dictionary.name(code)
            stored |= {(t, name, p) for t, p in zip(rows["time"].tolist(), rows["price"].tolist(), strict=True)}
    finally:
        feed.stop()
        demo.stop()
    assert seen
    assert stored >= set(seen)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of `streamshade serve`, without any option but its port."""
    port = free_port()
    log = tmp_path_factory.mktemp("serve") / "log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [STREAMSHADE, "serve", "--port", str(port)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        wait_until(lambda: get(f"http://127.0.0.1:{port}/ready")[0] == 200, 60, what=f"ready, see {log}")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        assert server.wait(20) is not None
    check_quiet(log)


def check_quiet(log: Path) -> None:
    assert "Traceback" not in log.read_text()


def test_every_route_answers(served: str) -> None:
    for route in ("/", "/overview", "/market", "/status", "/health", "/ready", "/metrics"):
        assert get(served + route)[0] == 200, route
    assert json.loads(get(f"{served}/health")[1]) == {"status": "ok"}


def test_the_front_page_is_ours(served: str) -> None:
    assert "streamshade" in get(served)[1]


def test_the_metrics_balance_while_data_flows(served: str) -> None:
    def counts() -> dict[str, dict[str, float]]:
        families = text_string_to_metric_families(get(f"{served}/metrics")[1])
        samples = [sample for family in families for sample in family.samples if "kind" in sample.labels]
        by_kind: dict[str, dict[str, float]] = {}
        for sample in samples:
            by_kind.setdefault(sample.labels["kind"], {})[sample.labels.get("outcome", sample.name)] = sample.value
        return by_kind

    first = counts()["trades"]["stored"]
    wait_until(lambda: counts()["trades"]["stored"] > first)
    for kind in counts().values():
        outcomes = sum(kind[outcome] for outcome in ("stored", "duplicate", "late", "rejected"))
        assert kind["streamshade_received_total"] == outcomes > 0
