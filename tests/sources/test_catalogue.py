from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.core.errors import SpecError
from pipelines.core.url import SourceSpec
from pipelines.sources.catalogue import SCHEME_OPTIONS, make_source
from pipelines.sources.mqtt import MqttSource
from pipelines.sources.paced import PacedSource
from tests.sources.reading import open_source, take, wait_for_state


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("mqtt://127.0.0.1/t/#?qos=1&client_id=me", MqttSource),
        ("file:///tmp/recording.gz?speed=2&loop=1", PacedSource),
        ("sim://market?rate=100000&symbols=50&seed=1", PacedSource),
    ],
)
def test_a_scheme_stands_for_a_source(url: str, kind: type) -> None:
    source = open_source(url)
    assert isinstance(source, kind)
    assert source.status().state == "stopped"


def test_every_scheme_with_options_makes_a_source() -> None:
    for scheme in SCHEME_OPTIONS:
        assert open_source(f"{scheme}://{'' if scheme == 'file' else 'host'}/path").spec.scheme == scheme


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("mqtt://127.0.0.1/t?qos=2", "expected 0 or 1"),
        ("mqtt://127.0.0.1/t?qos=half", "expected a number"),
        ("mqtt:///t", "no host"),
        (f"mqtt://{'h' * 64}/t", "no host"),
        ("mqtt://127.0.0.1", "no MQTT topic filter"),
        ("mqtt://127.0.0.1/a/#/b", "no MQTT topic filter"),
        ("mqtt://127.0.0.1/a+/b", "no MQTT topic filter"),
        ("file:///tmp/recording?speed=-1", "at least 0"),
        ("file:///tmp/recording?loop=often", "expected a number"),
        ("file://recording", "file:///recording"),
        ("mqtt://127.0.0.1/t?speed=1", "unknown option 'speed'"),
    ],
)
def test_what_can_not_be_is_refused_at_once_and_says_what_to_write(url: str, reason: str) -> None:
    with pytest.raises(SpecError, match=reason):
        open_source(url)


@pytest.mark.parametrize("topic", ["#", "+", "a/#", "+/b/+/#", "/", "a//b", "$share/group/a/#"])
def test_topic_filters_of_mqtt_are_taken(topic: str) -> None:
    assert open_source(f"mqtt://127.0.0.1/{topic}").spec.path == topic


@pytest.mark.parametrize("scheme", ["gopher", "sim"])
def test_a_scheme_that_nobody_knows_is_refused(scheme: str) -> None:
    with pytest.raises(SpecError, match=f"unknown source {scheme}://"):
        make_source(SourceSpec(scheme))


def test_a_file_that_is_not_there_fails_when_started_and_heals_when_it_comes(tmp_path: Path) -> None:
    path = tmp_path / "later.jsonl"
    source = open_source(f"file://{path}")
    source.start()
    wait_for_state(source, "failed")
    assert f"{path} can't be read: No such file" in source.status().detail
    source.stop()
    path.write_bytes(b"{}\n")
    source.start()
    assert [message.payload for message in take(source, 1)] == [b"{}"]
    wait_for_state(source, "ended")
    source.stop()
