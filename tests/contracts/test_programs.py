"""A test that needs a real server says so where there is none, and in CI it fails."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import programs
from tests.programs import PROGRAMS, find_program, require_program


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return a folder that is all of the PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(programs, "_MORE_FOLDERS", ())
    monkeypatch.delenv("CI", raising=False)
    find_program.cache_clear()
    yield tmp_path
    find_program.cache_clear()


def add_program(folder: Path, name: str, script: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


@pytest.mark.parametrize("name", PROGRAMS)
def test_without_the_program_a_test_is_skipped_and_names_the_package(folder: Path, name: str) -> None:
    with pytest.raises(pytest.skip.Exception, match=f"needs {name}: apt-get install {PROGRAMS[name].apt}"):
        require_program(name)


@pytest.mark.parametrize("name", PROGRAMS)
def test_without_the_program_a_test_fails_in_ci(folder: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match=f"needs {name}"):
        require_program(name)


def test_chromium_is_found_under_another_name(folder: Path) -> None:
    add_program(folder, "google-chrome", "echo Google Chrome 130.0")
    assert find_program("chromium") == str(folder / "google-chrome")


def test_a_script_that_only_asks_for_a_snap_is_no_chromium(folder: Path) -> None:
    add_program(folder, "chromium-browser", "echo requires the chromium snap to be installed >&2; exit 1")
    assert find_program("chromium") is None
