from __future__ import annotations

import pytest

from pipelines.core.errors import SpecError
from pipelines.core.url import SourceSpec, parse_source


def parse(url: str) -> SourceSpec:
    return parse_source(
        url, known_options={"mqtt": {"qos"}, "file": {"speed"}, "sim": {"rate"}}, formats=["json", "binance"]
    )


def test_a_topic_filter_keeps_its_wildcards() -> None:
    spec = parse("mqtt://127.0.0.1:1883/site/+/temp/#?qos=1&format=json&kind=readings")
    assert (spec.host, spec.port, spec.path) == ("127.0.0.1", 1883, "site/+/temp/#")
    assert spec.kinds == ("readings",)
    assert spec.declared
    assert spec.options == {"qos": "1"}


def test_without_kind_a_source_may_bring_all() -> None:
    spec = parse("mqtt://host/t")
    assert spec.kinds == ("trades", "quotes", "depth", "readings")
    assert not spec.declared
    assert spec.port is None


def test_map_and_time_unit_are_read() -> None:
    spec = parse("mqtt://h/t?format=json&map=time:T,price:p&time_unit=ms&key=id&max_ahead=5m")
    assert spec.fields == {"time": "T", "price": "p"}
    assert (spec.time_unit_ns, spec.key, spec.max_ahead_ns) == (1_000_000, "id", 300_000_000_000)


def test_no_text_shows_the_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROKER_PASSWORD", "p@ss/word")
    spec = parse("mqtt://ann:${BROKER_PASSWORD}@host/t?format=json")
    assert (spec.user, spec.password) == ("ann", "p@ss/word")
    assert "p@ss" not in repr(spec) + str(spec) + spec.redacted + spec.name


@pytest.mark.parametrize("url", ["mqtt://u:SECRET/PW@h:1883/a", "mqtt://u:SE?SECRET@h", "mqtt://u:SECRET/topic"])
def test_a_password_that_breaks_the_url_is_not_quoted(url: str) -> None:
    with pytest.raises(SpecError) as error:
        parse(url)
    assert "SECRET" not in str(error.value)


def test_a_percent_encoded_password_is_decoded() -> None:
    assert parse("mqtt://ann:p%40ss@host/t").password == "p@ss"


def test_ipv6_hosts_are_read() -> None:
    spec = parse("mqtt://[::1]:1883/t")
    assert (spec.host, spec.port) == ("::1", 1883)
    assert parse("mqtt://[::1]/t").port is None


def test_a_file_keeps_its_leading_slash_and_names_the_feed() -> None:
    spec = parse("file:///data/btcusdt_20240808.gz?speed=0")
    assert (spec.path, spec.name) == ("/data/btcusdt_20240808.gz", "btcusdt_20240808")


@pytest.mark.parametrize(
    ("url", "hint"),
    [
        ("127.0.0.1:1883/t", "a source is one URL"),
        ("mqtts//h/t", "a source is one URL"),
        ("mqqt://h/t", "did you mean 'mqtt'"),
        ("mqtt://h/t?qso=1", "did you mean 'qos'"),
        ("mqtt://h/t?qos", "write qos=VALUE"),
        ("mqtt://h/t?format=jsn", "did you mean 'json'"),
        ("mqtt://h/t?kind=trade", "the kinds are trades, quotes"),
        ("mqtt://h/t?time_unit=min", "expected one of s, ms, us, ns"),
        ("mqtt://h/t?map=pirce:p", "expected COLUMN:FIELD"),
        ("mqtt://h:99999/t", "no number from 1 to 65535"),
        ("mqtt://h/t?max_ahead=soon", "no duration"),
        ("mqtt://u:${UNSET_VARIABLE_OF_TEST}@h/t", "not set in the environment"),
    ],
)
def test_a_wrong_url_says_what_to_write(url: str, hint: str) -> None:
    with pytest.raises(SpecError) as error:
        parse(url)
    assert hint in str(error.value)


@pytest.mark.parametrize("text", ["fast", "-1", "nan", "inf"])
def test_a_numeric_option_that_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(SpecError, match="expected a number"):
        parse(f"sim://market?rate={text}").number("rate", 1.0)


def test_a_whole_number_is_not_rounded_in_silence() -> None:
    with pytest.raises(SpecError, match="whole number"):
        parse("sim://market?rate=1.5").whole("rate", 1)
    assert parse("sim://market?rate=1e3").whole("rate", 1) == 1000
