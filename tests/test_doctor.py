"""The doctor says how things stand, and what to do where something is not as it should be."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from pipelines import doctor
from pipelines.cli import main
from pipelines.core.errors import SpecError
from pipelines.doctor import Finding, examine
from pipelines.kernels.machine_code import FOLDER_VARIABLE
from pipelines.kernels.warm import KernelState
from tests.commands import STREAMSHADE
from tests.servers import Mosquitto, free_port

WARM = (KernelState("gate.judge", 1, 1), KernelState("pages.place", 3, 3))
COLD = (KernelState("gate.judge", 1, 1), KernelState("pages.place", 3, 1), KernelState("pages.chain", 1, 0))


def found(subject: str, urls: tuple[str, ...] = (), *, wait_s: float = 5.0) -> list[Finding]:
    return [finding for finding in examine(urls, wait_s=wait_s) if finding.subject.strip() == subject]


def test_a_machine_that_works_passes() -> None:
    result = CliRunner().invoke(main, ["doctor"])
    assert result.exit_code == 0, result.output
    levels = {line.split()[0] for line in result.output.splitlines()}
    assert levels <= {"ok", "warn"}
    (libraries,) = found("libraries")
    assert libraries.level == "ok"
    assert "datashader 0." in libraries.text
    assert "pytest" not in libraries.text


def test_a_library_that_is_missing_is_broken_and_how_to_install_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "requires", lambda name: ["numpy>=2", "no-such-library>=1"])
    (libraries,) = found("libraries")
    assert libraries == Finding("fail", "libraries", "missing: no-such-library; pip install no-such-library")
    assert CliRunner().invoke(main, ["doctor"]).exit_code == 1


def test_a_version_that_does_not_work_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "requires", lambda name: ["numpy>=2,<2.0.1"])
    (libraries,) = found("libraries")
    assert libraries.level == "warn"
    assert "pip install 'numpy<2.0.1,>=2'" in libraries.text


def test_an_extra_that_is_not_installed_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "requires", lambda name: ["no-such-library; extra == 'notebook'"])
    (notebook,) = found("notebook")
    assert notebook.level == "ok"
    assert "pip install 'streamshade[notebook]'" in notebook.text


def test_it_shows_of_each_kernel_what_is_cold_and_how_to_warm_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "states", lambda: COLD)
    assert found("gate") == [Finding("ok", "  gate", "judge 1/1")]
    assert found("pages") == [Finding("warn", "  pages", "place 1/3, chain 0/1")]
    assert "3 of 5 signatures are cold" in found("kernels")[-1].text
    assert "streamshade doctor --warm" in found("kernels")[-1].text


def test_warm_kernels_are_fine_where_nothing_can_be_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "a file").touch()
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "a file" / "kernels"))
    monkeypatch.setattr(doctor, "states", lambda: WARM)
    assert {finding.level for finding in found("kernels")} == {"ok"}
    monkeypatch.setattr(doctor, "states", lambda: COLD)
    assert found("kernels")[-1].text.endswith(f"{FOLDER_VARIABLE}=/a/writable/folder streamshade doctor --warm")


def test_without_compiling_it_says_so() -> None:
    environment = os.environ | {"NUMBA_DISABLE_JIT": "1"}
    done = subprocess.run([STREAMSHADE, "doctor"], env=environment, capture_output=True, text=True, check=True)
    assert "warn  kernels      run as plain Python" in done.stdout


def test_a_source_that_answers_is_connected(mosquitto_path: str, tmp_path: Path) -> None:
    broker = Mosquitto(tmp_path, mosquitto_path)
    broker.start()
    try:
        url = broker.url("desk/#", "format=json&kind=trades")
        assert found("source", (url,))[0].level == "ok"
    finally:
        broker.stop()


def test_a_source_that_does_not_answer_is_broken_and_its_password_stays_secret() -> None:
    url = f"mqtt://ann:{'pass' + 'word'}@127.0.0.1:{free_port()}/desk/#?format=json"
    (source,) = found("source", (url,), wait_s=0.5)
    assert source.level == "fail"
    assert "nothing listens there" in source.text
    assert "ann" not in source.text
    assert "password" not in source.text


@pytest.mark.parametrize(("url", "hint"), [("mqt://127.0.0.1/a", "did you mean"), ("file:///no/such/file", "no/such")])
def test_a_source_that_can_not_be_is_explained(url: str, hint: str) -> None:
    (source,) = found("source", (f"{url}?format=json",))
    assert source.level == "fail"
    assert hint in source.text


def test_looking_at_a_source_takes_over_no_session(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = []

    def refuse(spec: object, *, clock: object) -> None:
        opened.append(spec)
        raise SpecError("that was enough")

    monkeypatch.setattr(doctor, "open_source", refuse)
    found("source", ("mqtt://127.0.0.1/a?format=json&qos=1&client_id=desk",))
    assert dict(opened[0].options) == {}
