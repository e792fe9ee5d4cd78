"""The commands publish what they promise, and fail in one clear line."""

from __future__ import annotations

import gzip
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pipelines.cli import main
from tests.demo.listening import listening
from tests.servers import Mosquitto, free_port

_AS_IN_A_TERMINAL = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
"""A test run in the background of a shell ignores Ctrl-C, and so do its children."""

RECEIVED_NS = 1_723_161_255_000_000_000


@pytest.fixture
def broker(mosquitto_path: str, tmp_path: Path) -> Iterator[Mosquitto]:
    broker = Mosquitto(tmp_path / "broker", mosquitto_path)
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture
def recording(tmp_path: Path) -> tuple[Path, list[bytes]]:
    """A recording of 10 s, and its messages."""
    payloads = [f'{{"n": {n}, "text": "{chr(233) * (n % 40)}  x"}}'.encode() for n in range(2_000)]
    lines = [b"%d %s\n" % (RECEIVED_NS + n * 5_000_000, payload) for n, payload in enumerate(payloads)]
    path = tmp_path / "recording.gz"
    path.write_bytes(gzip.compress(b"".join(lines)))
    return path, payloads


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


@pytest.mark.parametrize("options", [["--speed", "0"], ["--speed", "1000"], ["--speed", "0", "--qos", "1"]])
def test_a_replay_arrives_complete_in_order_and_byte_for_byte(
    broker: Mosquitto, recording: tuple[Path, list[bytes]], options: list[str]
) -> None:
    path, payloads = recording
    with listening(broker.port, "desk/raw", qos=1) as listener:
        result = run("replay", str(path), "--to", broker.url("desk/raw"), *options)
        received = listener.wait_for(len(payloads))
    assert result.exit_code == 0, result.output
    assert received == [("desk/raw", payload) for payload in payloads]
    assert "published 2,000 messages" in result.stderr
    assert result.stdout == ""


def test_a_simulation_publishes_trades_and_quotes_and_says_how_many(broker: Mosquitto) -> None:
    with listening(broker.port, "desk/#", qos=1) as listener:
        result = run("simulate", "--to", broker.url("desk"), "--rate", "20000", "--symbols", "5", "--seconds", "0.3")
        messages = listener.wait_for(60)
    assert result.exit_code == 0, result.output
    assert {topic for topic, _ in messages} == {"desk/trades", "desk/quotes"}
    columns = [json.loads(payload) for _, payload in messages]
    assert len({name for message in columns for name in message["symbol"]}) == 5
    assert sum(len(message["time"]) for message in columns) == pytest.approx(6_000, rel=0.3)
    assert "published 60 messages" in result.stderr
    assert "ticks/s" in result.stderr


def test_ctrl_c_ends_with_a_summary(broker: Mosquitto) -> None:
    with listening(broker.port, "desk/#") as listener:
        command = [
            sys.executable,
            "-c",
            f"{_AS_IN_A_TERMINAL}\nfrom pipelines.cli import main; main()",
            "simulate",
            "--to",
            broker.url("desk"),
        ]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as simulation:
            try:
                listener.wait_for(4)
                simulation.send_signal(signal.SIGINT)
                _, said = simulation.communicate(timeout=20)
            finally:
                simulation.kill()
    assert simulation.returncode == 130
    assert said.startswith("published ")
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize("command", ["simulate", "replay"])
def test_without_a_broker_it_says_so_in_one_line(command: str, recording: tuple[Path, list[bytes]]) -> None:
    files = [str(recording[0])] if command == "replay" else []
    result = run(command, *files, "--to", f"mqtt://desk:secret@127.0.0.1:{free_port()}/t")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: no MQTT broker at mqtt://127.0.0.1:")
    assert len(result.stderr.splitlines()) == 1
    assert "secret" not in result.output


@pytest.mark.parametrize(
    ("url", "hint"), [("mqtt://127.0.0.1/a/#", "must be a topic"), ("mqtt://127.0.0.1/a?qos=1", "no options")]
)
def test_a_target_that_is_no_topic_is_explained(url: str, hint: str) -> None:
    result = run("simulate", "--to", url)
    assert result.exit_code == 1
    assert hint in result.stderr


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    result = run("replay", str(tmp_path / "nothing.gz"), "--to", "mqtt://127.0.0.1/t")
    assert result.exit_code == 2
    assert "nothing.gz" in result.stderr


def test_help_imports_nothing_heavy() -> None:
    script = (
        "import sys; from click.testing import CliRunner; from pipelines.cli import main\n"
        "assert CliRunner().invoke(main, ['--help']).exit_code == 0\n"
        "print(sorted({'numpy', 'numba', 'panel', 'paho', 'amqtt', 'datashader'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_it_tells_its_version() -> None:
    assert run("--version").output.startswith("streamshade, version ")
