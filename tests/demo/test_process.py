"""The demo's child starts quickly, publishes a market by real MQTT, and never outlives its parent."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from pipelines.core.clock import NS_PER_SECOND, SystemClock
from pipelines.core.dictionary import Dictionary
from pipelines.core.errors import SourceError, SpecError
from pipelines.core.message import Message, Position
from pipelines.decoders.catalogue import make_decoder
from pipelines.demo.process import Demo
from pipelines.graph.catalogue import read_url
from tests.demo.listening import listening
from tests.waiting import wait_until


def port_of(url: str) -> int:
    match = re.fullmatch(r"mqtt://127\.0\.0\.1:(\d+)/market/#\?.*", url)
    assert match is not None, url
    return int(match[1])


def nobody_listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


@pytest.fixture
def demo() -> Iterator[Demo]:
    demo = Demo(rate_hz=20_000.0, n_symbols=30)
    yield demo
    demo.stop()


def test_any_client_sees_the_market_live_at_its_rate(demo: Demo) -> None:
    with listening(port_of(demo.start()), "market/#") as listener:
        messages = listener.wait_for(60)
        now_ns = SystemClock().now_ns()
    assert {topic for topic, _ in messages} == {"market/trades", "market/quotes"}
    columns = [json.loads(payload) for _, payload in messages]
    times = [time_ns for message in columns for time_ns in message["time"]]
    assert abs(now_ns - times[-1]) < NS_PER_SECOND
    assert len(times) / ((max(times) - min(times)) / NS_PER_SECOND) == pytest.approx(20_000, rel=0.35)
    assert {name for message in columns for name in message["symbol"]} >= {"BTC-USD", "ETH-USD"}


def test_what_it_publishes_decodes_without_a_dead_letter(demo: Demo) -> None:
    url = demo.start()
    with listening(port_of(url), "market/#") as listener:
        messages = listener.wait_for(20)
    decoder = make_decoder(read_url(url), Dictionary())
    received = [
        Message(payload, Position("demo", offset), SystemClock().now_ns(), topic)
        for offset, (topic, payload) in enumerate(messages)
    ]
    decoded = decoder.decode(received)
    assert decoded.dead_letters == ()
    assert {batch.kind for batch in decoded.batches} == {"trades", "quotes"}
    assert sum(map(len, decoded.batches)) == sum(len(json.loads(payload)["time"]) for _, payload in messages)


def test_starting_twice_is_starting_once_and_stopping_twice_is_fine(demo: Demo) -> None:
    url = demo.start()
    pid = demo.pid
    assert (demo.start(), demo.pid) == (url, pid)
    demo.stop()
    demo.stop()
    assert demo.pid is None
    assert nobody_listens(port_of(url))


def test_what_was_launched_ahead_is_what_is_waited_for(demo: Demo) -> None:
    demo.launch()
    pid = demo.pid
    url = demo.start()
    demo.launch()
    assert (demo.start(), demo.pid) == (url, pid)
    assert not nobody_listens(port_of(url))


def test_it_starts_again_after_a_stop(demo: Demo) -> None:
    demo.start()
    demo.stop()
    with listening(port_of(demo.start()), "market/trades") as listener:
        listener.wait_for(1)


def test_it_ends_with_a_parent_that_is_killed() -> None:
    script = "from pipelines.demo.process import Demo; print(Demo().start(), flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        port = port_of(parent.stdout.readline().strip())
        socket.create_connection(("127.0.0.1", port), 5).close()
        parent.kill()
    wait_until(lambda: nobody_listens(port), 10)


def test_a_child_that_cannot_start_is_an_error_not_a_hang(demo: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "false")
    with pytest.raises(SourceError, match="the demo's broker did not start"):
        demo.start()
    assert demo.pid is None


def test_a_market_that_cannot_be_is_refused_before_anything_starts() -> None:
    with pytest.raises(SpecError, match="a simulated market has"):
        Demo(rate_hz=-1.0)
