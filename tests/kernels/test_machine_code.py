from __future__ import annotations

import importlib
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from pipelines.kernels import machine_code
from pipelines.kernels.machine_code import FOLDER_VARIABLE, folders

STEP = "STEP = 1\n"
INNER = """
from pipelines.kernels.compile import kernel

@kernel
def inner(value):
    return 10 * value
"""
OUTER = """
from pipelines.kernels.compile import kernel
from {prefix}_inner import inner
from {prefix}_step import STEP

@kernel
def outer(values):
    for row in range(len(values)):
        values[row] = inner(values[row]) + STEP
"""


class Sources:
    """Three modules, of which one compiles with the other two."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.prefix = f"machine_code_of_{folder.name}"
        self.write("step", STEP)
        self.write("inner", INNER)
        self.write("outer", OUTER.format(prefix=self.prefix))

    def write(self, name: str, text: str) -> None:
        (self.folder / f"{self.prefix}_{name}.py").write_text(text)

    def run(self) -> tuple[list[int], int]:
        """Import them as a new process would, call the kernel, and tell how often it was compiled."""
        module = self._import()
        values = np.arange(3)
        module.outer(values)
        return values.tolist(), module.outer.stats.cache_misses.total()

    def _import(self) -> ModuleType:
        for name in [name for name in sys.modules if name.startswith(self.prefix)]:
            del sys.modules[name]
        importlib.invalidate_caches()
        return importlib.import_module(f"{self.prefix}_outer")


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder that machine code is kept in."""
    folder = tmp_path / "kernels"
    monkeypatch.setenv(FOLDER_VARIABLE, str(folder))
    return folder


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sources]:
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    sources = Sources(tmp_path)
    yield sources
    for name in [name for name in sys.modules if name.startswith(sources.prefix)]:
        del sys.modules[name]


def test_what_one_process_compiled_the_next_one_loads(kept: Path, sources: Sources) -> None:
    assert sources.run() == ([1, 11, 21], 1)
    assert sources.run() == ([1, 11, 21], 0)
    assert {file.name.split("-")[0] for file in kept.iterdir()} == {
        f"{sources.prefix}_outer.outer",
        f"{sources.prefix}_inner.inner",
    }


@pytest.mark.parametrize(
    ("name", "text", "result"),
    [
        pytest.param("outer", OUTER.replace("+ STEP", "- STEP"), [-1, 9, 19], id="itself"),
        pytest.param("inner", INNER.replace("10", "20"), [1, 21, 41], id="a kernel of another file"),
        pytest.param("step", "STEP = 2\n", [2, 12, 22], id="a constant of another file"),
    ],
)
def test_a_change_of_what_it_is_made_from_compiles_it_anew(
    kept: Path, sources: Sources, name: str, text: str, result: list[int]
) -> None:
    sources.run()
    n_files = len(list(kept.iterdir()))
    sources.write(name, text.format(prefix=sources.prefix))
    assert sources.run() == (result, 1)
    assert sources.run() == (result, 0)
    assert len(list(kept.iterdir())) == n_files, "what is out of date is replaced, not left behind"


def test_another_version_of_numba_compiles_it_anew(
    kept: Path, sources: Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources.run()
    monkeypatch.setattr(machine_code.numba, "__version__", "0.0")
    assert sources.run() == ([1, 11, 21], 1)


@pytest.mark.parametrize("damage", [b"", b"\x00" * 100, None])
def test_a_damaged_file_is_compiled_anew(kept: Path, sources: Sources, damage: bytes | None) -> None:
    sources.run()
    for file in kept.iterdir():
        file.write_bytes(file.read_bytes()[:-1] if damage is None else damage)
    assert sources.run() == ([1, 11, 21], 1)
    assert sources.run() == ([1, 11, 21], 0)


def test_where_nothing_can_be_written_it_compiles_in_memory_and_says_so_once(
    sources: Sources, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    in_the_way = tmp_path / "a file"
    in_the_way.touch()
    monkeypatch.setenv(FOLDER_VARIABLE, str(in_the_way / "kernels"))
    with caplog.at_level(logging.WARNING, logger="pipelines.kernels.machine_code"):
        assert sources.run() == ([1, 11, 21], 1)
        assert sources.run() == ([1, 11, 21], 1)
    (message,) = caplog.messages
    assert str(in_the_way) in message
    assert "streamshade doctor --warm" in message


def test_by_default_it_lies_beside_the_package_or_else_in_the_users_cache(
    sources: Sources, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(FOLDER_VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    beside, users = folders()
    assert beside.parent == Path(machine_code.__file__).parent
    in_the_way = tmp_path / "a file"
    in_the_way.touch()
    monkeypatch.setattr(machine_code, "folders", lambda: (in_the_way / "__pycache__", users))
    assert sources.run() == ([1, 11, 21], 1)
    assert sources.run() == ([1, 11, 21], 0)
    assert users == tmp_path / "cache" / "streamshade"
    assert len(list(users.iterdir())) == 2


def test_without_a_home_there_is_no_cache_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(FOLDER_VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert len(folders()) == 1
