"""Nothing is lost on the way from the broker to the window, whoever dies."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.live.feed import Feed
from pipelines.live.feeds import declare
from tests.integration.numbered import QUERY, Publisher, subscribe_for_later
from tests.servers import Mosquitto
from tests.waiting import wait_until


@pytest.fixture
def broker(tmp_path: Path, mosquitto_path: str) -> Iterator[Mosquitto]:
    broker = Mosquitto(tmp_path / "broker", mosquitto_path, persistence=True)
    broker.start()
    yield broker
    broker.kill()


def test_a_broker_restarted_at_half_loses_nothing(broker: Mosquitto) -> None:
    n_messages = 20_000
    (spec,) = declare([broker.url("numbered", QUERY)])
    feed = Feed(spec)
    feed.start()
    publisher = Publisher(broker.port, "numbered")
    try:
        wait_until(lambda: feed.status().source.connected)
        publisher.publish(range(n_messages // 2))
        wait_until(lambda: feed.status().ledger.total.stored > n_messages // 4, 60)
        broker.stop(signal.SIGTERM)
        publisher.publish(range(n_messages // 2, n_messages))
        broker.start()
        publisher.wait(n_messages)
        wait_until(lambda: feed.status().ledger.total.stored >= n_messages, 60)
        status = feed.status()
        series = feed.tables["readings"].series(0)
        assert series is not None
        stored = sorted(int(value) for value in series.since(0, ["value"]).columns["value"])
    finally:
        publisher.close()
        feed.stop()
    counts = status.ledger.total
    lost = n_messages - len(set(stored))
    print(f"lost {lost}, redelivered {status.source.n_redelivered}, deduplicated {counts.duplicate}")
    assert stored == list(range(n_messages))
    assert status.source.n_redelivered > 0
    assert counts.unaccounted == 0


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_collector_killed_around_the_append_loses_nothing(broker: Mosquitto, tmp_path: Path, when: str) -> None:
    n_messages = 2_000
    subscribe_for_later(broker.port, "numbered")
    publisher = Publisher(broker.port, "numbered")
    publisher.publish(range(n_messages))
    publisher.wait(n_messages)
    publisher.close()
    noted = tmp_path / "stored"
    command = [sys.executable, "-m", "tests.integration.collector", broker.url("numbered", QUERY), str(noted)]
    with subprocess.Popen([*command, when, str(n_messages // 2)], stdin=subprocess.PIPE) as killed:
        assert killed.wait(60) == -signal.SIGKILL
    assert 0 < len(noted.read_text().split()) < n_messages
    with subprocess.Popen(command, stdin=subprocess.PIPE) as collector:
        wait_until(lambda: len(set(noted.read_text().split())) >= n_messages, 60)
        collector.communicate(timeout=20)
    assert sorted(int(number) for number in set(noted.read_text().split())) == list(range(n_messages))
